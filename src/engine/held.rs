//! Which objects have finalizers whose controller is deleted.

use std::collections::BTreeSet;

use super::Options;
use crate::inventory::Inventory;
use crate::object::{Finalizers, ObjectId, rules};
use crate::plan::{Action, Plan, Release};
use crate::target::{Error, Target};

/// The objects with finalizers of controllers that a plan deletes; for an uninstallation, also of those that
/// are gone already. Reads nothing if there is no such controller.
pub(super) async fn releases<T: Target>(
    target: &T,
    plan: &Plan,
    known: Option<&Inventory>,
    options: &Options,
) -> Result<Vec<Release>, Error> {
    let deleted = deleted(plan);
    let mut controllers = deleted.clone();
    if options.plan.allow_empty {
        controllers.extend(gone(known));
    }
    if controllers.is_empty() || !target.runs_workloads() {
        return Ok(Vec::new());
    }
    let ids: Vec<ObjectId> = controllers.into_iter().collect();
    let live = target.live(&ids).await?;
    // One that exists and is not deleted goes on.
    let ended: Vec<ObjectId> =
        ids.into_iter().filter(|id| deleted.contains(id) || !live.contains_key(id)).collect();
    let held = target.held(&ended).await?;
    let is_running = |controller: &ObjectId| {
        let ready = live.get(controller).map(|live| &live["status"]["readyReplicas"]);
        ready.and_then(serde_json::Value::as_u64).unwrap_or_default() > 0
    };
    // A controller that runs takes its finalizers off what is deleted before it.
    let going: BTreeSet<&ObjectId> = plan
        .changes
        .iter()
        .chain(&plan.cascading)
        .filter(|change| change.action == Action::Delete && !change.id.is_namespace())
        .map(|change| &change.id)
        .collect();
    let releases = held.into_iter().map(|held| {
        let is_running = is_running(&held.controller);
        Release { held, is_running }
    });
    Ok(releases.filter(|one| !one.is_handled() || !going.contains(&one.held.id)).collect())
}

/// The controllers of finalizers that a plan deletes.
pub(super) fn deleted(plan: &Plan) -> BTreeSet<ObjectId> {
    let controllers: BTreeSet<ObjectId> =
        rules().finalizers.iter().map(Finalizers::controller).collect();
    let deletes = plan.changes.iter().filter(|change| change.action == Action::Delete);
    deletes.map(|change| change.id.clone()).filter(|id| controllers.contains(id)).collect()
}

/// The controllers in namespaces of ours: an earlier run may have deleted them and not got any further.
fn gone(known: Option<&Inventory>) -> impl Iterator<Item = ObjectId> {
    let entries = known.into_iter().flat_map(Inventory::entries);
    let namespaces: BTreeSet<&str> = entries
        .filter(|entry| entry.id.is_namespace())
        .map(|entry| entry.id.name.as_str())
        .collect();
    let ours = rules().finalizers.iter().filter(move |k| namespaces.contains(k.namespace.as_str()));
    ours.map(Finalizers::controller)
}
