//! What is there, what is wanted, and what would change.

use std::collections::BTreeSet;

use crate::inventory::Inventory;
use crate::object::{Object, ObjectId};
use crate::plan::{self, Action, Change, Observed, Plan, PlanOptions};
use crate::target::{self, Target};
use crate::values::KeptValues;

/// What is wanted.
#[derive(Clone)]
pub struct Desired {
    /// Every manifest.
    pub objects: Vec<Object>,
    /// The values that they were made from, to be kept.
    pub values: KeptValues,
    /// Hash of the configuration.
    pub spec_hash: String,
}

/// What the caller brings to every look.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the user allowed.
    pub plan: PlanOptions,
    /// The inventory to begin with where there is none: empty, with a new key and this version.
    pub blank: Inventory,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum Failure<E> {
    /// The target cannot be read.
    #[error(transparent)]
    Target(#[from] target::Error),
    /// It cannot be said what is wanted.
    #[error("the manifests cannot be made")]
    Desired(E),
}

/// One look at a target: what is there, what is wanted, what would change.
pub struct View {
    /// What is wanted.
    pub desired: Desired,
    /// What is there.
    pub observed: Observed,
    /// The values that are kept there.
    pub kept: KeptValues,
    /// What would change.
    pub plan: Plan,
    /// What is recorded before the first write: everything that was or will be ours.
    pub(super) union: Inventory,
    /// What is recorded in the end.
    pub(super) exact: Inventory,
}

impl View {
    /// Whether there is nothing to do at all: not even something to remember.
    pub fn is_settled(&self) -> bool {
        !self.plan.changes.iter().any(|change| is_write(change) || change.action == Action::Delete)
            && self.kept == self.desired.values
            && self.observed.inventory.as_ref() == Some(&self.exact)
    }
}

/// Looks at a target. `desire` makes the manifests from the values that are kept there. Changes
/// nothing.
///
/// # Errors
/// The target cannot be read, or `desire` fails.
pub async fn look<T: Target, E>(
    target: &T,
    options: &Options,
    desire: impl FnOnce(&KeptValues) -> Result<Desired, E>,
) -> Result<View, Failure<E>> {
    let kept = target.values().await?;
    let desired = desire(&kept).map_err(Failure::Desired)?;
    let observed = observe(target, &desired.objects).await?;
    let plan = plan::plan_with(&desired.objects, &observed, options.plan);
    let known = observed.inventory.as_ref().unwrap_or(&options.blank);
    let union = known.union(&desired.objects);
    let mut exact = plan::record(known, &desired.objects, &plan);
    exact.ksi_version.clone_from(&options.blank.ksi_version);
    exact.spec_hash.clone_from(&desired.spec_hash);
    Ok(View { desired, observed, kept, plan, union, exact })
}

/// Reads every object that is wanted or ours.
pub(super) async fn observe<T: Target>(
    target: &T,
    desired: &[Object],
) -> Result<Observed, target::Error> {
    let inventory = target.inventory().await?;
    let ours = inventory.iter().flat_map(Inventory::entries).map(|entry| &entry.id);
    let ids: BTreeSet<&ObjectId> = desired.iter().map(|object| &object.id).chain(ours).collect();
    let ids: Vec<ObjectId> = ids.into_iter().cloned().collect();
    let objects = target.observe(&ids).await?;
    Ok(Observed { objects, inventory })
}

pub(super) fn is_write(change: &Change) -> bool {
    matches!(change.action, Action::Create | Action::Update | Action::Adopt)
}
