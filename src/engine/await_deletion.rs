//! Waits until deleted objects no longer exist, and reports what blocks them.

use std::collections::BTreeMap;
use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::event::Pruned;
use super::finalizers::{blocked_by, controllers, remaining};
use super::poll::Again;
use super::run::{Run, RunEnd};
use super::write::pruned;
use crate::object::{ObjectId, is_terminating};
use crate::plan::Change;
use crate::target::Target;

/// How often terminating objects are read again.
const POLL: Duration = Duration::from_secs(2);
/// Deletions that take no longer are not reported as waiting.
const QUIET: Duration = Duration::from_secs(2);

impl<T: Target> Run<'_, T> {
    /// Waits until all are deleted, and reports what blocks the others; or, unless `awaited`, only checks
    /// once. Objects that still exist stay in the inventory.
    pub(super) async fn await_deletion(&self, step: &[&Change], awaited: bool) -> bool {
        let mut left: Vec<&Change> = if self.runs { step.to_vec() } else { Vec::new() };
        if left.is_empty() {
            return true;
        }
        let (mut reported, begun) = (BTreeMap::new(), Instant::now());
        let (mut live, mut controllers) = (BTreeMap::new(), BTreeMap::new());
        let answer = self.poll(async || {
            let ids: Vec<ObjectId> = left.iter().map(|change| change.id.clone()).collect();
            // Read also after the run has ended: what is deleted by now must not stay recorded.
            live = match self.target.live(&ids).await {
                Ok(live) => live,
                Err(error) => {
                    self.fail(&ids[0], error);
                    return Break(false);
                }
            };
            left.retain(|change| self.is_left(change, &live));
            if left.is_empty() || !awaited {
                return Break(true);
            }
            controllers = self.controllers(live.values()).await;
            let slow = left.iter().filter(|_| begun.elapsed() >= QUIET);
            for change in slow {
                let reason = match blocked_by(&live[&change.id], &controllers) {
                    Some(names) => format!("is being deleted: waiting for {names}"),
                    None => "is being deleted".to_owned(),
                };
                self.report_awaited(&change.component, &change.id, reason, &mut reported);
            }
            Continue(Again::on_change(&ids, POLL))
        });
        let answer = answer.await;
        if answer.is_none() {
            self.report_remaining(&left, &live, &controllers);
        }
        answer.unwrap_or(false)
    }

    /// Whether a deleted object still exists; notes and reports it if not.
    fn is_left(&self, change: &Change, live: &BTreeMap<ObjectId, Value>) -> bool {
        let exists = live.get(&change.id).is_some_and(|live| self.is_remaining(change, live));
        if !exists {
            self.deleted.borrow_mut().insert(change.id.clone());
            self.report(pruned(change, Pruned::Deleted));
        }
        exists
    }

    /// The controllers that remove the finalizers of these objects, for messages only.
    pub(super) async fn controllers(
        &self,
        live: impl Iterator<Item = &Value>,
    ) -> BTreeMap<ObjectId, Value> {
        let ids: Vec<ObjectId> = controllers(live).into_iter().collect();
        if ids.is_empty() {
            return BTreeMap::new();
        }
        let mut controllers = self.target.live(&ids).await.unwrap_or_default();
        for id in ids {
            controllers.entry(id).or_insert(Value::Null);
        }
        controllers
    }

    fn report_remaining(
        &self,
        left: &[&Change],
        live: &BTreeMap<ObjectId, Value>,
        controllers: &BTreeMap<ObjectId, Value>,
    ) {
        let is_stopped = matches!(self.run_end(), Some(RunEnd::Interrupted | RunEnd::Refused(_)));
        for change in left {
            let blocked = live.get(&change.id).and_then(|live| blocked_by(live, controllers));
            let finding = remaining(&change.id, blocked);
            self.incomplete
                .borrow_mut()
                .remaining
                .push((change.id.clone(), finding.message.clone()));
            if !is_stopped {
                self.report_finding(&change.component, finding);
            }
        }
    }

    /// Whether this is the object that was deleted, not a new one of the same name.
    fn is_remaining(&self, change: &Change, live: &Value) -> bool {
        let uid = |body: &Value| body["metadata"]["uid"].as_str().map(str::to_owned);
        let before = self.planned.observed.objects.get(&change.id).and_then(uid);
        let is_same = !self.is_of_others(change) && (before.is_none() || before == uid(live));
        is_same || is_terminating(live)
    }

    /// Whether it is not ours, but deleted with a CRD or a namespace of ours, or replaced.
    pub(super) fn is_of_others(&self, change: &Change) -> bool {
        self.planned.intent.get(&change.id).is_none()
    }
}
