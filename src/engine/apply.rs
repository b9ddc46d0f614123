//! From a plan to its effect.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use tokio::time::sleep;

use super::error::Error;
use super::event::{Event, Phase, Pruned};
use super::parts::Part;
use super::planned::{Planned, observe};
use super::run::{Over, Run};
use super::unresolved::is_unresolved;
use super::write::{applied, pruned};
use super::{Options, Stop, only};
use crate::object::ObjectId;
use crate::plan::{self, Action, Change, Summary};
use crate::target::{AbandonOnDrop, Effect, Target};

/// How long the lock is waited for without a word.
const QUIET: Duration = Duration::from_secs(2);

/// Carries out the plan of a review. With nothing to do, nothing is written; health is checked all the
/// same, where anything runs. Nothing desired with permission to remove everything uninstalls.
///
/// # Errors
/// The target refuses something, is no longer as it was, or something does not become healthy. What was
/// made visible before stays, and the next run goes on from there.
pub async fn apply<T: Target>(
    target: &T,
    planned: &Planned,
    options: &Options,
    stop: &Stop,
    report: &mut dyn FnMut(Event),
) -> Result<Summary, Error> {
    let mut run = Run::new(target, planned, options, stop, report);
    let answer = run.carry_out().await;
    run.say_warnings();
    match &answer {
        Ok(outcome) => run.say(Event::Summary(*outcome)),
        Err(error) => run.say(Event::Error {
            object: if let Error::Unresolved(id) = error { Some(id.clone()) } else { None },
            reason: error.kind(),
            message: error.to_string(),
            help: error.help().to_owned(),
        }),
    }
    answer
}

impl<T: Target> Run<'_, T> {
    async fn carry_out(&mut self) -> Result<Summary, Error> {
        let planned = self.planned;
        for change in planned.plan.changes.iter().filter(|change| change.is_write()) {
            if [&change.after, &change.sent].into_iter().flatten().any(is_unresolved) {
                return Err(Error::Unresolved(change.id.clone()));
            }
        }
        let outcome = planned.plan.summary();
        self.say(status(Phase::Planned, ""));
        if self.is_over() {
            return Err(Error::Interrupted);
        }
        self.runs = self.target.runs_workloads();
        if planned.is_settled() {
            self.left_alone();
            if self.waits() {
                let parts = Part::all(planned, &self.options.graph);
                self.drive(self.components(&parts)).await;
                self.judged()?;
            }
            return Ok(outcome);
        }
        // A run that is dropped at any await leaves no lock behind.
        let _abandoned = AbandonOnDrop(self.target);
        self.made = self.locked().await?.into_iter().collect();
        self.say(status(Phase::Locked, ""));
        let answer = self.changes().await;
        self.target.release().await;
        answer.map(|()| outcome)
    }

    /// Takes the lock. Whether somebody who holds it is alive takes a while to tell.
    async fn locked(&self) -> Result<Vec<ObjectId>, Error> {
        let mut lock = pin!(self.target.lock());
        let mut quiet = pin!(sleep(QUIET));
        loop {
            tokio::select! {
                biased;
                made = &mut lock => return Ok(made?),
                () = self.stop.requested() => return Err(Error::Interrupted),
                () = &mut quiet, if !quiet.is_elapsed() => {
                    let why = "waiting for the lock: another run holds it, or died with it";
                    self.say(status(Phase::Locking, why));
                }
            }
        }
    }

    /// What is done while the lock is held.
    async fn changes(&mut self) -> Result<(), Error> {
        let Planned { desired, observed, stored, intent, .. } = self.planned;
        self.still_the_same().await?;
        if self.is_over() {
            return Err(Error::Interrupted);
        }
        if *stored != desired.values {
            self.target.keep(&desired.values).await?;
        }
        if observed.inventory.as_ref() != Some(intent) {
            self.target.record(intent).await?;
        }
        let parts = Part::all(self.planned, &self.options.graph);
        self.drive(self.components(&parts)).await;
        self.not_refused()?;
        if self.is_interrupted() && self.is_all_held_back() {
            return Err(Error::Interrupted);
        }
        self.target.commit().await?;
        // Only now is it certain that the values are stored.
        if *stored != desired.values {
            let names = desired.values.changed_from(stored).join(", ");
            self.say(status(Phase::ValuesKept, &names));
        }
        self.say_held();
        self.left_alone();
        if self.judged().is_ok() {
            self.say(status(Phase::Written, ""));
            self.drive(self.prune()).await;
            self.not_refused()?;
        }
        self.remember().await?;
        self.say_held();
        self.judged()?;
        self.say(status(Phase::Recorded, ""));
        Ok(())
    }

    /// Records what is ours now, or forgets everything when nothing is.
    async fn remember(&self) -> Result<(), Error> {
        let complete = self.judged().is_ok();
        let recorded = self.recorded(complete);
        // What was not waited for may still be there.
        if complete && self.planned.forgets && recorded.entries().is_empty() {
            self.target.forget().await?;
        } else if self.planned.intent != recorded {
            self.target.record(&recorded).await?;
        }
        Ok(self.target.commit().await?)
    }

    /// The plan was made without the lock, and perhaps a person has thought about it since.
    async fn still_the_same(&self) -> Result<(), Error> {
        let Planned { desired, observed, stored, plan, .. } = self.planned;
        if self.target.values().await? != *stored {
            return Err(Error::Changed("a stored value".into()));
        }
        let now = observe(self.target, &desired.objects).await?;
        if now.inventory != observed.inventory {
            return Err(Error::Changed("the inventory".into()));
        }
        let again = plan::plan_with(&desired.objects, &now, &self.options.plan);
        let again = only::plan(again, self.options);
        match first_difference(&plan.changes, &again.changes, &self.made) {
            Some(id) => Err(Error::Changed(id.to_string())),
            None => Ok(()),
        }
    }

    /// The place refuses everything, or the lock is lost: nothing more is done, not even recorded.
    fn not_refused(&self) -> Result<(), Error> {
        match self.over() {
            Some(Over::Refused(error)) => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn is_interrupted(&self) -> bool {
        matches!(self.over(), Some(Over::Interrupted))
    }

    /// Whether nothing can be seen yet of what was written, so that it can be left at that.
    fn is_all_held_back(&self) -> bool {
        self.written.borrow().values().all(|written| written.effect == Effect::HeldBack)
    }

    /// Whether everything so far is as wanted.
    fn judged(&self) -> Result<(), Error> {
        self.not_refused()?;
        if self.is_interrupted() {
            return Err(Error::Interrupted);
        }
        let trouble = self.trouble.borrow();
        if trouble.is_serious() {
            Err(Error::Incomplete(Box::new(trouble.clone())))
        } else {
            Ok(())
        }
    }

    /// Says which objects stay as they are although that is not what was asked for.
    fn left_alone(&self) {
        for change in &self.planned.plan.changes {
            match change.action {
                Action::Conflict => self.say(applied(change)),
                Action::Keep => self.say(pruned(change, Pruned::Kept)),
                _ => {}
            }
        }
    }
}

/// The first object of which two plans say something else. What the lock made does not count, nor what was
/// to be deleted and is gone by now: a run that was killed may have asked for it.
fn first_difference<'c>(
    one: &'c [Change],
    other: &'c [Change],
    made: &BTreeSet<ObjectId>,
) -> Option<&'c ObjectId> {
    let there: BTreeSet<&ObjectId> = other.iter().map(|change| &change.id).collect();
    let is_gone = |change: &Change| change.action == Action::Delete && !there.contains(&change.id);
    let counts = |change: &&Change| !made.contains(&change.id) && !is_gone(change);
    let mut other = other.iter().filter(counts);
    for change in one.iter().filter(counts) {
        match other.next() {
            Some(again) if does_the_same(change, again) => {}
            _ => return Some(&change.id),
        }
    }
    other.next().map(|change| &change.id)
}

/// Whether two changes write the same for the same reason. What others write beside it meanwhile, such as the
/// annotation of a Deployment's controller, does not count; with what is deleted it would be lost.
fn does_the_same(one: &Change, other: &Change) -> bool {
    let told = |change: &Change| (change.id.clone(), change.action, change.reason.clone());
    told(one) == told(other)
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
            foreign: Vec::new(),
        }
    }

    #[test]
    fn what_the_lock_made_is_no_change_by_somebody_else() {
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
