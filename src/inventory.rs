//! What ksi owns: which objects it wrote, from what, and what may be removed again.
//!
//! The inventory holds no values, only keyed hashes of them: it can tell whether something changed,
//! and whoever reads it learns nothing. It is written twice in a run: the [union](Inventory::union)
//! of old and new before the first object, the exact set at the end, so that a run that is killed
//! leaves nothing behind that the next one does not know.

mod base;
mod digest;
mod prune;
mod secret;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::object::{Object, ObjectId, Policy, embedded, owned_fields};

pub use base::{Base, leaves};
pub(crate) use base::{children, step};
pub use digest::Key;
pub use prune::{Prune, PruneOptions, prune, waits_for_flag};
pub use secret::SECRET;

/// The version of the stored form that this ksi writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// Why a stored inventory cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A newer ksi wrote it.
    #[error(
        "the inventory has format {found}, this ksi knows {FORMAT}: a newer ksi ({ksi}) wrote it"
    )]
    TooNew {
        /// The format of the stored one.
        found: u64,
        /// The version of ksi that wrote it.
        ksi: String,
    },
    /// It is damaged.
    #[error("the inventory cannot be read: {0}")]
    Damaged(String),
}

/// What ksi owns in one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    /// The version of the stored form.
    pub format: u32,
    /// The version of ksi that wrote it.
    pub ksi_version: String,
    /// Hash of the configuration that was applied last, empty before the first apply ended.
    #[serde(default)]
    pub spec_hash: String,
    /// The key of all hashes in here.
    pub key: Key,
    /// What is owned: sorted, each identity once.
    #[serde(deserialize_with = "sorted")]
    entries: Vec<Entry>,
}

/// One owned object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The object.
    pub id: ObjectId,
    /// Its uid where the target gives one: the same name with another uid is another object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// The component that rendered it.
    pub component: String,
    /// How far it is ours.
    pub policy: Policy,
    /// Hash of what was rendered; empty while it is only announced, not written.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// Hash of our own managedFields entry after the write, where the target has such entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owned: Option<String>,
    /// What was rendered at each path, as hashes: for objects that are merged.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub base: BTreeMap<String, String>,
}

impl Entry {
    /// Whether the object was only announced: the run ended before its write was recorded.
    pub fn is_announced(&self) -> bool {
        self.digest.is_empty()
    }
}

impl Inventory {
    /// An empty inventory.
    pub fn new(key: Key, ksi_version: impl Into<String>) -> Self {
        Self {
            format: FORMAT,
            ksi_version: ksi_version.into(),
            spec_hash: String::new(),
            key,
            entries: Vec::new(),
        }
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// It is damaged, or newer than this ksi understands.
    pub fn from_json(stored: Value) -> Result<Self, Error> {
        match stored["format"].as_u64() {
            Some(found) if found > u64::from(FORMAT) => {
                let ksi = stored["ksiVersion"].as_str().unwrap_or("version unknown").to_owned();
                Err(Error::TooNew { found, ksi })
            }
            _ => serde_json::from_value(stored).map_err(|e| Error::Damaged(e.to_string())),
        }
    }

    /// What is owned, sorted by identity.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of an object.
    pub fn get(&self, id: &ObjectId) -> Option<&Entry> {
        let at = self.entries.binary_search_by(|known| known.id.cmp(id)).ok()?;
        self.entries.get(at)
    }

    /// The entry of an object that was just written.
    pub fn entry(&self, object: &Object, uid: Option<String>) -> Entry {
        let base = match object.policy {
            Policy::Embedded => match embedded::read(&object.body) {
                Ok(Some(document)) => self.base_of(&document),
                _ => BTreeMap::new(),
            },
            Policy::Patch => base::of_metadata(&self.key, &object.body),
            Policy::Apply | Policy::Create => BTreeMap::new(),
        };
        Entry {
            id: object.id.clone(),
            uid,
            component: object.component.clone(),
            policy: object.policy,
            digest: self.digest(&object.body),
            owned: None,
            base,
        }
    }

    /// The hash of a rendered body; the order of keys does not matter.
    pub fn digest(&self, body: &Value) -> String {
        self.key.digest(body)
    }

    /// The hash of the fields that we own of a live object: of our entry in its managedFields. `None`
    /// where there is none, and for what is not applied: others may take all of that.
    pub fn owned(&self, policy: Policy, live: &Value) -> Option<String> {
        if policy != Policy::Apply {
            return None;
        }
        owned_fields(live).map(|fields| self.key.digest(fields))
    }

    /// What stands at each path of a rendered embedded document, as hashes.
    pub fn base_of(&self, document: &Value) -> BTreeMap<String, String> {
        base::of_document(&self.key, document)
    }

    /// The base for merging an object; `None` when it was never written by us.
    pub fn base(&self, id: &ObjectId) -> Option<Base<'_>> {
        let entry = self.get(id).filter(|entry| !entry.is_announced())?;
        Some(Base::new(&self.key, &entry.base))
    }

    /// Adds or replaces an entry.
    pub fn insert(&mut self, entry: Entry) {
        match self.entries.binary_search_by(|known| known.id.cmp(&entry.id)) {
            Ok(at) => self.entries[at] = entry,
            Err(at) => self.entries.insert(at, entry),
        }
    }

    /// Forgets an object.
    pub fn remove(&mut self, id: &ObjectId) -> Option<Entry> {
        let at = self.entries.binary_search_by(|known| known.id.cmp(id)).ok()?;
        Some(self.entries.remove(at))
    }

    /// What is written before the first object: everything that is owned already, unchanged, and
    /// the new objects as announced. Whatever happens then, a later run knows of all of them, and
    /// takes none for written that was not.
    #[must_use]
    pub fn union<'o>(&self, desired: impl IntoIterator<Item = &'o Object>) -> Self {
        let mut union = self.clone();
        for object in desired {
            if self.get(&object.id).is_none() {
                union.insert(Entry {
                    id: object.id.clone(),
                    uid: None,
                    component: object.component.clone(),
                    policy: object.policy,
                    digest: String::new(),
                    owned: None,
                    base: BTreeMap::new(),
                });
            }
        }
        union
    }
}

/// The lookups need the order, and the stored text may have been through other hands.
fn sorted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Entry>, D::Error> {
    let mut entries = Vec::<Entry>::deserialize(deserializer)?;
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    entries.dedup_by(|a, b| a.id == b.id);
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(kind: &str, policy: Policy, body: Value) -> Object {
        let mut body = body;
        body["apiVersion"] = json!("v1");
        body["kind"] = json!(kind);
        body["metadata"]["name"] = json!("x");
        let id = ObjectId::of(&body).unwrap();
        Object { id, component: "c".into(), policy, body }
    }

    fn inventory() -> Inventory {
        Inventory::new(Key::new([7; 32]), "0.1.0")
    }

    #[test]
    fn is_stored_and_read_back_without_values() {
        let mut inventory = inventory();
        let text = "authentication:\n  jwtSecret: hunter2\n";
        let config =
            object("ConfigMap", Policy::Embedded, json!({"data": {"kubesphere.yaml": text}}));
        inventory.insert(inventory.entry(&config, Some("u1".into())));
        let stored = serde_json::to_value(&inventory).unwrap();
        assert!(!stored.to_string().contains("hunter2"));
        assert_eq!(Inventory::from_json(stored).unwrap(), inventory);
        assert_eq!(
            inventory.entries[0].base.keys().collect::<Vec<_>>(),
            ["/authentication/jwtSecret"]
        );
        assert!(!format!("{inventory:?}").contains("070707"), "Debug shows the key");
    }

    #[test]
    fn a_newer_or_damaged_one_is_refused() {
        let mut stored = serde_json::to_value(inventory()).unwrap();
        stored["format"] = json!(2);
        assert!(matches!(Inventory::from_json(stored), Err(Error::TooNew { found: 2, .. })));
        assert!(matches!(Inventory::from_json(json!({})), Err(Error::Damaged(_))));
        assert!(matches!(Inventory::from_json(json!([])), Err(Error::Damaged(_))));
    }

    #[test]
    fn what_we_own_is_our_own_entry_alone() {
        let inventory = inventory();
        let live = |fields: &Value| {
            json!({"metadata": {"managedFields": [
                {"manager": "ksi", "operation": "Update", "fieldsV1": {"f:a": {}}},
                {"manager": "ksi", "operation": "Apply", "subresource": "status", "fieldsV1": {}},
                {"manager": "ksi", "operation": "Apply", "fieldsV1": fields, "time": "now"},
                {"manager": "helm", "operation": "Apply", "fieldsV1": {"f:b": {}}},
            ]}})
        };
        let owned = inventory.owned(Policy::Apply, &live(&json!({"f:spec": {}})));
        assert!(owned.is_some());
        assert_eq!(owned, inventory.owned(Policy::Apply, &live(&json!({"f:spec": {}}))));
        assert_ne!(owned, inventory.owned(Policy::Apply, &live(&json!({"f:spec": {"f:x": {}}}))));
        assert_eq!(
            inventory.owned(Policy::Apply, &json!({"metadata": {"managedFields": []}})),
            None
        );
        assert_eq!(inventory.owned(Policy::Apply, &json!({})), None);
    }

    #[test]
    fn the_union_announces_without_claiming_a_write() {
        let mut old = inventory();
        let written = object("Secret", Policy::Apply, json!({"data": {"a": "1"}}));
        old.insert(old.entry(&written, None));
        let changed = object("Secret", Policy::Apply, json!({"data": {"a": "2"}}));
        let new = object("Service", Policy::Apply, json!({}));
        let union = old.union([&changed, &new]);
        assert_eq!(union.get(&changed.id), old.get(&written.id));
        assert!(union.get(&new.id).unwrap().is_announced());
        assert!(union.base(&new.id).is_none());
        assert!(union.entries.is_sorted_by(|a, b| a.id < b.id));
    }
}
