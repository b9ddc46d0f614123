//! The writes of one stage.

use std::collections::BTreeMap;
use std::future::ready;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::sleep;

use super::event::{Event, Pruned};
use super::run::Run;
use crate::object::ObjectId;
use crate::plan::{Action, Change};
use crate::target::{ErrorKind, Target, Write};

/// How often a write that has to wait is tried again.
const RETRY: Duration = Duration::from_secs(5);

impl<T: Target> Run<'_, T> {
    /// Writes all changes that are not written yet, in parallel: the target limits its requests itself.
    /// Returns whether everything is written.
    pub(super) async fn write_all(&self, changes: &[&Change]) -> bool {
        let writes = changes.iter().filter(|change| change.is_write());
        let writes: Vec<_> = writes.filter(|change| !self.was_written(&change.id)).collect();
        let tried = writes.iter().filter(|change| !self.has_failed(&change.id));
        let tried: FuturesUnordered<_> = tried.map(|change| self.write(change)).collect();
        let done = tried.filter(|done| ready(*done)).count().await;
        done == writes.len()
    }

    fn was_written(&self, id: &ObjectId) -> bool {
        self.written.borrow().contains_key(id)
    }

    fn has_failed(&self, id: &ObjectId) -> bool {
        self.incomplete.borrow().failed.iter().any(|(failed, _)| failed == id)
    }

    async fn write(&self, change: &Change) -> bool {
        let Some(body) = change.body() else { return true };
        if self.is_ended() || !self.await_free_name(change).await {
            return false;
        }
        let write = Write {
            id: &change.id,
            policy: change.policy,
            create: change.action == Action::Create && !self.is_made_by_lock(&change.id),
            body,
            force: change.force,
        };
        let mut reported = BTreeMap::new();
        let answer = loop {
            let answer = tokio::select! {
                biased;
                answer = self.target.write(write) => answer,
                () = self.writes_aborted() => return false,
            };
            let Err(error) = &answer else { break answer };
            if error.kind != ErrorKind::Held {
                break answer;
            }
            self.report_awaited(&change.component, &change.id, error.cause.clone(), &mut reported);
            if self.unless_ended(sleep(RETRY)).await.is_none() {
                break answer;
            }
        };
        self.report_warnings();
        match answer {
            Ok(written) => {
                if !reported.is_empty() {
                    self.report_ready(&change.component, &change.id);
                }
                self.report_when(written.effect, applied(change));
                self.written.borrow_mut().insert(change.id.clone(), written);
                true
            }
            Err(error) => {
                self.fail(&change.id, error);
                false
            }
        }
    }
}

pub(super) fn applied(change: &Change) -> Event {
    Event::Apply {
        component: change.component.clone(),
        object: change.id.clone(),
        state: change.action,
        reason: change.reason.clone(),
    }
}

pub(super) fn pruned(change: &Change, state: Pruned) -> Event {
    Event::Prune {
        component: change.component.clone(),
        object: change.id.clone(),
        state,
        reason: change.reason.clone(),
    }
}
