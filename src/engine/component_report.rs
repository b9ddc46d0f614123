//! What is reported of a component: its state, and how much of it is done.

use super::component_plan::ComponentPlan;
use super::event::ComponentState as State;
use super::run::{Outcome, Run, RunEnd};
use crate::plan::{Action, Change};
use crate::target::Target;

impl<T: Target> Run<'_, T> {
    /// How many objects of a component are up to date, and how many it has.
    pub(super) fn count(&self, component: &ComponentPlan<'_>) -> (usize, usize) {
        let written = self.written.borrow();
        let is_done = |change: &&Change| {
            matches!(change.action, Action::Unchanged | Action::Keep)
                || written.contains_key(&change.id)
        };
        (component.changes().filter(is_done).count(), component.changes().count())
    }

    pub(super) fn report_waiting(&self, component: &ComponentPlan<'_>, need: &str) {
        if self.known_outcome(need).is_none() && !self.is_ended() {
            let reason = Some(format!("waiting for {need}"));
            self.report_component(component.name, State::Waiting, self.count(component), reason);
        }
    }

    pub(super) fn report_end(&self, component: &ComponentPlan<'_>, outcome: Outcome) -> Outcome {
        let (state, reason) = match &outcome {
            Outcome::Succeeded if self.waits() => (State::Healthy, None),
            Outcome::Succeeded => (State::Done, None),
            Outcome::Failed(why) => (State::Failed, Some(why.clone())),
            Outcome::Stopped => {
                if let Some(RunEnd::TimedOut) = self.run_end() {
                    let why = "the run timed out first".to_owned();
                    self.incomplete
                        .borrow_mut()
                        .skipped
                        .push((component.name.to_owned(), why.clone()));
                    self.report_component(
                        component.name,
                        State::Skipped,
                        self.count(component),
                        Some(why),
                    );
                }
                return outcome;
            }
        };
        self.report_component(component.name, state, self.count(component), reason);
        outcome
    }
}
