//! Plans changes: compares the desired objects with the target.

use super::{Options, cascading, held, only};
use crate::inventory::{Inventory, LastRun};
use crate::object::Object;
use crate::plan::{self, Action, Change, Observed, Plan};
use crate::target::{self, Observation, Target};
use crate::values::StoredValues;

/// The desired state.
#[derive(Clone)]
pub struct Desired {
    /// All objects.
    pub objects: Vec<Object>,
    /// The values that they were rendered from, to be stored.
    pub values: StoredValues,
    /// The hash of the configuration.
    pub spec_hash: String,
}

impl Desired {
    /// Nothing, as for an uninstallation. The stored values stay until everything is deleted.
    pub fn nothing(stored: &StoredValues) -> Self {
        Self { objects: Vec::new(), values: stored.clone(), spec_hash: String::new() }
    }
}

/// A plan with everything that it was made from.
pub struct Planned {
    /// The desired state.
    pub desired: Desired,
    /// The observed state.
    pub observed: Observed,
    /// The stored values of the target.
    pub stored: StoredValues,
    /// The changes.
    pub plan: Plan,
    /// The inventory that is recorded before the first write: all old and new objects.
    pub(super) intent: Inventory,
    /// The inventory that is recorded at the end.
    pub(super) result: Inventory,
    /// Whether nothing is left at the end, so that all records are removed.
    pub(super) forgets: bool,
}

impl Planned {
    /// Whether there is nothing to write, delete or record.
    pub fn is_settled(&self) -> bool {
        let is_recorded = if self.forgets {
            self.observed.inventory.is_none() && self.stored.0.is_empty()
        } else {
            self.stored == self.desired.values
                && self.observed.inventory.as_ref() == Some(&self.result)
        };
        let does = |change: &Change| change.is_write() || change.action == Action::Delete;
        is_recorded && self.plan.released.is_empty() && !self.plan.changes.iter().any(does)
    }
}

/// Plans the changes from the observed to the desired state. Changes nothing. `stored` are the stored values of
/// the target, from which `desired` was rendered.
///
/// # Errors
/// The target cannot be read.
pub async fn plan<T: Target>(
    target: &T,
    stored: StoredValues,
    desired: Desired,
    options: &Options,
) -> Result<Planned, target::Error> {
    let observed = observe(target, &desired.objects, options).await?;
    of_observed(target, (stored, desired, observed), options).await
}

/// Plans from what was observed before, with other options.
///
/// # Errors
/// The target cannot be read.
pub async fn plan_again<T: Target>(
    target: &T,
    planned: Planned,
    options: &Options,
) -> Result<Planned, target::Error> {
    let Planned { stored, desired, observed, .. } = planned;
    of_observed(target, (stored, desired, observed), options).await
}

async fn of_observed<T: Target>(
    target: &T,
    (stored, desired, observed): (StoredValues, Desired, Observed),
    options: &Options,
) -> Result<Planned, target::Error> {
    let whole = plan::plan_with(&desired.objects, &observed, &options.plan);
    let known = observed.inventory.as_ref().unwrap_or(&options.blank);
    let mut result = plan::record(known, &desired.objects, &whole, &observed);
    result.ksi_version.clone_from(&options.blank.ksi_version);
    result.spec_hash.clone_from(&desired.spec_hash);
    // Until a run ends well, there is something to record.
    result.last_run = result.last_run.filter(LastRun::has_succeeded);
    let mut plan = only::plan(whole, options);
    cascading::add_to(target, &mut plan, observed.inventory.as_ref()).await?;
    plan.released = held::releases(target, &plan, observed.inventory.as_ref(), options).await?;
    let result = only::inventory(result, known, options);
    // Only objects that will be written: others may belong to somebody else.
    let written = plan.changes.iter().filter(|change| change.is_write()).map(|change| &change.id);
    let written: std::collections::BTreeSet<_> = written.collect();
    let intent = known.intent(desired.objects.iter().filter(|object| written.contains(&object.id)));
    let forgets = options.plan.allow_empty
        && options.only.is_none()
        && desired.objects.is_empty()
        && result.entries().is_empty();
    Ok(Planned { desired, observed, stored, plan, intent, result, forgets })
}

/// Reads all desired objects and those in the inventory, and what is in the namespaces that may be deleted.
pub(super) async fn observe<T: Target>(
    target: &T,
    desired: &[Object],
    options: &Options,
) -> Result<Observed, target::Error> {
    let inventory = target.inventory().await?.or_else(|| options.assumed.clone());
    let Observation { objects, dry_runs } = target.observe(desired, inventory.as_ref()).await?;
    let entries = inventory.iter().flat_map(Inventory::entries).map(|entry| &entry.id);
    let doomed = entries.filter(|id| {
        options.plan.prune.namespaces
            && id.is_namespace()
            && objects.contains_key(id)
            && desired.iter().all(|object| object.id != **id)
    });
    let doomed: Vec<&str> = doomed.map(|id| id.name.as_str()).collect();
    let contents = target.contents(&doomed).await?;
    Ok(Observed { objects, dry_runs, inventory, contents })
}
