//! What is different from what ksi wrote, as far as watches tell. Pure.

use super::decision::Deviations;
use crate::object::ObjectId;
use crate::status::{Installed, Report, Snapshot, State};

/// How many objects are different, contested ones included.
pub(super) fn count(report: &Report, installed: &Installed) -> usize {
    report.drift.len() + missing(report, installed).count()
}

/// Each difference that a run may put back, with everything that makes it another one: who has which fields, and
/// when they were written.
pub(super) fn deviations(
    report: &Report,
    installed: &Installed,
    snapshot: &Snapshot,
    is_contested: impl Fn(&ObjectId) -> bool,
) -> Deviations {
    let drift = report.drift.iter().filter(|drift| !is_contested(&drift.object)).map(|drift| {
        let live = snapshot.objects.get(&drift.object);
        let fields =
            live.map(|live| installed.inventory.digest(&live["metadata"]["managedFields"]));
        format!("{} {} {}", drift.object, drift.reason, fields.unwrap_or_default())
    });
    let missing = missing(report, installed).filter(|id| !is_contested(id));
    drift.chain(missing.map(|id| format!("{id} missing"))).collect()
}

/// Whether an object is different.
pub(super) fn is_different(report: &Report, installed: &Installed, id: &ObjectId) -> bool {
    report.drift.iter().any(|drift| drift.object == *id)
        || missing(report, installed).any(|missing| missing == id)
}

/// What was written and is gone. What a run has not written yet is not missing.
fn missing<'r>(report: &'r Report, installed: &'r Installed) -> impl Iterator<Item = &'r ObjectId> {
    let unhealthy = report.components.iter().flat_map(|component| &component.unhealthy);
    let gone = unhealthy.filter(|found| found.state == State::Missing).map(|found| &found.object);
    gone.filter(|id| installed.inventory.get(id).is_some_and(|entry| !entry.is_pending()))
}
