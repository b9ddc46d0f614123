//! A run that touches some components only.

use std::collections::BTreeSet;

use super::Options;
use crate::inventory::Inventory;
use crate::object::ObjectId;
use crate::plan::Plan;

/// The changes of the components that may be touched.
pub(super) fn plan(mut plan: Plan, options: &Options) -> Plan {
    plan.changes.retain(|change| options.touches(&change.component));
    plan
}

/// What is recorded: the entries of other components as they were.
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
    // Not all of this configuration was applied.
    merged.spec_hash.clone_from(&known.spec_hash);
    merged
}
