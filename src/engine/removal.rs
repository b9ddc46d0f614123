//! Deletes objects that are no longer desired, step by step.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::cascading::cascading_deletes;
use super::event::Pruned;
use super::run::{Run, RunEnd};
use super::stage;
use super::write::pruned;
use crate::object::{ObjectId, rules};
use crate::plan::{Action, Change};
use crate::target::{Effect, ErrorKind, Target};

/// How often cascading deletes are listed again: controllers recreate some objects until their owners are
/// deleted.
const ROUNDS: usize = 4;

impl<T: Target> Run<'_, T> {
    /// Releases fields of objects that are kept, then deletes the others.
    pub(super) async fn prune(&self) {
        let changes = &self.planned.plan.changes;
        let wanted: BTreeSet<&ObjectId> =
            self.planned.desired.objects.iter().map(|o| &o.id).collect();
        let released = changes.iter().filter(|change| change.is_write());
        let released: Vec<&Change> =
            released.filter(|change| !wanted.contains(&change.id)).collect();
        if !self.write_all(&released).await {
            return self.note_time();
        }
        let mut steps: BTreeMap<usize, Vec<&Change>> = BTreeMap::new();
        for change in changes.iter().filter(|change| change.action == Action::Delete) {
            steps.entry(self.step(&change.id)).or_default().push(change);
        }
        for number in 0..=stage::LAST {
            let ours = steps.remove(&number).unwrap_or_default();
            let done = if stage::RESOURCES.contains(&number) {
                self.remove_resources(number, ours).await
            } else {
                self.remove(number, &ours).await
            };
            if !done {
                return self.note_time();
            }
            // By now no webhook checks these objects any more.
            if number == stage::WEBHOOKS {
                self.release_early().await;
            }
            if number == stage::CONTROLLERS
                && !self.release_after(|known| known.stopped_first).await
            {
                return self.note_time();
            }
            if number == stage::WORKLOADS {
                self.release_after(|known| !known.stopped_first).await;
            }
            if self.is_ended() && number < stage::LAST {
                return self.note_time();
            }
        }
    }

    /// Deletes custom resources: ours, and cascading deletes.
    async fn remove_resources(&self, number: usize, mut ours: Vec<&Change>) -> bool {
        for _ in 0..ROUNDS {
            let planned = self.planned;
            let theirs = match cascading_deletes(
                self.target,
                &planned.plan,
                planned.observed.inventory.as_ref(),
            )
            .await
            {
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
            let theirs = theirs.iter().filter(|c| stage::cascading_removal(&c.id) == number);
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

    /// Deletes all objects of a step, and waits until they are deleted if that is needed.
    async fn remove(&self, number: usize, step: &[&Change]) -> bool {
        let mut deletes: FuturesUnordered<_> =
            step.iter().map(|change| self.delete(change)).collect();
        let mut all = true;
        while let Some(done) = deletes.next().await {
            all &= done;
        }
        drop(deletes);
        // Controllers must run until the finalizers that they remove are gone, even without waiting.
        let awaited = self.options.wait.health || number <= stage::LAST_WITH_CONTROLLERS;
        all && self.await_deletion(step, awaited).await
    }

    /// The namespace with the inventory is deleted last.
    fn step(&self, id: &ObjectId) -> usize {
        let mut waiting = rules().delete_without_controllers.iter();
        if waiting.any(|kind| kind.matches(id)) && !self.deletes_kind_of(id) {
            return stage::WORKLOADS + 1;
        }
        let own = self.options.plan.record_namespace.as_ref();
        let is_own = id.is_namespace() && own == Some(&id.name);
        stage::removal(id) + usize::from(is_own)
    }

    /// Whether the CRD of an object is deleted: those of a group go together.
    fn deletes_kind_of(&self, id: &ObjectId) -> bool {
        let changes = self.planned.plan.changes.iter();
        let mut deleted = changes.filter(|change| change.action == Action::Delete);
        deleted.any(|change| {
            let group = change.id.name.split_once('.').map(|(_, group)| group);
            change.id.is_definition() && group == Some(id.group.as_str())
        })
    }

    /// Notes that the run timed out.
    pub(super) fn note_time(&self) {
        if let Some(RunEnd::TimedOut) = self.run_end() {
            self.incomplete.borrow_mut().timed_out = true;
        }
    }

    async fn delete(&self, change: &Change) -> bool {
        if self.is_ended() {
            return false;
        }
        let answer = self.target.delete(&change.id).await;
        self.report_warnings();
        match answer {
            Ok(effect) => {
                // On a cluster it may still be terminating.
                if !self.runs || effect == Effect::HeldBack {
                    self.deleted.borrow_mut().insert(change.id.clone());
                    self.report_when(effect, pruned(change, Pruned::Deleted));
                }
                true
            }
            // A controller changed it; the next round lists it again.
            Err(error) if error.kind == ErrorKind::Conflict && self.is_of_others(change) => true,
            Err(error) => {
                self.fail(&change.id, error);
                false
            }
        }
    }
}
