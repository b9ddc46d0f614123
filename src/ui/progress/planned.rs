//! The progress of a run before it begins, from its plan.

use std::time::Instant;

use super::Progress;
use crate::plan::{Action, Change, Plan};

impl Progress {
    /// The run of a plan. Its components are shown in this order, others after them.
    pub fn of_plan<'o>(
        title: impl Into<String>,
        plan: &Plan,
        order: impl Iterator<Item = &'o str>,
        now: Instant,
    ) -> Self {
        let mut progress = Self::new(title, now);
        progress.add_rows(order, &plan.changes.iter().collect::<Vec<_>>(), now);
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
        for change in &plan.cascading {
            progress.row(&change.component, now).removals += 1;
        }
        progress
    }

    /// The run of a plan that uninstalls everything. Kept objects are no part of it; objects whose fields
    /// are released count as removed.
    pub fn of_removal<'o>(
        title: impl Into<String>,
        plan: &Plan,
        order: impl Iterator<Item = &'o str>,
        now: Instant,
    ) -> Self {
        let mut progress = Self { removes: true, ..Self::new(title, now) };
        let removed = |change: &&Change| change.action == Action::Delete || change.is_write();
        let removed: Vec<&Change> =
            plan.changes.iter().filter(removed).chain(&plan.cascading).collect();
        progress.add_rows(order, &removed, now);
        for change in removed {
            progress.row(&change.component, now).removals += 1;
        }
        progress
    }

    /// A row for each component of these changes, in this order.
    fn add_rows<'o>(
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
