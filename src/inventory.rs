//! The inventory: the objects that ksi owns, what they were rendered from, and what may be pruned.
//!
//! The inventory contains no values, only keyed hashes of them: it shows whether something changed, but
//! reveals nothing. A run writes it twice: before the first object the [intent](Inventory::intent), the
//! union of old and new objects, and at the end the result. So a killed run leaves no object that the
//! next run does not know.

mod base;
mod digest;
mod last_run;
mod prune;
mod secret;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::object::{Object, ObjectId, Policy, embedded, owned_fields, written_at};

pub use base::{Base, leaves};
pub(crate) use base::{children, step};
pub use digest::Key;
pub use last_run::{LastRun, Operation};
pub use prune::{Prune, PruneOptions, is_kept_for_now, missing_consent, prune};
pub use secret::SECRET;

/// The storage format that this ksi writes, and the newest one that it reads.
pub const FORMAT: u32 = 1;

/// Why a stored inventory cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A newer ksi wrote it.
    #[error(
        "a newer ksi ({ksi}) wrote the inventory, in format {found}; this ksi reads format {FORMAT}"
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

impl Error {
    /// What to do next, in one sentence.
    pub fn help(&self) -> &'static str {
        match self {
            Self::TooNew { .. } => "use that version of ksi, or a newer one",
            Self::Damaged(_) => {
                "restore it from a backup; or delete it: the next run adopts the existing objects and deletes none"
            }
        }
    }
}

/// The objects that ksi owns in one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    /// The storage format.
    pub format: u32,
    /// The version of ksi that wrote it.
    pub ksi_version: String,
    /// The hash of the last applied configuration; empty before the first apply has completed.
    #[serde(default)]
    pub spec_hash: String,
    /// The last run, if the target has runs of several people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<LastRun>,
    /// The last run that applied a configuration and succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<LastRun>,
    /// The key of all hashes in this inventory.
    pub key: Key,
    /// The owned objects: sorted, each identity once.
    #[serde(deserialize_with = "sorted")]
    entries: Vec<Entry>,
}

/// One owned object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The object.
    pub id: ObjectId,
    /// Its uid, if the target assigns uids: the same name with another uid is another object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// The component that rendered it.
    pub component: String,
    /// How ksi manages it.
    pub policy: Policy,
    /// Whether it is no longer desired, and kept: it is no part of the installation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
    /// The hash of the rendered object; empty while its first write is pending.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// The hash of our managedFields entry after the write, if the target has such entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owned: Option<String>,
    /// When the API server recorded that write: the time of the same entry. Whoever else writes as ksi, such as a
    /// run that lost its lock or somebody with `kubectl --field-manager=ksi`, owns the same fields; only the time
    /// shows that the values may be others. Not known for entries of early versions of ksi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// The hashes of the rendered values by path, for objects that are merged.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub base: BTreeMap<String, String>,
}

impl Entry {
    /// Whether the first write is pending: the run ended before it was recorded.
    pub fn is_pending(&self) -> bool {
        self.digest.is_empty()
    }

    /// Whether nobody wrote a live object as ksi since, and nobody took a field of ksi. The time has a granularity of
    /// one second: a second write within the second of our own is not noticed.
    pub fn is_last_writer(&self, inventory: &Inventory, live: &Value) -> bool {
        // Nothing is known of a ServiceAccount of which ksi owns only the name, neither then nor now.
        let then = Ownership { owned: self.owned.clone(), written: self.written.clone() };
        then == inventory.ownership(self.policy, live)
    }

    /// Records what ksi owns of the live object. What it does not show stays as it is.
    pub fn note(&mut self, inventory: &Inventory, live: &Value) {
        let now = inventory.ownership(self.policy, live);
        self.owned = now.owned.or(self.owned.take());
        self.written = now.written.or(self.written.take());
    }
}

/// What ksi owns of a live object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ownership {
    /// The hash of the fields.
    pub owned: Option<String>,
    /// When they were last written.
    pub written: Option<String>,
}

impl Inventory {
    /// An empty inventory.
    pub fn new(key: Key, ksi_version: impl Into<String>) -> Self {
        Self {
            format: FORMAT,
            ksi_version: ksi_version.into(),
            spec_hash: String::new(),
            last_run: None,
            applied: None,
            key,
            entries: Vec::new(),
        }
    }

    /// Reads the storage format.
    ///
    /// # Errors
    /// It is damaged, or its format is too new.
    pub fn from_json(stored: Value) -> Result<Self, Error> {
        match stored["format"].as_u64() {
            Some(found) if found > u64::from(FORMAT) => {
                let ksi = stored["ksiVersion"].as_str().unwrap_or("version unknown").to_owned();
                Err(Error::TooNew { found, ksi })
            }
            _ => serde_json::from_value(stored).map_err(|e| Error::Damaged(e.to_string())),
        }
    }

    /// The owned objects, sorted by identity.
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
            kept: false,
            digest: self.digest(&object.body),
            owned: None,
            written: None,
            base,
        }
    }

    /// The hash of a rendered body; the order of keys does not matter.
    pub fn digest(&self, body: &Value) -> String {
        self.key.digest(body)
    }

    /// What ksi owns of a live object, from our entry in its managedFields: nothing if there is none, and for other
    /// policies than `apply`, whose fields others may take.
    pub fn ownership(&self, policy: Policy, live: &Value) -> Ownership {
        if policy != Policy::Apply {
            return Ownership::default();
        }
        Ownership {
            owned: owned_fields(live).map(|fields| self.key.digest(fields)),
            written: written_at(live).map(str::to_owned),
        }
    }

    /// The hashes of the values in a rendered embedded document, by path.
    pub fn base_of(&self, document: &Value) -> BTreeMap<String, String> {
        base::of_document(&self.key, document)
    }

    /// Whether everything was uninstalled but what an uninstallation keeps.
    pub fn is_uninstalled(&self) -> bool {
        let uninstalls = |run: &LastRun| run.operation == Operation::Uninstall;
        self.last_run.as_ref().is_some_and(|run| uninstalls(run) && run.has_succeeded())
    }

    /// The base for merging an object; `None` if ksi never wrote it.
    pub fn base(&self, id: &ObjectId) -> Option<Base<'_>> {
        let entry = self.get(id).filter(|entry| !entry.is_pending())?;
        Some(Base::new(&self.key, &entry.base))
    }

    /// Adds or replaces an entry.
    pub fn insert(&mut self, entry: Entry) {
        match self.entries.binary_search_by(|known| known.id.cmp(&entry.id)) {
            Ok(at) => self.entries[at] = entry,
            Err(at) => self.entries.insert(at, entry),
        }
    }

    /// Removes the entry of an object.
    pub fn remove(&mut self, id: &ObjectId) -> Option<Entry> {
        let at = self.entries.binary_search_by(|known| known.id.cmp(id)).ok()?;
        Some(self.entries.remove(at))
    }

    /// The intent, which is written before the first object: all current entries, unchanged, and the new
    /// objects as pending. Whatever happens then, a later run knows all of them, and does not assume
    /// that a pending one was written.
    #[must_use]
    pub fn intent<'o>(&self, desired: impl IntoIterator<Item = &'o Object>) -> Self {
        let mut intent = self.clone();
        for object in desired {
            if self.get(&object.id).is_none() {
                intent.insert(Entry {
                    id: object.id.clone(),
                    uid: None,
                    component: object.component.clone(),
                    policy: object.policy,
                    kept: false,
                    digest: String::new(),
                    owned: None,
                    written: None,
                    base: BTreeMap::new(),
                });
            }
        }
        intent
    }
}

/// Lookups need the order, and somebody may have edited the stored text.
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

    fn live(fields: &Value, time: &str) -> Value {
        json!({"metadata": {"managedFields": [
            {"manager": "ksi", "operation": "Update", "fieldsV1": {"f:a": {}}, "time": "other"},
            {"manager": "ksi", "operation": "Apply", "subresource": "status", "fieldsV1": {}},
            {"manager": "ksi", "operation": "Apply", "fieldsV1": fields, "time": time},
            {"manager": "helm", "operation": "Apply", "fieldsV1": {"f:b": {}}, "time": "other"},
        ]}})
    }

    #[test]
    fn owned_fields_are_those_of_our_own_entry() {
        let inventory = inventory();
        let owned = |live: &Value| inventory.ownership(Policy::Apply, live);
        let ours = owned(&live(&json!({"f:spec": {}}), "now"));
        assert!(ours.owned.is_some());
        assert_eq!(ours.written.as_deref(), Some("now"));
        assert_eq!(ours, owned(&live(&json!({"f:spec": {}}), "now")));
        assert_ne!(ours.owned, owned(&live(&json!({"f:spec": {"f:x": {}}}), "now")).owned);
        for nothing in [json!({"metadata": {"managedFields": []}}), json!({})] {
            assert_eq!(owned(&nothing), Ownership::default());
        }
        let created = inventory.ownership(Policy::Create, &live(&json!({}), "now"));
        assert_eq!(created, Ownership::default());
    }

    #[test]
    fn another_write_by_the_same_manager_is_noticed() {
        let inventory = inventory();
        let object = object("Secret", Policy::Apply, json!({}));
        let mut entry = inventory.entry(&object, None);
        let fields = json!({"f:data": {}});
        assert!(entry.is_last_writer(&inventory, &json!({})), "of a name nobody owns anything");
        entry.note(&inventory, &live(&fields, "10:00:00"));
        assert!(entry.is_last_writer(&inventory, &live(&fields, "10:00:00")));
        assert!(!entry.is_last_writer(&inventory, &live(&fields, "10:00:01")));
        assert!(!entry.is_last_writer(&inventory, &live(&json!({}), "10:00:00")));
        assert!(!entry.is_last_writer(&inventory, &json!({})));
        // As early versions stored it: read, and not sure of anything.
        entry.written = None;
        let stored = serde_json::to_value(&entry).unwrap();
        assert!(stored.get("written").is_none());
        let early: Entry = serde_json::from_value(stored).unwrap();
        assert_eq!(early, entry);
        assert!(!early.is_last_writer(&inventory, &live(&fields, "10:00:00")));
    }

    #[test]
    fn new_objects_are_pending_in_the_intent() {
        let mut old = inventory();
        let written = object("Secret", Policy::Apply, json!({"data": {"a": "1"}}));
        old.insert(old.entry(&written, None));
        let changed = object("Secret", Policy::Apply, json!({"data": {"a": "2"}}));
        let new = object("Service", Policy::Apply, json!({}));
        let intent = old.intent([&changed, &new]);
        assert_eq!(intent.get(&changed.id), old.get(&written.id));
        assert!(intent.get(&new.id).unwrap().is_pending());
        assert!(intent.base(&new.id).is_none());
        assert!(intent.entries.is_sorted_by(|a, b| a.id < b.id));
    }
}
