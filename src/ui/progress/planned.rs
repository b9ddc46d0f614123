//! What a plan says of a run before it begins.

use std::time::Instant;

use super::Progress;
use crate::plan::{Action, Change, Plan};

impl Progress {
    /// A run of a plan. Its components come in this order, others after them.
    pub fn of_plan<'o>(
        title: impl Into<String>,
        plan: &Plan,
        order: impl Iterator<Item = &'o str>,
        now: Instant,
    ) -> Self {
        let mut progress = Self::new(title, now);
        progress.place(order, &plan.changes.iter().collect::<Vec<_>>(), now);
        for change in &plan.changes {
            let row = progress.row(&change.component, now);
            match change.action {
                Action::Delete => row.removals += 1,
                Action::Unchanged | Action::Keep => {
                    (row.done, row.total) = (row.done + 1, row.total + 1);
                }
                _ => row.total += 1,
            }
        }
        for change in &plan.lost {
            progress.row(&change.component, now).removals += 1;
        }
        progress
    }

    /// A run of a plan by which everything is to go. What stays is no part of it; what is given back goes
    /// as far as we are concerned.
    pub fn of_removal<'o>(
        title: impl Into<String>,
        plan: &Plan,
        order: impl Iterator<Item = &'o str>,
        now: Instant,
    ) -> Self {
        let mut progress = Self { removes: true, ..Self::new(title, now) };
        let goes = |change: &&Change| change.action == Action::Delete || change.is_write();
        let goes: Vec<&Change> = plan.changes.iter().filter(goes).chain(&plan.lost).collect();
        progress.place(order, &goes, now);
        for change in goes {
            progress.row(&change.component, now).removals += 1;
        }
        progress
    }

    /// A row for each component of these changes, in this order.
    fn place<'o>(
        &mut self,
        order: impl Iterator<Item = &'o str>,
        changes: &[&Change],
        now: Instant,
    ) {
        for name in order {
            if changes.iter().any(|change| change.component == name) {
                self.row(name, now);
            }
        }
    }
}
