//! The stored values and their names.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

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
}
