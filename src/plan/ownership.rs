//! Who owns an object, and which of its fields: as far as the object itself says.

use serde_json::Value;

use crate::inventory::Entry;
use crate::object::FIELD_MANAGER;

/// Whether KubeFed of a host cluster made the object: it is the host's then.
pub(super) fn is_federated(live: &Value) -> bool {
    live["metadata"]["labels"]["kubefed.io/managed"] == "true"
}

/// Why an object that is there has to be adopted; `None` when it is ours or nothing is known.
pub(super) fn adoption(entry: Option<&Entry>, recorded: bool, live: &Value) -> Option<String> {
    let metadata = &live["metadata"];
    if let Some((ours, uid)) = entry.and_then(|e| e.uid.as_deref()).zip(metadata["uid"].as_str())
        && ours != uid
    {
        return Some(
            "made again by another hand: its uid differs from the one that ksi wrote".into(),
        );
    }
    let managers = managers(live);
    if managers.contains(&FIELD_MANAGER) {
        return None;
    }
    match entry {
        Some(entry) if managers.is_empty() || !entry.is_announced() => None,
        None if managers.is_empty() && !recorded => None,
        _ if managers.is_empty() => Some("there already, and not in the inventory".into()),
        _ => Some(format!("made by {}", managers.join(", "))),
    }
}

/// Why an object is written although its values are right.
pub(super) const LOST: &str =
    "others took our fields and left their values: written again to own them";

/// Whether others took every field of what we wrote: it must be written again to be ours.
pub(super) fn is_lost(entry: Option<&Entry>, live: &Value) -> bool {
    let managers = managers(live);
    entry.is_some() && !managers.is_empty() && !managers.contains(&FIELD_MANAGER)
}

/// The managers of the object itself; who writes only its status owns nothing of ours.
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
