//! The writes of one stage.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::event::{Event, Pruned};
use super::run::Run;
use crate::plan::{Action, Change};
use crate::target::{Target, Write};

impl<T: Target> Run<'_, T> {
    /// Writes what is to be written, all at the same time: the target knows how much it can bear. Says
    /// whether everything was.
    pub(super) async fn write_all(&self, changes: &[&Change]) -> bool {
        let writes = changes.iter().filter(|change| change.is_write());
        let mut writes: FuturesUnordered<_> = writes.map(|change| self.write(change)).collect();
        let mut all = true;
        while let Some(done) = writes.next().await {
            all &= done;
        }
        all
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
        let answer = tokio::select! {
            biased;
            answer = self.target.write(write) => answer,
            () = self.abandoned() => return false,
        };
        self.say_warnings();
        match answer {
            Ok(written) => {
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
