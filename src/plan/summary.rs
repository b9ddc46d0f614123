//! How many objects there are of each action.

use std::fmt;

use serde::Serialize;

use super::{Action, Plan};

/// How many objects there are of each action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Made.
    pub create: usize,
    /// Changed.
    pub update: usize,
    /// Taken over.
    pub adopt: usize,
    /// Removed.
    pub delete: usize,
    /// Left alone, since somebody else owns what we want to change.
    pub conflict: usize,
    /// Left alone although that is not what was asked for.
    pub keep: usize,
    /// As wanted.
    pub unchanged: usize,
}

impl Summary {
    /// How many objects are written or deleted.
    pub fn writes(&self) -> usize {
        self.create + self.update + self.adopt + self.delete
    }

    pub(super) fn of(plan: &Plan) -> Self {
        let mut summary = Self::default();
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

/// `3 create, 1 update, 0 adopt, 0 delete, 0 conflict, 280 unchanged`; what is kept is said only
/// when there is some.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { create, update, adopt, delete, conflict, keep, unchanged } = self;
        write!(f, "{create} create, {update} update, {adopt} adopt, {delete} delete, ")?;
        write!(f, "{conflict} conflict, ")?;
        if *keep > 0 {
            write!(f, "{keep} keep, ")?;
        }
        write!(f, "{unchanged} unchanged")
    }
}
