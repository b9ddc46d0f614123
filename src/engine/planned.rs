//! The review of a target: what is there, what is wanted, and what would change.

use super::{Options, lost, only};
use crate::inventory::Inventory;
use crate::object::Object;
use crate::plan::{self, Action, Change, Observed, Plan};
use crate::target::{self, Observation, Target};
use crate::values::StoredValues;

/// What is wanted.
#[derive(Clone)]
pub struct Desired {
    /// Every manifest.
    pub objects: Vec<Object>,
    /// The values that they were made from, to be stored.
    pub values: StoredValues,
    /// Hash of the configuration.
    pub spec_hash: String,
}

impl Desired {
    /// Nothing at all, as when uninstalling; what is stored stays for as long as anything does.
    pub fn nothing(stored: &StoredValues) -> Self {
        Self { objects: Vec::new(), values: stored.clone(), spec_hash: String::new() }
    }
}

/// The review of a target: what is there, what is wanted, what would change.
pub struct Planned {
    /// What is wanted.
    pub desired: Desired,
    /// What is there.
    pub observed: Observed,
    /// The values that are stored there.
    pub stored: StoredValues,
    /// What would change.
    pub plan: Plan,
    /// What is recorded before the first write: everything that was or will be ours.
    pub(super) intent: Inventory,
    /// What is recorded in the end.
    pub(super) result: Inventory,
    /// Whether nothing is ours in the end, and nothing is to be remembered.
    pub(super) forgets: bool,
}

impl Planned {
    /// Whether there is nothing to do at all: not even something to remember.
    pub fn is_settled(&self) -> bool {
        let remembered = if self.forgets {
            self.observed.inventory.is_none() && self.stored.0.is_empty()
        } else {
            self.stored == self.desired.values
                && self.observed.inventory.as_ref() == Some(&self.result)
        };
        let does = |change: &Change| change.is_write() || change.action == Action::Delete;
        remembered && !self.plan.changes.iter().any(does)
    }
}

/// Plans what would change: what is wanted against what is there. Changes nothing. `stored` are the values
/// that the target keeps and `desired` was made from.
///
/// # Errors
/// The target cannot be read.
pub async fn plan<T: Target>(
    target: &T,
    stored: StoredValues,
    desired: Desired,
    options: &Options,
) -> Result<Planned, target::Error> {
    let observed = observe(target, &desired.objects).await?;
    let whole = plan::plan_with(&desired.objects, &observed, &options.plan);
    let known = observed.inventory.as_ref().unwrap_or(&options.blank);
    let mut result = plan::record(known, &desired.objects, &whole, &observed);
    result.ksi_version.clone_from(&options.blank.ksi_version);
    result.spec_hash.clone_from(&desired.spec_hash);
    let mut plan = only::plan(whole, options);
    plan.cascading = lost::lost(target, &plan, observed.inventory.as_ref()).await?;
    let result = only::inventory(result, known, options);
    // What is not written is not announced: it may be somebody else's.
    let written = plan.changes.iter().filter(|change| change.is_write()).map(|change| &change.id);
    let written: std::collections::BTreeSet<_> = written.collect();
    let intent = known.intent(desired.objects.iter().filter(|object| written.contains(&object.id)));
    let forgets = options.plan.allow_empty
        && options.only.is_none()
        && desired.objects.is_empty()
        && result.entries().is_empty();
    Ok(Planned { desired, observed, stored, plan, intent, result, forgets })
}

/// Reads every object that is wanted or ours.
pub(super) async fn observe<T: Target>(
    target: &T,
    desired: &[Object],
) -> Result<Observed, target::Error> {
    let inventory = target.inventory().await?;
    let Observation { objects, dry_runs } = target.observe(desired, inventory.as_ref()).await?;
    Ok(Observed { objects, dry_runs, inventory })
}
