//! What the inventory holds once a plan is carried out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Action, Observed, Plan};
use crate::inventory::Inventory;
use crate::object::{FIELD_MANAGER, Object, ObjectId, Policy};

/// What the inventory holds once the plan is carried out: the written objects with their new
/// hashes, those that stay with their old ones. Of what is not written, the uid and what we own are
/// those of the live object; the engine sets those of what it writes.
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
            // Nothing of it was written: what we know of it stays.
            (Action::Conflict, _) => {}
            (Action::Keep, _) => identify(&mut recorded, &change.id, live),
            // Removed, or given back.
            (_, None) => {
                recorded.remove(&change.id);
            }
            // It was there before us, and nothing of it was written: it is not ours.
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
                if let (Action::Unchanged, Some(live)) = (action, live) {
                    let uid = live["metadata"]["uid"].as_str().map(str::to_owned);
                    entry.uid = uid.or(entry.uid);
                    entry.owned = inventory.owned(object.policy, live).or(entry.owned);
                }
                recorded.insert(entry);
            }
        }
    }
    // What is gone already is nobody's.
    let planned: BTreeSet<&ObjectId> = plan.changes.iter().map(|change| &change.id).collect();
    for entry in inventory.entries().iter().filter(|entry| !planned.contains(&entry.id)) {
        recorded.remove(&entry.id);
    }
    recorded
}

/// Whether an object that is only created was created by us. What was announced by a run that ended too
/// early may have been created by somebody else since.
fn is_created_by_us(inventory: &Inventory, object: &Object, live: Option<&Value>) -> bool {
    let by_us = live.and_then(is_written_by_us);
    match inventory.get(&object.id) {
        Some(entry) => !entry.is_announced() || by_us.unwrap_or(true),
        // The record may be lost; the object still says who made it.
        None => by_us == Some(true),
    }
}

/// Whether ksi wrote a live object; `None` where nobody knows who writes.
fn is_written_by_us(live: &Value) -> Option<bool> {
    let entries = live["metadata"]["managedFields"].as_array()?;
    Some(entries.iter().any(|entry| entry["manager"] == FIELD_MANAGER))
}

/// An object that is ours, but was written by a run that ended before it could record the uid: from now
/// on it is known, so that it can be removed.
fn identify(recorded: &mut Inventory, id: &ObjectId, live: Option<&Value>) {
    if let Some((entry, live)) = recorded.get(id).zip(live)
        && entry.uid.is_none()
        && is_written_by_us(live) == Some(true)
        && let Some(uid) = live["metadata"]["uid"].as_str()
    {
        let mut entry = entry.clone();
        entry.uid = Some(uid.to_owned());
        entry.owned = recorded.owned(entry.policy, live);
        recorded.insert(entry);
    }
}
