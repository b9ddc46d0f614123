//! What is no longer wanted goes: step by step, each when the one before is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use tokio::time::sleep;

use super::event::{Event, Pruned};
use super::remains::{held_by, still_there};
use super::run::{Over, Run};
use super::stage;
use super::write::pruned;
use crate::object::ObjectId;
use crate::plan::{Action, Change};
use crate::target::{Effect, Target};

/// How long until it is looked again whether something is gone.
const LOOK: Duration = Duration::from_secs(2);

impl<T: Target> Run<'_, T> {
    /// Takes off what we put on objects of others, then removes what is ours.
    pub(super) async fn prune(&self) {
        let changes = &self.view.plan.changes;
        let wanted: BTreeSet<&ObjectId> = self.view.desired.objects.iter().map(|o| &o.id).collect();
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
        for (number, step) in &steps {
            let mut deletes: FuturesUnordered<_> =
                step.iter().map(|change| self.delete(change)).collect();
            let mut all = true;
            while let Some(done) = deletes.next().await {
                all &= done;
            }
            drop(deletes);
            // What serves finalizers must not go before what has them, whatever is waited for.
            let awaited = self.options.wait.health || *number <= stage::LAST_WITH_CONTROLLERS;
            if !all || !self.gone(step, awaited).await {
                return self.note_time();
            }
        }
    }

    /// The namespace that holds the record goes after everything that is recorded.
    fn step(&self, id: &ObjectId) -> usize {
        let own = self.options.plan.record_namespace.as_ref();
        let is_own = id.kind == "Namespace" && own == Some(&id.name);
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
            Err(error) => {
                self.fail(&change.id, error);
                false
            }
        }
    }

    /// Waits until all are gone, and says what holds those that are not; or only looks which are. What
    /// is still there stays recorded.
    async fn gone(&self, step: &[&Change], awaited: bool) -> bool {
        let mut told = BTreeMap::new();
        let mut left: Vec<&Change> = if self.runs { step.to_vec() } else { Vec::new() };
        while !left.is_empty() {
            let ids: Vec<ObjectId> = left.iter().map(|change| change.id.clone()).collect();
            // Asked even when the run is over: what is gone by now shall not be recorded.
            let live = match self.target.live(&ids).await {
                Ok(live) => live.unwrap_or_default(),
                Err(error) => {
                    self.fail(&ids[0], error);
                    return false;
                }
            };
            let (still, gone): (Vec<&Change>, Vec<&Change>) =
                left.iter().partition(|change| live.contains_key(&change.id));
            for change in gone {
                self.deleted.borrow_mut().insert(change.id.clone());
                self.say(pruned(change, Pruned::Deleted));
            }
            left = still;
            if !awaited {
                break;
            }
            for change in &left {
                let reason = match held_by(&live[&change.id]) {
                    Some(names) => format!("is being deleted: waits for {names}"),
                    None => "is being deleted".to_owned(),
                };
                self.awaits(&change.component, &change.id, reason, &mut told);
            }
            if left.is_empty() {
                break;
            }
            let changed = async {
                tokio::select! {
                    () = self.target.changed(&ids) => {}
                    () = sleep(LOOK) => {}
                }
            };
            if self.unless_over(changed).await.is_none() {
                self.tell_left(&left, &live);
                return false;
            }
        }
        true
    }

    fn tell_left(&self, left: &[&Change], live: &BTreeMap<ObjectId, Value>) {
        let quiet = matches!(self.over(), Some(Over::Interrupted | Over::Refused(_)));
        for change in left {
            let held = live.get(&change.id).and_then(held_by);
            let finding = still_there(&change.id, held);
            self.trouble.borrow_mut().remaining.push((change.id.clone(), finding.message.clone()));
            if !quiet {
                self.say(Event::Finding { component: change.component.clone(), finding });
            }
        }
    }
}
