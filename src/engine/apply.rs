//! From a look to its effect.

use super::event::{Event, Phase, Pruned};
use super::look::{View, is_write, observe};
use super::unresolved::is_unresolved;
use crate::object::ObjectId;
use crate::plan::{Action, Change, Summary};
use crate::target::{self, Effect, Target, Write};

/// Why a run stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The target refused something.
    #[error(transparent)]
    Target(#[from] target::Error),
    /// Between the look and the lock somebody else changed something.
    #[error("{0} was changed by somebody else after the plan was made")]
    Changed(String),
    /// A manifest holds a placeholder in place of a value.
    #[error("{0} holds a placeholder in place of a generated value")]
    Unresolved(ObjectId),
}

impl Error {
    /// What to do next, in one sentence.
    pub fn help(&self) -> &str {
        match self {
            Self::Target(error) => &error.help,
            Self::Changed(_) => {
                "nothing was written; run again to see a plan for what is there now"
            }
            Self::Unresolved(_) => "this is a mistake in ksi: please report it",
        }
    }
}

/// Carries out the plan of a look. With nothing to do, nothing is touched.
///
/// # Errors
/// The target refuses something, or is no longer as it was. What was made visible before stays, and
/// the next run goes on from there.
pub async fn apply<T: Target>(
    target: &T,
    view: &View,
    report: &mut dyn FnMut(Event),
) -> Result<Summary, Error> {
    let mut at = None;
    let answer = carry_out(target, view, report, &mut at).await;
    match &answer {
        Ok(outcome) => report(Event::Summary(*outcome)),
        Err(error) => report(Event::Error {
            object: at,
            reason: if let Error::Target(e) = error { Some(e.class) } else { None },
            message: error.to_string(),
            help: error.help().to_owned(),
        }),
    }
    answer
}

async fn carry_out<T: Target>(
    target: &T,
    view: &View,
    report: &mut dyn FnMut(Event),
    at: &mut Option<ObjectId>,
) -> Result<Summary, Error> {
    for change in view.plan.changes.iter().filter(|c| is_write(c)) {
        if change.after.as_ref().is_some_and(is_unresolved) {
            *at = Some(change.id.clone());
            return Err(Error::Unresolved(change.id.clone()));
        }
    }
    let outcome = view.plan.summary();
    report(status(Phase::Planned, ""));
    if view.is_settled() {
        left_alone(view, report);
        return Ok(outcome);
    }
    target.lock().await?;
    report(status(Phase::Locked, ""));
    let answer = Locked { target, view, report, at }.changes().await;
    target.release().await;
    answer.map(|()| outcome)
}

/// A run that holds the lock.
struct Locked<'r, T> {
    target: &'r T,
    view: &'r View,
    report: &'r mut dyn FnMut(Event),
    at: &'r mut Option<ObjectId>,
}

impl<T: Target> Locked<'_, T> {
    async fn changes(&mut self) -> Result<(), Error> {
        let View { desired, observed, kept, plan, union, exact } = self.view;
        self.still_the_same().await?;
        if *kept != desired.values {
            self.target.keep(&desired.values).await?;
        }
        if observed.inventory.as_ref() != Some(union) {
            self.target.record(union).await?;
        }
        let mut said = Vec::new();
        for change in plan.changes.iter().filter(|c| is_write(c)) {
            let Some(body) = &change.after else { continue };
            *self.at = Some(change.id.clone());
            let create = change.action == Action::Create;
            let write = Write { id: &change.id, policy: change.policy, create, body };
            let effect = self.target.write(write).await?;
            self.say(&mut said, effect, applied(change));
        }
        *self.at = None;
        self.target.commit().await?;
        // Only now is it certain that the values are kept.
        if *kept != desired.values {
            let names = desired.values.changed_from(kept).join(", ");
            (self.report)(status(Phase::ValuesKept, &names));
        }
        said.drain(..).for_each(&mut *self.report);
        left_alone(self.view, self.report);
        (self.report)(status(Phase::Written, ""));
        for change in plan.changes.iter().filter(|c| c.action == Action::Delete) {
            *self.at = Some(change.id.clone());
            let effect = self.target.delete(&change.id).await?;
            self.say(&mut said, effect, pruned(change, Pruned::Deleted));
        }
        *self.at = None;
        if union != exact {
            self.target.record(exact).await?;
        }
        self.target.commit().await?;
        said.drain(..).for_each(&mut *self.report);
        (self.report)(status(Phase::Recorded, ""));
        Ok(())
    }

    /// The plan was made without the lock, and perhaps a person has thought about it since.
    async fn still_the_same(&self) -> Result<(), Error> {
        let View { desired, observed, kept, .. } = self.view;
        if self.target.values().await? != *kept {
            return Err(Error::Changed("a kept value".into()));
        }
        let now = observe(self.target, &desired.objects).await?;
        if now.inventory != observed.inventory {
            return Err(Error::Changed("the inventory".into()));
        }
        if now.objects == observed.objects {
            return Ok(());
        }
        let differs = |id: &&ObjectId| now.objects.get(id) != observed.objects.get(id);
        let id = now.objects.keys().chain(observed.objects.keys()).find(differs);
        Err(Error::Changed(id.map(ToString::to_string).unwrap_or_default()))
    }

    /// Reports what can be seen; what is held back is said after the commit.
    fn say(&mut self, said: &mut Vec<Event>, effect: Effect, event: Event) {
        match effect {
            Effect::Visible => (self.report)(event),
            Effect::HeldBack => said.push(event),
        }
    }
}

/// Says which objects stay as they are although that is not what was asked for.
fn left_alone(view: &View, report: &mut dyn FnMut(Event)) {
    for change in &view.plan.changes {
        match change.action {
            Action::Conflict => report(applied(change)),
            Action::Keep => report(pruned(change, Pruned::Kept)),
            _ => {}
        }
    }
}

fn status(state: Phase, message: &str) -> Event {
    Event::Status { state, message: message.to_owned() }
}

fn applied(change: &Change) -> Event {
    Event::Apply {
        component: change.component.clone(),
        object: change.id.clone(),
        state: change.action,
        reason: change.reason.clone(),
    }
}

fn pruned(change: &Change, state: Pruned) -> Event {
    Event::Prune {
        component: change.component.clone(),
        object: change.id.clone(),
        state,
        reason: change.reason.clone(),
    }
}
