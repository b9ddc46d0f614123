//! The checks before the first write: what would make a run fail for certain, or do harm.

use std::collections::BTreeMap;
use std::time::SystemTime;

use time::OffsetDateTime;

use super::request::{ApplyRequest, DryRun};
use crate::check::{self, Configured, Context, Outcome, Report, Writes};
use crate::engine::Planned;
use crate::object::ObjectId;
use crate::plan::Action;
use crate::target::ClusterTarget;

/// Makes the checks, where a plan has writes and more than the plan is asked for.
pub(super) async fn check(
    target: &ClusterTarget,
    planned: &Planned,
    request: &ApplyRequest<'_>,
) -> Option<Report> {
    if !planned.plan.has_writes() || request.dry_run == Some(DryRun::Client) {
        return None;
    }
    let desired = &planned.desired.objects;
    let actions: BTreeMap<&ObjectId, Action> =
        planned.plan.changes.iter().map(|change| (&change.id, change.action)).collect();
    let written = desired.iter().filter_map(|object| match actions.get(&object.id)? {
        Action::Create => Some((object, true)),
        Action::Update | Action::Adopt => Some((object, false)),
        _ => None,
    });
    let deleted = actions.iter().filter(|(_, action)| **action == Action::Delete);
    // Without waiting, webhooks are written last: until then, orphaned ones reject writes.
    let recorded = |id| planned.observed.inventory.as_ref().is_some_and(|i| i.get(id).is_some());
    let healed = desired.iter().map(|object| &object.id);
    let healed = healed.filter(|id| actions.contains_key(id) && (request.wait || recorded(id)));
    let writes = Writes {
        desired,
        written: written.collect(),
        deleted: deleted.map(|(id, _)| *id).collect(),
        live: &planned.observed.objects,
        healed: healed.collect(),
        waits: request.wait,
        kubernetes: request.prepared.facts.kubernetes,
    };
    let configured = Configured {
        configuration: Some(request.prepared.configuration.clone()),
        desired: desired.clone(),
        ..Configured::default()
    };
    let context = Context { configured: &configured, now: OffsetDateTime::from(SystemTime::now()) };
    Some(check::preflight(target.cluster(), &writes, &context, &request.skip_checks).await)
}

/// The checks that failed.
pub(super) fn failed(report: &Report) -> Vec<&'static str> {
    let failed = report.rows.iter().filter(|row| matches!(row.outcome, Outcome::Error(_)));
    failed.map(|row| row.about.id).collect()
}
