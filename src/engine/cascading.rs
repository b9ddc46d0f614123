//! Cascading deletes: objects of others that are deleted with their CRD or namespace.

use std::collections::BTreeSet;

use crate::inventory::Inventory;
use crate::object::ObjectId;
use crate::plan::{Action, Change, Plan};
use crate::target::{self, ErrorKind, Target};

/// Objects of our kinds that a plan does not have but would delete with their CRD or namespace: users and
/// controllers created them. They are deleted explicitly, while the controllers that remove their
/// finalizers still run. Reads nothing if the plan deletes neither CRDs nor namespaces.
pub(super) async fn cascading_deletes<T: Target>(
    target: &T,
    plan: &Plan,
    known: Option<&Inventory>,
) -> Result<Vec<Change>, target::Error> {
    let deleted: BTreeSet<&ObjectId> = deletes(plan).map(|change| &change.id).collect();
    if !has_cascading(plan) {
        return Ok(Vec::new());
    }
    let namespaces: BTreeSet<&str> =
        deleted.iter().filter(|id| id.is_namespace()).map(|id| id.name.as_str()).collect();
    let ours = known.into_iter().flat_map(Inventory::entries);
    // A deleted namespace may contain objects of kinds that stay.
    let asked = ours.filter(|entry| entry.id.is_definition());
    let asked: Vec<_> =
        asked.filter(|entry| !namespaces.is_empty() || deleted.contains(&entry.id)).collect();
    let definitions: Vec<ObjectId> = asked.iter().map(|entry| entry.id.clone()).collect();
    let mut instances = match target.instances(&definitions).await {
        // Deleting a namespace does not need permission to list its objects.
        Err(error)
            if error.kind == ErrorKind::Forbidden
                && !deleted.iter().any(|id| id.is_definition()) =>
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
                .filter(|id| !deleted.contains(id))
                .filter(|id| {
                    let inside = id.namespace.as_deref().is_some_and(|n| namespaces.contains(n));
                    inside || deleted.contains(&entry.id)
                })
                .map(|id| Change::cascading(&id, &entry.component)),
        );
    }
    Ok(found)
}

/// Adds the above to a plan, which has those of its namespaces.
pub(super) async fn add_to<T: Target>(
    target: &T,
    plan: &mut Plan,
    known: Option<&Inventory>,
) -> Result<(), target::Error> {
    let of_kinds = cascading_deletes(target, plan, known).await?;
    plan.cascading.retain(|lost| of_kinds.iter().all(|other| other.id != lost.id));
    plan.cascading.extend(of_kinds);
    Ok(())
}

/// Whether a plan deletes CRDs or namespaces.
fn has_cascading(plan: &Plan) -> bool {
    deletes(plan).any(|change| change.id.is_definition() || change.id.is_namespace())
}

fn deletes(plan: &Plan) -> impl Iterator<Item = &Change> {
    plan.changes.iter().filter(|change| change.action == Action::Delete)
}
