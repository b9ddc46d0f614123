//! The review of a target: what is there, what is wanted, and what would change.

use super::{Options, lost, only};
use crate::inventory::Inventory;
use crate::object::Object;
use crate::plan::{self, Action, Change, Observed, Plan};
use crate::target::{self, Seen, Target};
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

impl Desired {
    /// Nothing at all, as when uninstalling; what is kept stays for as long as anything does.
    pub fn nothing(kept: &KeptValues) -> Self {
        Self { objects: Vec::new(), values: kept.clone(), spec_hash: String::new() }
    }
}

/// The review of a target: what is there, what is wanted, what would change.
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
    /// Whether nothing is ours in the end, and nothing is to be remembered.
    pub(super) forgets: bool,
}

impl View {
    /// Whether there is nothing to do at all: not even something to remember.
    pub fn is_settled(&self) -> bool {
        let remembered = if self.forgets {
            self.observed.inventory.is_none() && self.kept.0.is_empty()
        } else {
            self.kept == self.desired.values
                && self.observed.inventory.as_ref() == Some(&self.exact)
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
pub async fn review<T: Target>(
    target: &T,
    stored: KeptValues,
    desired: Desired,
    options: &Options,
) -> Result<View, target::Error> {
    let observed = observe(target, &desired.objects).await?;
    let whole = plan::plan_with(&desired.objects, &observed, &options.plan);
    let known = observed.inventory.as_ref().unwrap_or(&options.blank);
    let mut exact = plan::record(known, &desired.objects, &whole, &observed);
    exact.ksi_version.clone_from(&options.blank.ksi_version);
    exact.spec_hash.clone_from(&desired.spec_hash);
    let mut plan = only::plan(whole, options);
    plan.lost = lost::lost(target, &plan, observed.inventory.as_ref()).await?;
    let exact = only::inventory(exact, known, options);
    // What is not written is not announced: it may be somebody else's.
    let written = plan.changes.iter().filter(|change| change.is_write()).map(|change| &change.id);
    let written: std::collections::BTreeSet<_> = written.collect();
    let union = known.union(desired.objects.iter().filter(|object| written.contains(&object.id)));
    let forgets = options.plan.allow_empty
        && options.only.is_none()
        && desired.objects.is_empty()
        && exact.entries().is_empty();
    Ok(View { desired, observed, kept: stored, plan, union, exact, forgets })
}

/// Reads every object that is wanted or ours.
pub(super) async fn observe<T: Target>(
    target: &T,
    desired: &[Object],
) -> Result<Observed, target::Error> {
    let inventory = target.inventory().await?;
    let Seen { objects, forecasts } = target.observe(desired, inventory.as_ref()).await?;
    Ok(Observed { objects, forecasts, inventory })
}
