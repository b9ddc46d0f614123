//! Applies components, each through its stages.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _, join};

use super::component_plan::ComponentPlan;
use super::event::ComponentState as State;
use super::run::{Outcome, Run, RunEnd};
use super::stage::Stage;
use crate::object::{Object, Policy, counted};
use crate::plan::{Action, Change};
use crate::target::Target;

/// The stages after the prerequisites, if the run waits for health.
const STAGES: [Stage; 5] =
    [Stage::Access, Stage::Services, Stage::Workloads, Stage::Webhooks, Stage::Resources];
/// The stages if it does not: webhooks without a backend would reject objects, so they are written last, after
/// all components.
const WITHOUT_WEBHOOKS: [Stage; 4] =
    [Stage::Access, Stage::Services, Stage::Workloads, Stage::Resources];

impl<T: Target> Run<'_, T> {
    /// Applies all components.
    pub(super) async fn components(&self, components: &[ComponentPlan<'_>]) {
        self.note_conflicts(components);
        let webhooks_last = self.runs && !self.options.wait.health;
        let stages = if webhooks_last { &WITHOUT_WEBHOOKS[..] } else { &STAGES[..] };
        // Shared: `prerequisites` awaits each one, early writes await all of them.
        let writes = components
            .iter()
            .map(|component| self.write_all(component.stage(Stage::Prerequisites)).shared());
        let writes: Vec<_> = writes.collect();
        let usable = self.prerequisites(components, &writes).shared();
        let all_written =
            async { join_all(writes.iter().cloned()).await.into_iter().all(|done| done) };
        let all_written = all_written.shared();
        let early_writes = self.early_writes(components);
        let one = async |component| {
            // Until new kinds are served, early writes can be done: all namespaces exist by then.
            let early = async {
                if let Some(early_writes) = &early_writes
                    && all_written.clone().await
                {
                    self.write_all(&early_writes.of(component)).await;
                }
            };
            join!(usable.clone(), early);
            self.component(component, stages).await;
        };
        let mut work: FuturesUnordered<_> = components.iter().map(one).collect();
        while work.next().await.is_some() {}
        if webhooks_last && !self.is_ended() {
            let succeeded =
                components.iter().filter(|component| !self.component_failed(component.name));
            let webhooks: Vec<_> =
                succeeded.flat_map(|component| component.stage(Stage::Webhooks)).copied().collect();
            self.write_all(&webhooks).await;
        }
        if let Some(RunEnd::TimedOut) = self.run_end() {
            self.incomplete.borrow_mut().timed_out = true;
        }
    }

    fn note_conflicts(&self, components: &[ComponentPlan<'_>]) {
        let conflicts = components.iter().flat_map(ComponentPlan::changes);
        let conflicts: Vec<&Change> =
            conflicts.filter(|change| change.action == Action::Conflict).collect();
        let mut incomplete = self.incomplete.borrow_mut();
        incomplete.takeable = conflicts.iter().any(|change| change.is_takeable());
        incomplete.conflicts = conflicts.iter().map(|change| change.id.clone()).collect();
    }

    async fn component(&self, component: &ComponentPlan<'_>, stages: &[Stage]) {
        let outcome = self.outcome(component, stages).await;
        self.component_ended(component.name, outcome);
    }

    async fn outcome(&self, component: &ComponentPlan<'_>, stages: &[Stage]) -> Outcome {
        let counts = || self.count(component);
        let mut dependency_failed = None;
        if self.component_failed(component.name) {
            let outcome = self.outcome_of(component.name).await;
            return self.report_end(component, outcome);
        }
        for need in &component.needs {
            self.report_waiting(component, need);
            match self.outcome_of(need).await {
                Outcome::Succeeded => {}
                Outcome::Stopped => return self.report_end(component, Outcome::Stopped),
                Outcome::Failed(_) => {
                    dependency_failed = Some(format!("dependency {need} is not ready"));
                    break;
                }
            }
        }
        if let Some(why) = &dependency_failed
            && component.writes()
        {
            let mut incomplete = self.incomplete.borrow_mut();
            incomplete.skipped.push((component.name.to_owned(), why.clone()));
            drop(incomplete);
            self.report_component(component.name, State::Skipped, counts(), Some(why.clone()));
            return Outcome::Failed(why.clone());
        }
        for stage in stages {
            if let Err(outcome) = self.stage(component, *stage).await {
                return self.report_end(component, outcome);
            }
        }
        // Nothing had to be written, but components that depend on it depend on the failed one too.
        if let Some(why) = dependency_failed {
            self.report_component(component.name, State::Healthy, counts(), None);
            return Outcome::Failed(why);
        }
        let is_conflict = |change: &&Change| change.action == Action::Conflict;
        let why = match component.changes().filter(is_conflict).count() {
            0 => return self.report_end(component, Outcome::Succeeded),
            count => format!("{}, left alone", counted(count, "conflict")),
        };
        self.report_component(component.name, State::Conflict, counts(), Some(why.clone()));
        Outcome::Failed(why)
    }

    /// Applies one stage, and waits until it is healthy if that is needed.
    async fn stage(&self, component: &ComponentPlan<'_>, stage: Stage) -> Result<(), Outcome> {
        let changes = component.stage(stage);
        if changes.is_empty() {
            return Ok(());
        }
        if changes.iter().any(|change| change.is_write()) {
            self.report_component(component.name, State::Applying, self.count(component), None);
        }
        if stage == Stage::Resources && self.waits() {
            for object in probes(changes) {
                self.accepted(&object).await.map_err(|why| self.failed_or_stopped(why))?;
            }
        }
        if !self.write_all(changes).await {
            return Err(self.failed_or_stopped(self.why_not_written(component)));
        }
        if stage.is_awaited() && self.waits() {
            let ids = component.awaited(stage);
            let healthy = self.healthy(component.name, &ids, self.count(component)).await;
            healthy.map_err(|why| self.failed_or_stopped(why))?;
        }
        Ok(())
    }

    /// The outcome of a component that did not succeed.
    pub(super) fn failed_or_stopped(&self, why: String) -> Outcome {
        match self.run_end() {
            Some(RunEnd::Interrupted | RunEnd::Refused(_)) => Outcome::Stopped,
            _ => Outcome::Failed(why),
        }
    }

    pub(super) fn component_failed(&self, name: &str) -> bool {
        self.known_outcome(name).is_some_and(|outcome| outcome != Outcome::Succeeded)
    }

    pub(super) fn why_not_written(&self, component: &ComponentPlan<'_>) -> String {
        let incomplete = self.incomplete.borrow();
        let failed = component.changes().find_map(|change| {
            incomplete.failed.iter().find(|(id, _)| *id == change.id).map(|(_, error)| error)
        });
        failed.map_or_else(|| "the run timed out".to_owned(), ToString::to_string)
    }
}

/// One object of each kind that will be written, to test webhooks with.
fn probes(changes: &[&Change]) -> Vec<Object> {
    let mut known = BTreeSet::new();
    changes
        .iter()
        .filter(|change| change.is_write())
        .filter(|change| matches!(change.policy, Policy::Apply | Policy::Create))
        .filter(|change| known.insert((&change.id.group, &change.id.kind)))
        .filter_map(|change| {
            let Change { id, component, policy, .. } = *change;
            let (id, component, policy) = (id.clone(), component.clone(), *policy);
            Some(Object { id, component, policy, body: change.body()?.clone() })
        })
        .collect()
}
