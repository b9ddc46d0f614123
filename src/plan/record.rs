//! The inventory after a plan has been executed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Action, Observed, Plan};
use crate::inventory::{Entry, Inventory};
use crate::object::{FIELD_MANAGER, Object, ObjectId, Policy};

/// The inventory after the plan has been executed: written objects with their new hashes, kept ones
/// with their old ones. For objects that are not written, the uid and the owned fields are those of the
/// live object; the engine sets them for what it writes.
#[must_use]
pub fn record(
    inventory: &Inventory,
    desired: &[Object],
    plan: &Plan,
    observed: &Observed,
) -> Inventory {
    let bodies: BTreeMap<&ObjectId, &Object> =
        desired.iter().map(|object| (&object.id, object)).collect();
    let mut recorded = inventory.clone();
    for change in &plan.changes {
        let live = observed.objects.get(&change.id);
        match (change.action, bodies.get(&change.id)) {
            // Nothing was written: the entry stays.
            (Action::Conflict, _) => {}
            (Action::Keep, object) => {
                identify(&mut recorded, &change.id, live);
                if let Some(entry) = recorded.get(&change.id) {
                    let entry = Entry { kept: object.is_none(), ..entry.clone() };
                    recorded.insert(entry);
                }
            }
            // Deleted, or its fields were released.
            (_, None) => {
                recorded.remove(&change.id);
            }
            // It existed before and nothing was written: it is not ours.
            (Action::Unchanged, Some(object))
                if object.policy == Policy::Create
                    && !is_created_by_us(inventory, object, live) =>
            {
                recorded.remove(&change.id);
            }
            (action, Some(object)) => {
                let old = inventory.get(&change.id).filter(|_| action != Action::Adopt);
                let mut entry = inventory.entry(object, old.and_then(|old| old.uid.clone()));
                entry.owned = old.and_then(|old| old.owned.clone());
                entry.written = old.and_then(|old| old.written.clone());
                if let (Action::Unchanged, Some(live)) = (action, live) {
                    let uid = live["metadata"]["uid"].as_str().map(str::to_owned);
                    entry.uid = uid.or(entry.uid);
                    entry.note(inventory, live);
                }
                recorded.insert(entry);
            }
        }
    }
    // Entries without a change no longer exist.
    let planned: BTreeSet<&ObjectId> = plan.changes.iter().map(|change| &change.id).collect();
    for entry in inventory.entries().iter().filter(|entry| !planned.contains(&entry.id)) {
        recorded.remove(&entry.id);
    }
    recorded
}

/// Whether an object of policy `create` was created by us. An entry left pending by an interrupted run
/// does not prove it: somebody else may have created the object since.
fn is_created_by_us(inventory: &Inventory, object: &Object, live: Option<&Value>) -> bool {
    let by_us = live.and_then(is_written_by_us);
    match inventory.get(&object.id) {
        Some(entry) => !entry.is_pending() || by_us.unwrap_or(true),
        // The inventory may be lost; the object still names its field managers.
        None => by_us == Some(true),
    }
}

/// Whether ksi wrote a live object; `None` if it has no managedFields.
fn is_written_by_us(live: &Value) -> Option<bool> {
    let entries = live["metadata"]["managedFields"].as_array()?;
    Some(entries.iter().any(|entry| entry["manager"] == FIELD_MANAGER))
}

/// Records the uid of an object that is ours, but was written by a run that ended before it could do
/// so: without a uid the object could never be deleted.
fn identify(recorded: &mut Inventory, id: &ObjectId, live: Option<&Value>) {
    if let Some((entry, live)) = recorded.get(id).zip(live)
        && entry.uid.is_none()
        && is_written_by_us(live) == Some(true)
        && let Some(uid) = live["metadata"]["uid"].as_str()
    {
        let mut entry = entry.clone();
        entry.uid = Some(uid.to_owned());
        entry.note(recorded, live);
        recorded.insert(entry);
    }
}
