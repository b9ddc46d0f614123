//! The stored values and their names.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::certificate;

/// Text: signs every token.
pub(super) const JWT_SECRET: &str = "jwtSecret";
/// Text: a JWT signed with it.
pub(super) const STATIC_TOKEN: &str = "staticToken";
/// Text; absent if only the hash was ever configured.
pub(super) const ADMIN_PASSWORD: &str = "adminPassword";
/// Text: bcrypt.
pub(super) const ADMIN_PASSWORD_HASH: &str = "adminPasswordHash";
/// Text.
pub(super) const REDIS_PASSWORD: &str = "redisPassword";
/// Pair.
pub(super) const TOWER_CA: &str = "towerCA";
/// Pair.
pub(super) const WEBHOOK_CA: &str = "webhookCA";
/// Pair.
pub(super) const CONTROLLER_MANAGER_WEBHOOK: &str = "controllerManagerWebhook";
/// Pair.
pub(super) const KUBEFED_WEBHOOK: &str = "kubefedWebhook";

/// The values as a target stores them. Secret: files have mode 0600.
///
/// Names: `jwtSecret`, `staticToken`, `adminPassword`, `adminPasswordHash`, `redisPassword`, and as
/// PEM `NAME.crt` with `NAME.key` for `towerCA`, `webhookCA`, `controllerManagerWebhook` and
/// `kubefedWebhook`. Unknown names are preserved. `Debug` shows names
/// only.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoredValues(pub BTreeMap<String, String>);

impl StoredValues {
    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of the values that differ from `before`, for events and questions.
    pub fn changed_from(&self, before: &Self) -> Vec<String> {
        let mut names: Vec<String> = self
            .0
            .iter()
            .filter(|(name, text)| before.0.get(*name) != Some(text))
            .map(|(name, _)| name.clone())
            .chain(before.0.keys().filter(|name| !self.0.contains_key(*name)).cloned())
            .collect();
        names.sort();
        names
    }

    /// These values as far as they belong to one of `names` (a pair has one name), and otherwise those of `before`.
    #[must_use]
    pub fn only(&self, names: &BTreeSet<&str>, before: &Self) -> Self {
        let belongs = |name: &str| names.contains(name.split('.').next().unwrap_or_default());
        let of = |values: &Self, wanted: bool| {
            let chosen = values.0.iter().filter(move |(name, _)| belongs(name) == wanted);
            chosen.map(|(name, text)| (name.clone(), text.clone())).collect::<Vec<_>>()
        };
        Self(of(self, true).into_iter().chain(of(before, false)).collect())
    }

    /// When each certificate expires, by the name of the pair. Damaged ones are omitted.
    pub fn expiries(&self) -> Vec<(String, SystemTime)> {
        let certificates = self.0.iter().filter_map(|(name, text)| {
            let name = name.strip_suffix(".crt")?;
            Some((name.to_owned(), SystemTime::from(certificate::expiry(text)?)))
        });
        certificates.collect()
    }

    /// Whether a certificate and its key are stored.
    pub(super) fn has_pair(&self, name: &str) -> bool {
        ["crt", "key"].iter().all(|end| self.0.contains_key(&format!("{name}.{end}")))
    }

    /// Stores a certificate and its key.
    pub(super) fn store_pair(&mut self, name: &str, certificate: &str, key: &str) {
        self.store(format!("{name}.crt"), certificate);
        self.store(format!("{name}.key"), key);
    }

    /// A stored text. An empty one is damaged.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, super::Error> {
        match self.0.get(name).map(String::as_str) {
            Some("") => Err(super::Error::damaged(name, "it is empty")),
            text => Ok(text),
        }
    }

    pub(super) fn store(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.0.insert(name.into(), text.into());
    }
}

impl fmt::Debug for StoredValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredValues")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_listed_by_name() {
        let of = |pairs: &[(&str, &str)]| {
            StoredValues(pairs.iter().map(|(n, t)| ((*n).into(), (*t).into())).collect())
        };
        let before = of(&[("a", "1"), ("b", "1"), ("gone", "1")]);
        let after = of(&[("a", "1"), ("b", "2"), ("new", "1")]);
        assert_eq!(after.changed_from(&before), ["b", "gone", "new"]);
        assert!(after.changed_from(&after).is_empty());
        assert_eq!(format!("{after:?}"), r#"StoredValues{"a", "b", "new"}"#);
    }

    #[test]
    fn a_part_of_the_values_is_taken_by_name() {
        let of = |pairs: &[(&str, &str)]| {
            StoredValues(pairs.iter().map(|(n, t)| ((*n).into(), (*t).into())).collect())
        };
        let before = of(&[("jwtSecret", "old"), ("towerCA.crt", "old"), ("towerCA.key", "old")]);
        let after = of(&[("jwtSecret", "new"), ("towerCA.crt", "new"), ("webhookCA.crt", "new")]);
        let tower = of(&[("jwtSecret", "old"), ("towerCA.crt", "new")]);
        assert_eq!(after.only(&["towerCA"].into(), &before), tower);
        assert_eq!(after.only(&BTreeSet::new(), &before), before);
    }
}
