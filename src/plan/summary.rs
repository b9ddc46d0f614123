//! The number of objects for each action.

use std::fmt;

use serde::Serialize;

use super::{Action, Plan};

/// The number of objects for each action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Created.
    pub create: usize,
    /// Updated.
    pub update: usize,
    /// Adopted.
    pub adopt: usize,
    /// Deleted.
    pub delete: usize,
    /// Not written, since another field manager owns what we want to change.
    pub conflict: usize,
    /// Kept although they are no longer desired, or differ.
    pub keep: usize,
    /// As desired.
    pub unchanged: usize,
    /// Others, from which finalizers are removed.
    #[serde(skip_serializing_if = "is_zero")]
    pub release: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Summary {
    /// How many objects are written or deleted, or lose finalizers.
    pub fn writes(&self) -> usize {
        self.create + self.update + self.adopt + self.delete + self.release
    }

    pub(super) fn of(plan: &Plan) -> Self {
        let mut summary = Self { release: plan.released.len(), ..Self::default() };
        for change in &plan.changes {
            *match change.action {
                Action::Create => &mut summary.create,
                Action::Update => &mut summary.update,
                Action::Adopt => &mut summary.adopt,
                Action::Delete => &mut summary.delete,
                Action::Conflict => &mut summary.conflict,
                Action::Keep => &mut summary.keep,
                Action::Unchanged => &mut summary.unchanged,
            } += 1;
        }
        summary
    }
}

/// `3 create, 1 update, 0 adopt, 0 delete, 0 conflict, 280 unchanged`; kept and released objects
/// are counted only if there are any.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { create, update, adopt, delete, conflict, keep, unchanged, release } = self;
        write!(f, "{create} create, {update} update, {adopt} adopt, {delete} delete, ")?;
        write!(f, "{conflict} conflict, ")?;
        if *keep > 0 {
            write!(f, "{keep} keep, ")?;
        }
        if *release > 0 {
            write!(f, "{release} release, ")?;
        }
        write!(f, "{unchanged} unchanged")
    }
}
