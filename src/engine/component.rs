//! The way of one component through its stages.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _, join};

use super::event::ComponentState as State;
use super::parts::Part;
use super::run::{Outcome, Over, Run};
use super::stage::Stage;
use crate::object::{Object, ObjectId, Policy, defined_kind, is_terminating};
use crate::plan::{Action, Change};
use crate::target::{NewKind, Target};

/// After the foundation, where health is waited for.
const STAGES: [Stage; 5] =
    [Stage::Access, Stage::Services, Stage::Workloads, Stage::Webhooks, Stage::Resources];
/// Where it is not, webhooks would refuse what they guard: they come last, after all components.
const WITHOUT_WEBHOOKS: [Stage; 4] =
    [Stage::Access, Stage::Services, Stage::Workloads, Stage::Resources];

impl<T: Target> Run<'_, T> {
    /// Brings every component to what is wanted of it.
    pub(super) async fn components(&self, parts: &[Part<'_>]) {
        self.note_conflicts(parts);
        let last = self.runs && !self.options.wait.health;
        let stages = if last { &WITHOUT_WEBHOOKS[..] } else { &STAGES[..] };
        // Written once, by whoever asks first: `foundation` awaits each by itself, groundwork all of them.
        let writes =
            parts.iter().map(|part| self.write_all(part.stage(Stage::Foundation)).shared());
        let writes: Vec<_> = writes.collect();
        let usable = self.foundation(parts, &writes).shared();
        let founded = async { join_all(writes.iter().cloned()).await.into_iter().all(|done| done) };
        let founded = founded.shared();
        let groundwork = self.groundwork(parts);
        let one = async |part| {
            // New kinds take their time, in which the groundwork is laid: where all namespaces are.
            let laid = async {
                if let Some(groundwork) = &groundwork
                    && founded.clone().await
                {
                    self.write_all(&groundwork.of(part)).await;
                }
            };
            join!(usable.clone(), laid);
            self.component(part, stages).await;
        };
        let mut work: FuturesUnordered<_> = parts.iter().map(one).collect();
        while work.next().await.is_some() {}
        if last && !self.is_over() {
            let well = parts.iter().filter(|part| !self.is_ill(part.name));
            let guards: Vec<_> =
                well.flat_map(|part| part.stage(Stage::Webhooks)).copied().collect();
            self.write_all(&guards).await;
        }
        if let Some(Over::TimedOut) = self.over() {
            self.trouble.borrow_mut().timed_out = true;
        }
    }

    fn note_conflicts(&self, parts: &[Part<'_>]) {
        let conflicts = parts.iter().flat_map(Part::changes);
        let conflicts = conflicts.filter(|change| change.action == Action::Conflict);
        self.trouble.borrow_mut().conflicts = conflicts.map(|change| change.id.clone()).collect();
    }

    /// Waits until the namespaces and kinds of all components can be used. `writes` says of each component
    /// when they are written, and whether all are.
    async fn foundation(&self, parts: &[Part<'_>], writes: &[impl Future<Output = bool> + Clone]) {
        let used: BTreeSet<(&str, &str)> = parts
            .iter()
            .flat_map(Part::changes)
            .map(|change| (change.id.group.as_str(), change.id.kind.as_str()))
            .collect();
        let one = async |(part, written): (&Part<'_>, &_)| {
            let answer = if Clone::clone(written).await {
                self.usable(part, &used).await
            } else {
                Err(self.why_not_written(part))
            };
            if let Err(why) = answer {
                self.ended(part.name, self.ill(why));
            }
        };
        join_all(parts.iter().zip(writes).map(one)).await;
    }

    /// Waits until the namespaces and kinds of a component can be used. That a kind is served says more
    /// than its definition does, and costs less to ask: some definitions are large.
    async fn usable(&self, part: &Part<'_>, used: &BTreeSet<(&str, &str)>) -> Result<(), String> {
        let mut judged: BTreeSet<ObjectId> = part.judged(Stage::Foundation).into_iter().collect();
        let definitions = self.planned.desired.objects.iter();
        let definitions = definitions
            .filter(|object| defined_kind(&object.body).is_some() && judged.contains(&object.id));
        let mut kinds = Vec::new();
        // One that is being deleted is served until it is gone: it is judged itself.
        for definition in definitions.filter(|definition| !self.is_leaving(&definition.id)) {
            let is_used = |group: &str, kind: &str| used.contains(&(group, kind));
            kinds.extend(NewKind::all_of(definition, is_used));
        }
        for kind in &kinds {
            judged.remove(&kind.definition);
        }
        let others: Vec<ObjectId> = judged.into_iter().collect();
        self.served(part.name, kinds, self.count(part)).await?;
        self.healthy(part.name, &others, self.count(part)).await
    }

    /// Whether an object was being deleted when it was written, or else when it was looked at.
    pub(super) fn is_leaving(&self, id: &ObjectId) -> bool {
        let written = self.written.borrow();
        let live = written.get(id).and_then(|written| written.live.as_ref());
        let live = live.or_else(|| self.planned.observed.objects.get(id));
        live.is_some_and(is_terminating)
    }

    async fn component(&self, part: &Part<'_>, stages: &[Stage]) {
        let outcome = self.outcome(part, stages).await;
        self.ended(part.name, outcome);
    }

    async fn outcome(&self, part: &Part<'_>, stages: &[Stage]) -> Outcome {
        let counts = || self.count(part);
        let mut ill = None;
        if self.is_ill(part.name) {
            let outcome = self.outcome_of(part.name).await;
            return self.tell_end(part, outcome);
        }
        for need in &part.needs {
            self.say_waiting(part, need);
            match self.outcome_of(need).await {
                Outcome::Well => {}
                Outcome::Stopped => return self.tell_end(part, Outcome::Stopped),
                Outcome::Ill(_) => {
                    ill = Some(format!("it needs {need}, which is not as wanted"));
                    break;
                }
            }
        }
        if let Some(why) = &ill
            && part.writes()
        {
            let mut trouble = self.trouble.borrow_mut();
            trouble.skipped.push((part.name.to_owned(), why.clone()));
            drop(trouble);
            self.say_component(part.name, State::Skipped, counts(), Some(why.clone()));
            return Outcome::Ill(why.clone());
        }
        for stage in stages {
            if let Err(outcome) = self.stage(part, *stage).await {
                return self.tell_end(part, outcome);
            }
        }
        let conflict = part.changes().find(|change| change.action == Action::Conflict);
        let outcome = match (ill, conflict) {
            // Nothing of it had to be written; what needs it needs the other one as well.
            (Some(why), _) => {
                self.say_component(part.name, State::Healthy, counts(), None);
                return Outcome::Ill(why);
            }
            (None, Some(change)) => Outcome::Ill(format!("{} is in conflict", change.id)),
            (None, None) => Outcome::Well,
        };
        self.tell_end(part, outcome)
    }

    /// One stage: written, and healthy where that matters.
    async fn stage(&self, part: &Part<'_>, stage: Stage) -> Result<(), Outcome> {
        let changes = part.stage(stage);
        if changes.is_empty() {
            return Ok(());
        }
        if changes.iter().any(|change| change.is_write()) {
            self.say_component(part.name, State::Applying, self.count(part), None);
        }
        if stage == Stage::Resources && self.waits() {
            for object in guarded(changes) {
                self.accepted(&object).await.map_err(|why| self.ill(why))?;
            }
        }
        if !self.write_all(changes).await {
            return Err(self.ill(self.why_not_written(part)));
        }
        if stage.is_awaited() && self.waits() {
            let ids = part.judged(stage);
            let healthy = self.healthy(part.name, &ids, self.count(part)).await;
            healthy.map_err(|why| self.ill(why))?;
        }
        Ok(())
    }

    /// A component that is not as wanted, or was stopped on its way.
    fn ill(&self, why: String) -> Outcome {
        match self.over() {
            Some(Over::Interrupted | Over::Refused(_)) => Outcome::Stopped,
            _ => Outcome::Ill(why),
        }
    }

    fn is_ill(&self, name: &str) -> bool {
        self.known_outcome(name).is_some_and(|outcome| outcome != Outcome::Well)
    }

    fn why_not_written(&self, part: &Part<'_>) -> String {
        let trouble = self.trouble.borrow();
        let failed = part.changes().find_map(|change| {
            trouble.failed.iter().find(|(id, _)| *id == change.id).map(|(_, error)| error)
        });
        failed.map_or_else(|| "the time is up".to_owned(), ToString::to_string)
    }

    /// How many objects of a component are as wanted, and how many there are.
    fn count(&self, part: &Part<'_>) -> (usize, usize) {
        let written = self.written.borrow();
        let is_done = |change: &&Change| {
            matches!(change.action, Action::Unchanged | Action::Keep)
                || written.contains_key(&change.id)
        };
        (part.changes().filter(is_done).count(), part.changes().count())
    }

    fn say_waiting(&self, part: &Part<'_>, need: &str) {
        if self.known_outcome(need).is_none() && !self.is_over() {
            let reason = Some(format!("waits for {need}"));
            self.say_component(part.name, State::Waiting, self.count(part), reason);
        }
    }

    fn tell_end(&self, part: &Part<'_>, outcome: Outcome) -> Outcome {
        let (state, reason) = match &outcome {
            Outcome::Well if self.waits() => (State::Healthy, None),
            Outcome::Well => (State::Done, None),
            Outcome::Ill(why) => (State::Failed, Some(why.clone())),
            Outcome::Stopped => {
                if let Some(Over::TimedOut) = self.over() {
                    let why = "the time was up before it".to_owned();
                    self.trouble.borrow_mut().skipped.push((part.name.to_owned(), why.clone()));
                    self.say_component(part.name, State::Skipped, self.count(part), Some(why));
                }
                return outcome;
            }
        };
        self.say_component(part.name, state, self.count(part), reason);
        outcome
    }
}

/// One object of each kind that is about to be written.
fn guarded(changes: &[&Change]) -> Vec<Object> {
    let mut seen = BTreeSet::new();
    changes
        .iter()
        .filter(|change| change.is_write())
        .filter(|change| matches!(change.policy, Policy::Apply | Policy::Create))
        .filter(|change| seen.insert((&change.id.group, &change.id.kind)))
        .filter_map(|change| {
            let Change { id, component, policy, .. } = *change;
            let (id, component, policy) = (id.clone(), component.clone(), *policy);
            Some(Object { id, component, policy, body: change.body()?.clone() })
        })
        .collect()
}
