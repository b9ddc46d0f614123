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

/// How often what is held is asked for again.
const AGAIN: Duration = Duration::from_secs(5);

impl<T: Target> Run<'_, T> {
    /// Writes what is to be written and was not yet, all at the same time: the target knows how much it
    /// can bear. Says whether everything is written.
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
        self.trouble.borrow().failed.iter().any(|(failed, _)| failed == id)
    }

    async fn write(&self, change: &Change) -> bool {
        let Some(body) = change.body() else { return true };
        if self.is_over() || !self.is_clear(change).await {
            return false;
        }
        let write = Write {
            id: &change.id,
            policy: change.policy,
            create: change.action == Action::Create && !self.made.contains(&change.id),
            body,
            force: change.force,
        };
        let mut told = BTreeMap::new();
        let answer = loop {
            let answer = tokio::select! {
                biased;
                answer = self.target.write(write) => answer,
                () = self.orphaned_webhooks() => return false,
            };
            let Err(error) = &answer else { break answer };
            if error.kind != ErrorKind::Held {
                break answer;
            }
            self.awaits(&change.component, &change.id, error.cause.clone(), &mut told);
            if self.unless_over(sleep(AGAIN)).await.is_none() {
                break answer;
            }
        };
        self.say_warnings();
        match answer {
            Ok(written) => {
                if !told.is_empty() {
                    self.say_ready(&change.component, &change.id);
                }
                self.say_when(written.effect, applied(change));
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
