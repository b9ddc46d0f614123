//! Executes a plan under the lock.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use tokio::time::sleep;

use super::component_plan::ComponentPlan;
use super::connection::watched;
use super::error::Error;
use super::event::{Event, Phase, Pruned};
use super::planned::{Planned, observe};
use super::run::{Run, RunEnd};
use super::unresolved::is_unresolved;
use super::write::{applied, pruned};
use super::{Options, Stop, cascading, only};
use crate::object::ObjectId;
use crate::plan::{self, Action, Change, Summary};
use crate::target::{AbandonOnDrop, Effect, Target};

/// How long a run waits for the lock before it reports that.
const QUIET: Duration = Duration::from_secs(2);

/// Executes a plan. If there is nothing to do, it writes nothing, but still checks health if the target
/// runs workloads. A plan without desired objects uninstalls if its options allow that.
///
/// # Errors
/// The target rejects something or has changed since the plan was made, or an object does not become
/// healthy. Earlier changes stay, and the next run continues from there.
pub async fn apply<T: Target>(
    target: &T,
    planned: &Planned,
    options: &Options,
    stop: &Stop,
    report: &mut dyn FnMut(Event),
) -> Result<Summary, Error> {
    let run = Run::new(target, planned, options, stop, report);
    let answer = watched(target, run.carry_out(), |event| run.report(event)).await;
    run.report_warnings();
    match &answer {
        Ok(outcome) => run.report(Event::Summary(*outcome)),
        Err(error) => run.report(Event::Error {
            object: if let Error::Unresolved(id) = error { Some(id.clone()) } else { None },
            reason: error.kind(),
            message: error.to_string(),
            help: error.help(options.plan.names).into_owned(),
        }),
    }
    answer
}

impl<T: Target> Run<'_, T> {
    async fn carry_out(&self) -> Result<Summary, Error> {
        let planned = self.planned;
        for change in planned.plan.changes.iter().filter(|change| change.is_write()) {
            if [&change.after, &change.sent].into_iter().flatten().any(is_unresolved) {
                return Err(Error::Unresolved(change.id.clone()));
            }
        }
        let outcome = planned.plan.summary();
        self.report(status(Phase::Planned, ""));
        if self.is_ended() {
            return Err(Error::Interrupted);
        }
        if planned.is_settled() && self.options.replaced.is_none() {
            self.report_kept_and_conflicts();
            if self.waits() {
                let components = ComponentPlan::all(planned, &self.options.graph);
                self.drive(Box::pin(self.components(&components))).await;
                self.ensure_complete()?;
            }
            return Ok(outcome);
        }
        // Releases the lock also if this future is dropped.
        let _abandoned = AbandonOnDrop(self.target);
        let answer = self.execute_locked().await;
        // Also if it was interrupted while the lock was being taken.
        self.target.release().await;
        answer.map(|()| outcome)
    }

    async fn execute_locked(&self) -> Result<(), Error> {
        let made = self.acquire_lock().await?.into_iter().collect();
        let made_by_lock = self.made_by_lock.get_or_init(|| made);
        self.report(status(Phase::Locked, ""));
        self.execute(made_by_lock).await
    }

    /// Takes the lock. It takes a while to find out whether another holder is still alive.
    async fn acquire_lock(&self) -> Result<Vec<ObjectId>, Error> {
        let mut lock = pin!(self.target.lock());
        let mut quiet = pin!(sleep(QUIET));
        loop {
            tokio::select! {
                biased;
                made = &mut lock => return Ok(made?),
                () = self.stop.requested() => return Err(Error::Interrupted),
                () = &mut quiet, if !quiet.is_elapsed() => {
                    let why = "another run holds the lock; waiting until it ends or its lease expires";
                    self.report(status(Phase::Locking, why));
                }
            }
        }
    }

    /// Executes the plan while the lock is held.
    async fn execute(&self, made_by_lock: &BTreeSet<ObjectId>) -> Result<(), Error> {
        let Planned { desired, observed, stored, .. } = self.planned;
        self.ensure_unchanged(made_by_lock).await?;
        if self.is_ended() {
            return Err(Error::Interrupted);
        }
        if let Some(replaced) = &self.options.replaced {
            self.drive(Box::pin(self.replace(replaced))).await;
            self.ensure_complete()?;
        }
        if *stored != desired.values {
            self.target.store_values(&desired.values).await?;
        }
        if let Some(run) = self.starts() {
            self.started.get_or_init(|| run);
        }
        let intent = self.intent();
        // An installation that is not recorded yet is recorded before anything of it goes.
        let assumed = self.options.assumed.is_some();
        if assumed || observed.inventory.as_ref() != Some(&intent) {
            self.target.record(&intent).await?;
        }
        let components = ComponentPlan::all(self.planned, &self.options.graph);
        self.drive(Box::pin(self.components(&components))).await;
        self.ensure_not_refused()?;
        if self.is_interrupted() && self.is_nothing_visible() {
            return Err(Error::Interrupted);
        }
        self.target.commit().await?;
        // Only now is it certain that the values are stored.
        if *stored != desired.values {
            let names = desired.values.changed_from(stored).join(", ");
            self.report(status(Phase::ValuesStored, &names));
        }
        self.report_held_back();
        self.report_kept_and_conflicts();
        if self.ensure_complete().is_ok() {
            self.report(status(Phase::Written, ""));
            self.drive(Box::pin(self.prune())).await;
            self.ensure_not_refused()?;
        }
        self.record_result().await?;
        self.report_held_back();
        self.ensure_complete()?;
        self.report(status(Phase::Recorded, ""));
        Ok(())
    }

    /// Records the result, or removes all records if nothing is left.
    async fn record_result(&self) -> Result<(), Error> {
        let complete = self.ensure_complete().is_ok();
        let mut recorded = self.recorded(complete);
        self.sign(&mut recorded);
        // Objects that were not waited for may still be terminating.
        if complete && self.planned.forgets && recorded.entries().is_empty() {
            self.target.forget().await?;
        } else if self.intent() != recorded {
            self.target.record(&recorded).await?;
        }
        Ok(self.target.commit().await?)
    }

    /// Checks that the plan is still valid: it was made without the lock, perhaps long ago.
    async fn ensure_unchanged(&self, made_by_lock: &BTreeSet<ObjectId>) -> Result<(), Error> {
        let Planned { desired, observed, stored, plan, .. } = self.planned;
        if self.target.values().await? != *stored {
            return Err(Error::Changed("a stored value".into()));
        }
        let now = observe(self.target, &desired.objects, self.options).await?;
        if now.inventory != observed.inventory {
            return Err(Error::Changed("the inventory".into()));
        }
        let again = plan::plan_with(&desired.objects, &now, &self.options.plan);
        let mut again = only::plan(again, self.options);
        if let Some(id) = first_difference(&plan.changes, &again.changes, made_by_lock) {
            return Err(Error::Changed(id.to_string()));
        }
        cascading::add_to(self.target, &mut again, now.inventory.as_ref()).await?;
        let known: BTreeSet<&ObjectId> = plan.cascading.iter().map(|change| &change.id).collect();
        let more = again.cascading.into_iter().map(|change| change.id);
        let more: Vec<ObjectId> = more.filter(|id| !known.contains(id)).collect();
        if more.is_empty() { Ok(()) } else { Err(Error::MoreDeletes(more)) }
    }

    /// An error if the target refuses everything or the lock is lost: then nothing more is written, not even
    /// records.
    fn ensure_not_refused(&self) -> Result<(), Error> {
        match self.run_end() {
            Some(RunEnd::Refused(error)) => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn is_interrupted(&self) -> bool {
        matches!(self.run_end(), Some(RunEnd::Interrupted))
    }

    /// Whether no write is visible yet, so that the run can stop without a commit.
    fn is_nothing_visible(&self) -> bool {
        self.written.borrow().values().all(|written| written.effect == Effect::HeldBack)
    }

    /// An error if something failed so far or the run was interrupted.
    pub(super) fn ensure_complete(&self) -> Result<(), Error> {
        self.ensure_not_refused()?;
        if self.is_interrupted() {
            return Err(Error::Interrupted);
        }
        let incomplete = self.incomplete.borrow();
        if incomplete.is_serious() {
            Err(Error::Incomplete(Box::new(incomplete.clone())))
        } else {
            Ok(())
        }
    }

    /// Reports objects that stay as they are although the configuration differs.
    fn report_kept_and_conflicts(&self) {
        for change in &self.planned.plan.changes {
            match change.action {
                Action::Conflict => self.report(applied(change)),
                Action::Keep => self.report(pruned(change, Pruned::Kept)),
                _ => {}
            }
        }
    }
}

/// The first object with different changes in two plans, except for objects that the lock created and
/// for planned deletions that are already done, perhaps by a killed run.
fn first_difference<'c>(
    one: &'c [Change],
    other: &'c [Change],
    made: &BTreeSet<ObjectId>,
) -> Option<&'c ObjectId> {
    let there: BTreeSet<&ObjectId> = other.iter().map(|change| &change.id).collect();
    let is_deleted =
        |change: &Change| change.action == Action::Delete && !there.contains(&change.id);
    let counts = |change: &&Change| !made.contains(&change.id) && !is_deleted(change);
    let mut other = other.iter().filter(counts);
    for change in one.iter().filter(counts) {
        match other.next() {
            Some(again) if is_same_change(change, again) => {}
            _ => return Some(&change.id),
        }
    }
    other.next().map(|change| &change.id)
}

/// Whether two changes write the same for the same reason. Fields of others, such as an annotation of the
/// Deployment controller, may differ, except on an object that is deleted.
fn is_same_change(one: &Change, other: &Change) -> bool {
    let key = |change: &Change| (change.id.clone(), change.action, change.reason.clone());
    key(one) == key(other)
        && (one.action != Action::Delete || one.before == other.before)
        && (one.policy, one.force) == (other.policy, other.force)
        && one.body() == other.body()
        && one.conflicts == other.conflicts
}

fn status(state: Phase, message: &str) -> Event {
    Event::Status { state, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Policy;

    fn change(name: &str, action: Action) -> Change {
        let body = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        Change {
            id: ObjectId::of(&body).unwrap(),
            component: "c".into(),
            policy: Policy::Apply,
            action,
            reason: None,
            before: None,
            after: Some(body),
            sent: None,
            force: false,
            conflicts: Vec::new(),
            replaced: Vec::new(),
            foreign: Vec::new(),
        }
    }

    #[test]
    fn objects_that_the_lock_created_do_not_count_as_changes() {
        let shown = [change("a", Action::Create), change("b", Action::Update)];
        let again = [change("a", Action::Unchanged), change("b", Action::Update)];
        let none = BTreeSet::new();
        assert_eq!(first_difference(&shown, &shown, &none), None);
        assert_eq!(first_difference(&shown, &again, &none), Some(&shown[0].id));
        let made = BTreeSet::from([shown[0].id.clone()]);
        assert_eq!(first_difference(&shown, &again, &made), None);
        assert_eq!(first_difference(&shown, &again[..1], &made), Some(&shown[1].id));
        assert_eq!(first_difference(&shown[..1], &again, &made), Some(&again[1].id));
        // Others write beside what is ours.
        let (mut update, mut noted) = (change("a", Action::Update), change("a", Action::Update));
        update.sent.clone_from(&update.after);
        noted.sent.clone_from(&update.sent);
        for body in [&mut noted.before, &mut noted.after] {
            *body = Some(serde_json::json!({"metadata": {"annotations": {"theirs": "1"}}}));
        }
        let (update, noted) = ([update], [noted]);
        assert_eq!(first_difference(&update, &noted, &none), None);
        let other = [Change { force: true, ..noted[0].clone() }];
        assert_eq!(first_difference(&update, &other, &none), Some(&update[0].id));
        // Somebody was faster with what was to be done anyway.
        let deletes = [change("a", Action::Delete), change("b", Action::Delete)];
        assert_eq!(first_difference(&deletes, &deletes[1..], &none), None);
        let stored = [change("a", Action::Keep), change("b", Action::Delete)];
        assert_eq!(first_difference(&deletes, &stored, &none), Some(&deletes[0].id));
    }
}
