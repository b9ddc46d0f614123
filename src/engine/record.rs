//! Who ran what, in the inventory.

use super::run::Run;
use crate::inventory::{Inventory, LastRun, Operation};
use crate::target::Target;

impl<T: Target> Run<'_, T> {
    /// This run at its start; `None` without a runner.
    pub(super) fn starts(&self) -> Option<LastRun> {
        let runner = self.options.runner.as_ref()?;
        let uninstalls = self.options.plan.allow_empty && self.planned.desired.objects.is_empty();
        Some(LastRun {
            operation: if uninstalls { Operation::Uninstall } else { Operation::Apply },
            by: runner.by.clone(),
            started: (runner.now)(),
            ended: None,
            error: None,
        })
    }

    /// The intent of this run, signed.
    pub(super) fn intent(&self) -> Inventory {
        let mut intent = self.planned.intent.clone();
        if let Some(started) = self.started.get() {
            intent.last_run = Some(started.clone());
        }
        intent
    }

    /// Signs the result: how this run ended, and when something was applied last.
    pub(super) fn sign(&self, result: &mut Inventory) {
        let (Some(started), Some(runner)) = (self.started.get(), &self.options.runner) else {
            return;
        };
        let mut run = started.clone();
        run.ended = Some((runner.now)());
        run.error = self.ensure_complete().err().map(|error| error.to_string());
        if run.operation == Operation::Apply && run.error.is_none() {
            result.applied = Some(run.clone());
        }
        result.last_run = Some(run);
    }
}
