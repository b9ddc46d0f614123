//! Removes finalizers whose controller was deleted from what outlives it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::sleep;

use super::event::{Event, Pruned};
use super::held::deleted;
use super::run::Run;
use crate::object::{Finalizers, Held, ObjectId, rules};
use crate::plan::Action;
use crate::target::{Error, ErrorKind, Target};

/// How often it is asked whether a pod has ended.
const POLL: Duration = Duration::from_millis(500);
/// How often finalizers are removed again that somebody puts back or that could not be removed, since the
/// object was changed.
const ROUNDS: usize = 10;

impl<T: Target> Run<'_, T> {
    /// Removes the finalizers of controllers that do not run, so that nothing waits for them.
    pub(super) async fn release_early(&self) {
        let released = &self.planned.plan.released;
        let controllers: BTreeSet<ObjectId> = released
            .iter()
            .filter(|release| !release.is_running)
            .map(|release| release.held.controller.clone())
            .collect();
        self.remove_finalizers(controllers.into_iter().collect()).await;
    }

    /// Removes the finalizers of these controllers if they were deleted. False if they may still run.
    pub(super) async fn release_after(&self, which: impl Fn(&Finalizers) -> bool) -> bool {
        let controllers: BTreeSet<ObjectId> = rules()
            .finalizers
            .iter()
            .filter(|known| which(known))
            .map(Finalizers::controller)
            .collect();
        let deleted = deleted(&self.planned.plan);
        let ended: Vec<ObjectId> = deleted.intersection(&controllers).cloned().collect();
        if !self.runs || ended.is_empty() {
            return true;
        }
        if !self.await_stopped(&ended).await {
            return false;
        }
        self.remove_finalizers(ended).await;
        true
    }

    /// Waits until the pods of deleted controllers have ended: until then they put their finalizers back.
    async fn await_stopped(&self, controllers: &[ObjectId]) -> bool {
        let mut reported = BTreeMap::new();
        for controller in controllers {
            loop {
                match self.unless_ended(self.target.is_stopped(controller)).await {
                    Some(Ok(true)) => break,
                    Some(Ok(false)) => {}
                    Some(Err(error)) => {
                        self.fail(controller, error);
                        return false;
                    }
                    None => return false,
                }
                let why = "its pods are being deleted".to_owned();
                self.report_awaited(self.component_of(controller), controller, why, &mut reported);
                if self.unless_ended(sleep(POLL)).await.is_none() {
                    return false;
                }
            }
        }
        true
    }

    /// Removes the finalizers of these controllers from everything that has them, until nothing has.
    async fn remove_finalizers(&self, controllers: Vec<ObjectId>) {
        let (mut reported, mut failed) = (BTreeSet::new(), BTreeSet::new());
        let plan = &self.planned.plan;
        let deleted = plan.changes.iter().chain(&plan.cascading);
        let deleted: BTreeSet<&ObjectId> =
            deleted.filter(|c| c.action == Action::Delete).map(|c| &c.id).collect();
        let outlives = |id: &ObjectId| !deleted.contains(id);
        let mut last: BTreeMap<ObjectId, Error> = BTreeMap::new();
        for round in 0.. {
            if controllers.is_empty() || self.is_ended() {
                return;
            }
            let mut held = match self.target.held(&controllers).await {
                Ok(held) => held,
                Err(error) => return self.fail(&controllers[0], error),
            };
            held.retain(|held| !failed.contains(&held.id));
            if held.is_empty() {
                return;
            }
            if round == ROUNDS {
                let left = held.iter().filter_map(|held| Some((&held.id, last.remove(&held.id)?)));
                return left.for_each(|(id, error)| self.fail(id, error));
            }
            let removals: FuturesUnordered<_> = held
                .iter()
                .map(|held| async move { (held, self.target.remove_finalizers(held).await) })
                .collect();
            let answers: Vec<_> = removals.collect().await;
            for (held, answer) in answers {
                match answer {
                    Ok(()) => {
                        if outlives(&held.id) && reported.insert(held.id.clone()) {
                            self.report(released(held, self.component_of(&held.controller)));
                        }
                        last.insert(held.id.clone(), put_back(held));
                    }
                    Err(error) if error.kind == ErrorKind::Conflict => {
                        last.insert(held.id.clone(), error);
                    }
                    Err(error) => {
                        self.fail(&held.id, error);
                        failed.insert(held.id.clone());
                    }
                }
            }
        }
    }

    /// The component of a controller that is deleted; empty for one that is gone already.
    fn component_of(&self, controller: &ObjectId) -> &str {
        let changes = &self.planned.plan.changes;
        let change = changes.iter().find(|change| change.id == *controller);
        change.map_or("", |change| change.component.as_str())
    }
}

fn released(held: &Held, component: &str) -> Event {
    Event::Prune {
        component: component.to_owned(),
        object: held.id.clone(),
        state: Pruned::Released,
        reason: Some(format!("removed {}", held.named())),
    }
}

/// Somebody puts the finalizers back.
fn put_back(held: &Held) -> Error {
    Error {
        kind: ErrorKind::Conflict,
        action: "remove",
        place: format!("the {} of {}", held.named(), held.id),
        cause: "it is put back each time".to_owned(),
        help: "stop the program that puts it back, and run again".to_owned(),
    }
}
