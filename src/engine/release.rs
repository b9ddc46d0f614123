//! Removes finalizers whose controller was deleted from what outlives it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

use super::event::{Event, Pruned};
use super::finalizer_removal::remove_finalizers;
use super::held::deleted;
use super::poll::Again;
use super::run::Run;
use crate::object::{Finalizers, Held, ObjectId, rules};
use crate::plan::Action;
use crate::target::Target;

/// How often it is asked whether a pod has ended.
const POLL: Duration = Duration::from_millis(500);

impl<T: Target> Run<'_, T> {
    /// Removes the finalizers that no controller removes although their objects are deleted: of controllers that
    /// do not run, and of kinds for which one is no longer configured.
    pub(super) async fn release_early(&self) {
        let released = &self.planned.plan.released;
        let early = released.iter().filter(|release| !release.is_handled());
        let controllers: BTreeSet<ObjectId> =
            early.map(|release| release.held.controller.clone()).collect();
        let running: BTreeSet<&ObjectId> = released
            .iter()
            .filter(|release| release.is_running)
            .map(|release| &release.held.controller)
            .collect();
        let is_early = |held: &Held| !held.is_handled || !running.contains(&held.controller);
        self.remove_finalizers(&controllers.into_iter().collect::<Vec<_>>(), is_early).await;
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
        self.remove_finalizers(&ended, |_| true).await;
        true
    }

    /// Waits until the pods of deleted controllers have ended: until then they put their finalizers back.
    async fn await_stopped(&self, controllers: &[ObjectId]) -> bool {
        let mut reported = BTreeMap::new();
        for controller in controllers {
            let stopped = self.poll(async || {
                match self.unless_ended(self.target.is_stopped(controller)).await {
                    Some(Ok(true)) => return Break(true),
                    Some(Ok(false)) => {}
                    Some(Err(error)) => {
                        self.fail(controller, error);
                        return Break(false);
                    }
                    None => return Break(false),
                }
                let why = "its pods are being deleted".to_owned();
                self.report_awaited(self.component_of(controller), controller, why, &mut reported);
                Continue(Again::after(POLL))
            });
            if stopped.await != Some(true) {
                return false;
            }
        }
        true
    }

    /// Removes the selected finalizers of these controllers from everything that has them, until nothing has.
    async fn remove_finalizers(&self, controllers: &[ObjectId], selected: impl Fn(&Held) -> bool) {
        let Some(first) = controllers.first() else { return };
        let plan = &self.planned.plan;
        let deleted = plan.changes.iter().chain(&plan.cascading);
        let deleted: BTreeSet<&ObjectId> =
            deleted.filter(|c| c.action == Action::Delete).map(|c| &c.id).collect();
        let find = async || {
            let mut held = self.target.held(controllers).await?;
            held.retain(&selected);
            Ok(held)
        };
        let remove = async |held: &Held| self.target.remove_finalizers(held).await;
        let removed = |held: &Held| {
            if !deleted.contains(&held.id) {
                self.report(released(held, self.component_of(&held.controller)));
            }
        };
        match remove_finalizers(find, remove, || self.is_ended(), removed).await {
            Ok(failed) => failed.into_iter().for_each(|(id, error)| self.fail(&id, error)),
            Err(error) => self.fail(first, error),
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
