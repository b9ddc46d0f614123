//! From a plan to its effect.

use super::event::{Event, Outcome, Phase, Pruned};
use super::unresolved::is_unresolved;
use crate::inventory::Inventory;
use crate::object::ObjectId;
use crate::plan::{Action, Change, Plan};
use crate::target::{self, Effect, Target, Write};
use crate::values::KeptValues;

/// What has to be done, and what shall be remembered.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    /// The objects.
    pub plan: &'a Plan,
    /// Everything that was or will be ours, recorded before the first write.
    pub union: &'a Inventory,
    /// What is ours in the end.
    pub exact: &'a Inventory,
    /// The values that the manifests were made from.
    pub values: &'a KeptValues,
}

/// Why a run stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The target refused something.
    #[error(transparent)]
    Target(#[from] target::Error),
    /// A manifest holds a placeholder in place of a value.
    #[error("{0} holds a placeholder in place of a generated value")]
    Unresolved(ObjectId),
}

impl Error {
    /// What to do next, in one sentence.
    pub fn help(&self) -> &str {
        match self {
            Self::Target(error) => &error.help,
            Self::Unresolved(_) => "this is a mistake in ksi: please report it",
        }
    }
}

/// Carries out a plan. With nothing to do, nothing is touched.
///
/// # Errors
/// The target refuses something. What was made visible before stays, and the next run goes on from
/// there.
pub async fn run<T: Target>(
    target: &T,
    work: &Work<'_>,
    report: &mut dyn FnMut(Event),
) -> Result<Outcome, Error> {
    let mut at = None;
    let answer = carry_out(target, work, report, &mut at).await;
    match &answer {
        Ok(outcome) => report(Event::Summary(*outcome)),
        Err(error) => report(Event::Error {
            object: at,
            reason: if let Error::Target(e) = error {
                Some(e.class)
            } else {
                None
            },
            message: error.to_string(),
            help: error.help().to_owned(),
        }),
    }
    answer
}

async fn carry_out<T: Target>(
    target: &T,
    work: &Work<'_>,
    report: &mut dyn FnMut(Event),
    at: &mut Option<ObjectId>,
) -> Result<Outcome, Error> {
    let outcome = Outcome::of(work.plan);
    report(status(Phase::Planned, ""));
    let recorded = target.inventory().await?;
    let kept = target.values().await?;
    for change in work.plan.changes.iter().filter(|c| is_write(c)) {
        if change.after.as_ref().is_some_and(is_unresolved) {
            *at = Some(change.id.clone());
            return Err(Error::Unresolved(change.id.clone()));
        }
    }
    if outcome.changes() == 0 && kept == *work.values && recorded.as_ref() == Some(work.exact) {
        left_alone(work.plan, report);
        return Ok(outcome);
    }
    target.lock().await?;
    report(status(Phase::Locked, ""));
    let answer = Locked {
        target,
        work,
        report,
        at,
    }
    .changes(&kept, recorded.as_ref())
    .await;
    target.release().await;
    answer.map(|()| outcome)
}

struct Locked<'r, 'w, T> {
    target: &'r T,
    work: &'r Work<'w>,
    report: &'r mut dyn FnMut(Event),
    at: &'r mut Option<ObjectId>,
}

impl<T: Target> Locked<'_, '_, T> {
    async fn changes(
        &mut self,
        kept: &KeptValues,
        recorded: Option<&Inventory>,
    ) -> Result<(), Error> {
        let Work {
            plan,
            union,
            exact,
            values,
        } = *self.work;
        if kept != values {
            self.target.keep(values).await?;
        }
        if recorded != Some(union) {
            self.target.record(union).await?;
        }
        let mut said = Vec::new();
        for change in plan.changes.iter().filter(|c| is_write(c)) {
            let Some(body) = &change.after else { continue };
            *self.at = Some(change.id.clone());
            let create = change.action == Action::Create;
            let write = Write {
                id: &change.id,
                policy: change.policy,
                create,
                body,
            };
            let effect = self.target.write(write).await?;
            self.say(&mut said, effect, applied(change));
        }
        *self.at = None;
        self.target.commit().await?;
        // Only now is it certain that the values are kept.
        if kept != values {
            let names = values.changed_from(kept).join(", ");
            (self.report)(status(Phase::ValuesKept, &names));
        }
        said.drain(..).for_each(&mut *self.report);
        left_alone(plan, self.report);
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

    /// Reports what can be seen; what is held back is said after the commit.
    fn say(&mut self, said: &mut Vec<Event>, effect: Effect, event: Event) {
        match effect {
            Effect::Visible => (self.report)(event),
            Effect::HeldBack => said.push(event),
        }
    }
}

fn is_write(change: &Change) -> bool {
    matches!(
        change.action,
        Action::Create | Action::Update | Action::Adopt
    )
}

/// Says which objects stay as they are although that is not what was asked for.
fn left_alone(plan: &Plan, report: &mut dyn FnMut(Event)) {
    for change in &plan.changes {
        match change.action {
            Action::Conflict => report(applied(change)),
            Action::Keep => report(pruned(change, Pruned::Kept)),
            _ => {}
        }
    }
}

fn status(state: Phase, message: &str) -> Event {
    Event::Status {
        state,
        message: message.to_owned(),
    }
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
