//! Who owns an object and its fields, according to the object itself.

use serde_json::Value;

use crate::inventory::Entry;
use crate::object::FIELD_MANAGER;

/// Why an existing object has to be adopted; `None` if it is ours or nothing is known.
pub(super) fn adoption(entry: Option<&Entry>, recorded: bool, live: &Value) -> Option<String> {
    let metadata = &live["metadata"];
    if let Some((ours, uid)) = entry.and_then(|e| e.uid.as_deref()).zip(metadata["uid"].as_str())
        && ours != uid
    {
        return Some("recreated by somebody else: its uid differs from the recorded one".into());
    }
    let managers = managers(live);
    if managers.contains(&FIELD_MANAGER) {
        return None;
    }
    match entry {
        Some(entry) if managers.is_empty() || !entry.is_pending() => None,
        None if managers.is_empty() && !recorded => None,
        _ if managers.is_empty() => Some("already exists and is not in the inventory".into()),
        _ => Some(format!("managed by {}", managers.join(", "))),
    }
}

/// Why an object is written although its values are right.
pub(super) const RECLAIMED: &str = "field ownership was lost; applying again";

/// Whether other field managers took every field that we wrote, so that it must be applied again.
pub(super) fn is_lost(entry: Option<&Entry>, live: &Value) -> bool {
    let managers = managers(live);
    entry.is_some() && !managers.is_empty() && !managers.contains(&FIELD_MANAGER)
}

/// The field managers of the object, without those that only write its status.
fn managers(live: &Value) -> Vec<&str> {
    let entries = live["metadata"]["managedFields"].as_array();
    let mut managers: Vec<_> = entries
        .into_iter()
        .flatten()
        .filter(|entry| entry["subresource"] != "status")
        .filter_map(|entry| entry["manager"].as_str())
        .collect();
    managers.sort_unstable();
    managers.dedup();
    managers
}
