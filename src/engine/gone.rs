//! Whether what was deleted is gone, and what holds it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::event::Pruned;
use super::remains::{held_by, servers, still_there};
use super::run::{Over, Run};
use super::write::pruned;
use crate::object::{ObjectId, is_terminating};
use crate::plan::Change;
use crate::target::Target;

/// How long until it is looked again whether something is gone.
const LOOK: Duration = Duration::from_secs(2);
/// What goes within this time is not worth a word.
const QUIET: Duration = Duration::from_secs(2);

impl<T: Target> Run<'_, T> {
    /// Waits until all are gone, and says what holds those that are not; or only looks which are. What
    /// is still there stays recorded.
    pub(super) async fn gone(&self, step: &[&Change], awaited: bool) -> bool {
        let (mut told, begun) = (BTreeMap::new(), Instant::now());
        let mut left: Vec<&Change> = if self.runs { step.to_vec() } else { Vec::new() };
        while !left.is_empty() {
            let ids: Vec<ObjectId> = left.iter().map(|change| change.id.clone()).collect();
            // Asked even when the run is over: what is gone by now shall not be recorded.
            let live = match self.target.live(&ids).await {
                Ok(live) => live,
                Err(error) => {
                    self.fail(&ids[0], error);
                    return false;
                }
            };
            let is_there = |change: &&Change| {
                live.get(&change.id).is_some_and(|live| self.is_left(change, live))
            };
            let (still, gone): (Vec<&Change>, Vec<&Change>) =
                left.iter().partition(|change| is_there(change));
            for change in gone {
                self.deleted.borrow_mut().insert(change.id.clone());
                self.say(pruned(change, Pruned::Deleted));
            }
            left = still;
            if !awaited {
                break;
            }
            let serving = self.serving(live.values()).await;
            let worth_a_word = left.iter().filter(|_| begun.elapsed() >= QUIET);
            for change in worth_a_word {
                let reason = match held_by(&live[&change.id], &serving) {
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
                self.tell_left(&left, &live, &serving);
                return false;
            }
        }
        true
    }

    /// Those who take the finalizers of these off, as they are. That is for words only.
    pub(super) async fn serving(
        &self,
        live: impl Iterator<Item = &Value>,
    ) -> BTreeMap<ObjectId, Value> {
        let ids: Vec<ObjectId> = servers(live).into_iter().collect();
        if ids.is_empty() {
            return BTreeMap::new();
        }
        let mut serving = self.target.live(&ids).await.unwrap_or_default();
        for id in ids {
            serving.entry(id).or_insert(Value::Null);
        }
        serving
    }

    fn tell_left(
        &self,
        left: &[&Change],
        live: &BTreeMap<ObjectId, Value>,
        serving: &BTreeMap<ObjectId, Value>,
    ) {
        let quiet = matches!(self.over(), Some(Over::Interrupted | Over::Refused(_)));
        for change in left {
            let held = live.get(&change.id).and_then(|live| held_by(live, serving));
            let finding = still_there(&change.id, held);
            self.trouble.borrow_mut().remaining.push((change.id.clone(), finding.message.clone()));
            if !quiet {
                self.say_finding(&change.component, finding);
            }
        }
    }

    /// Whether what is there is still what was deleted: one that does not go may be another one, which was
    /// made in its place.
    fn is_left(&self, change: &Change, live: &Value) -> bool {
        let uid = |body: &Value| body["metadata"]["uid"].as_str().map(str::to_owned);
        let before = self.planned.observed.objects.get(&change.id).and_then(uid);
        let is_same = !self.is_of_others(change) && (before.is_none() || before == uid(live));
        is_same || is_terminating(live)
    }

    /// Whether it is not ours, but goes with a kind or a namespace of ours.
    pub(super) fn is_of_others(&self, change: &Change) -> bool {
        self.planned.intent.get(&change.id).is_none()
    }
}
