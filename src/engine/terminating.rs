//! Desired objects that are terminating: they are created again after they are deleted.

use std::collections::BTreeMap;
use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use super::finalizers::{blocked_by, remaining};
use super::poll::Again;
use super::run::{Run, RunEnd};
use super::wait::DIAGNOSIS;
use crate::object::{ObjectId, is_terminating};
use crate::plan::{Action, Change};
use crate::target::Target;

/// How often a terminating object is read again.
const POLL: Duration = Duration::from_secs(1);

impl<T: Target> Run<'_, T> {
    /// If an object was terminating when it was observed, waits until it is deleted. Returns false, and reports
    /// what blocks it, if it is not deleted before the run ends.
    pub(super) async fn await_free_name(&self, change: &Change) -> bool {
        // An update that only releases fields is not needed on a terminating object.
        let observed = self.planned.observed.objects.get(&change.id);
        let is_made = change.action == Action::Create;
        if !self.runs || !is_made || !observed.is_some_and(is_terminating) {
            return true;
        }
        let ids = [change.id.clone()];
        let mut reported = BTreeMap::new();
        let is_free = self.poll(async || {
            let live = match self.unless_ended(self.target.live(&ids)).await {
                Some(Ok(mut live)) => live.remove(&change.id),
                Some(Err(error)) => {
                    self.fail(&change.id, error);
                    return Break(Some(false));
                }
                None => return Break(None),
            };
            let Some(live) = live.filter(is_terminating) else { return Break(Some(true)) };
            let reason = self.deletion_progress(&change.id, &live).await;
            self.report_awaited(&change.component, &change.id, reason, &mut reported);
            Continue(Again::on_change(&ids, POLL))
        });
        let is_free = is_free.await.flatten();
        if is_free.is_none() {
            self.report_terminating(change).await;
        }
        is_free.unwrap_or(false)
    }

    /// What the deletion waits for.
    async fn deletion_progress(&self, id: &ObjectId, live: &Value) -> String {
        // A CRD waits for objects that its status does not name.
        if id.is_definition() {
            let found = self.unless_ended(self.target.diagnose(id)).await.unwrap_or_default();
            if let Some(finding) = found.into_iter().next() {
                return self.scrub(&finding.message);
            }
        }
        let controllers = self.controllers(std::iter::once(live)).await;
        match blocked_by(live, &controllers) {
            Some(names) => format!("is being deleted: waiting for {names}"),
            None => "is being deleted".to_owned(),
        }
    }

    async fn report_terminating(&self, change: &Change) {
        if matches!(self.run_end(), Some(RunEnd::Interrupted | RunEnd::Refused(_))) {
            return;
        }
        let found = timeout(DIAGNOSIS, self.target.diagnose(&change.id)).await.unwrap_or_default();
        let finding = found.into_iter().next().unwrap_or_else(|| remaining(&change.id, None));
        self.incomplete.borrow_mut().remaining.push((change.id.clone(), finding.message.clone()));
        self.report_finding(&change.component, finding);
    }
}
