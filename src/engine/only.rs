//! Runs that are limited to some components.

use std::collections::BTreeSet;

use super::Options;
use crate::inventory::Inventory;
use crate::object::ObjectId;
use crate::plan::Plan;

/// A plan with the changes of the selected components.
pub(super) fn plan(mut plan: Plan, options: &Options) -> Plan {
    plan.changes.retain(|change| options.touches(&change.component));
    plan
}

/// The inventory to record: the entries of other components stay as they were.
pub(super) fn inventory(result: Inventory, known: &Inventory, options: &Options) -> Inventory {
    if options.only.is_none() {
        return result;
    }
    let ids: BTreeSet<&ObjectId> =
        known.entries().iter().chain(result.entries()).map(|entry| &entry.id).collect();
    let mut merged = result.clone();
    for id in ids {
        let (before, after) = (known.get(id), result.get(id));
        let touched = after.or(before).is_some_and(|entry| options.touches(&entry.component));
        match before {
            _ if touched => {}
            Some(entry) => merged.insert(entry.clone()),
            None => {
                merged.remove(id);
            }
        }
    }
    // The configuration was applied only in part.
    merged.spec_hash.clone_from(&known.spec_hash);
    merged
}
