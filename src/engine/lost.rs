//! Objects of others that go because the definition of their kind does, or the namespace they are in.

use std::collections::BTreeSet;

use crate::inventory::Inventory;
use crate::object::ObjectId;
use crate::plan::{Action, Change, Plan};
use crate::target::{self, ErrorKind, Target};

/// Objects of our kinds that would go with what a plan deletes and are not in the plan: what users and
/// controllers made. Their controllers have to let them go while they still run, so they are deleted
/// like ours. Asks nothing where neither kinds nor namespaces go.
pub(super) async fn lost<T: Target>(
    target: &T,
    plan: &Plan,
    known: Option<&Inventory>,
) -> Result<Vec<Change>, target::Error> {
    let goes: BTreeSet<&ObjectId> = deletes(plan).map(|change| &change.id).collect();
    if !takes_others(plan) {
        return Ok(Vec::new());
    }
    let namespaces: BTreeSet<&str> =
        goes.iter().filter(|id| id.is_namespace()).map(|id| id.name.as_str()).collect();
    let ours = known.into_iter().flat_map(Inventory::entries);
    // In a namespace that goes there may be objects of kinds that stay.
    let asked = ours.filter(|entry| entry.id.is_definition());
    let asked: Vec<_> =
        asked.filter(|entry| !namespaces.is_empty() || goes.contains(&entry.id)).collect();
    let definitions: Vec<ObjectId> = asked.iter().map(|entry| entry.id.clone()).collect();
    let mut instances = match target.instances(&definitions).await {
        // Who may delete a namespace need not be allowed to look into it: the server then says what holds it.
        Err(error)
            if error.kind == ErrorKind::Forbidden && !goes.iter().any(|id| id.is_definition()) =>
        {
            return Ok(Vec::new());
        }
        answer => answer?,
    };
    let mut found = Vec::new();
    for entry in asked {
        let objects = instances.remove(&entry.id).unwrap_or_default();
        found.extend(
            objects
                .into_iter()
                .filter(|id| !goes.contains(id))
                .filter(|id| {
                    let inside = id.namespace.as_deref().is_some_and(|n| namespaces.contains(n));
                    inside || goes.contains(&entry.id)
                })
                .map(|id| Change::cascading(&id, &entry.component)),
        );
    }
    Ok(found)
}

/// Whether a plan deletes something that holds objects of others.
pub(super) fn takes_others(plan: &Plan) -> bool {
    deletes(plan).any(|change| change.id.is_definition() || change.id.is_namespace())
}

fn deletes(plan: &Plan) -> impl Iterator<Item = &Change> {
    plan.changes.iter().filter(|change| change.action == Action::Delete)
}
