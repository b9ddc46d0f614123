//! What is no longer wanted goes: step by step, each when the one before is gone.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::event::Pruned;
use super::lost::{lost, takes_others};
use super::run::{Over, Run};
use super::stage;
use super::write::pruned;
use crate::object::ObjectId;
use crate::plan::{Action, Change};
use crate::target::{Effect, ErrorKind, Target};

/// How often it is looked for objects of others that were made meanwhile: controllers replace some until
/// what these were made for is gone.
const ROUNDS: usize = 4;

impl<T: Target> Run<'_, T> {
    /// Takes off what we put on objects of others, then removes what is ours.
    pub(super) async fn prune(&self) {
        let changes = &self.planned.plan.changes;
        let wanted: BTreeSet<&ObjectId> =
            self.planned.desired.objects.iter().map(|o| &o.id).collect();
        let given_back = changes.iter().filter(|change| change.is_write());
        let given_back: Vec<&Change> =
            given_back.filter(|change| !wanted.contains(&change.id)).collect();
        if !self.write_all(&given_back).await {
            return self.note_time();
        }
        let mut steps: BTreeMap<usize, Vec<&Change>> = BTreeMap::new();
        for change in changes.iter().filter(|change| change.action == Action::Delete) {
            steps.entry(self.step(&change.id)).or_default().push(change);
        }
        if takes_others(&self.planned.plan) {
            for number in stage::RESOURCES {
                steps.entry(number).or_default();
            }
        }
        for (number, ours) in steps {
            let done = if stage::RESOURCES.contains(&number) {
                self.remove_resources(number, ours).await
            } else {
                self.remove(number, &ours).await
            };
            if !done {
                return self.note_time();
            }
        }
    }

    /// Removes custom resources: ours, and those of others that would go with their kinds.
    async fn remove_resources(&self, number: usize, mut ours: Vec<&Change>) -> bool {
        for _ in 0..ROUNDS {
            let planned = self.planned;
            let theirs =
                match lost(self.target, &planned.plan, planned.observed.inventory.as_ref()).await {
                    Ok(theirs) => theirs,
                    Err(error) => {
                        let definition =
                            planned.plan.changes.iter().find(|c| c.action == Action::Delete);
                        if let Some(change) = definition {
                            self.fail(&change.id, error);
                        }
                        return false;
                    }
                };
            let theirs = theirs.iter().filter(|c| stage::removal_of_lost(&c.id) == number);
            let step: Vec<&Change> = ours.drain(..).chain(theirs).collect();
            if step.is_empty() {
                break;
            }
            if !self.remove(number, &step).await {
                return false;
            }
        }
        true
    }

    /// Deletes all objects of a step, and waits until they are gone where that matters.
    async fn remove(&self, number: usize, step: &[&Change]) -> bool {
        let mut deletes: FuturesUnordered<_> =
            step.iter().map(|change| self.delete(change)).collect();
        let mut all = true;
        while let Some(done) = deletes.next().await {
            all &= done;
        }
        drop(deletes);
        // What serves finalizers must not go before what has them, whatever is waited for.
        let awaited = self.options.wait.health || number <= stage::LAST_WITH_CONTROLLERS;
        all && self.gone(step, awaited).await
    }

    /// The namespace that holds the record goes after everything that is recorded.
    fn step(&self, id: &ObjectId) -> usize {
        let own = self.options.plan.record_namespace.as_ref();
        let is_own = id.is_namespace() && own == Some(&id.name);
        stage::removal(id) + usize::from(is_own)
    }

    fn note_time(&self) {
        if let Some(Over::TimedOut) = self.over() {
            self.trouble.borrow_mut().timed_out = true;
        }
    }

    async fn delete(&self, change: &Change) -> bool {
        if self.is_over() {
            return false;
        }
        let answer = self.target.delete(&change.id).await;
        self.say_warnings();
        match answer {
            Ok(effect) => {
                // Where something runs it is not gone yet.
                if !self.runs || effect == Effect::HeldBack {
                    self.deleted.borrow_mut().insert(change.id.clone());
                    self.say_when(effect, pruned(change, Pruned::Deleted));
                }
                true
            }
            // A controller was faster; it is looked for again.
            Err(error) if error.kind == ErrorKind::Conflict && self.is_of_others(change) => true,
            Err(error) => {
                self.fail(&change.id, error);
                false
            }
        }
    }
}
