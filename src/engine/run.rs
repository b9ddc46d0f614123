//! The shared state of a run: its writes, its problems, and whether it has ended.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::error::Incomplete;
use super::event::{ComponentState, Event};
use super::{Options, Planned, Stop};
use crate::inventory::LastRun;
use crate::object::{Masker, ObjectId, Scrubber};
use crate::target::{self, Effect, ErrorKind, Finding, Target, Written};

/// How long a run that timed out waits for writes in flight.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// A run of one plan.
pub(super) struct Run<'r, T> {
    pub(super) target: &'r T,
    pub(super) planned: &'r Planned,
    pub(super) options: &'r Options,
    /// Whether the target runs workloads, so that objects have a health.
    pub(super) runs: bool,
    /// Objects that had to be created for the lock.
    pub(super) made_by_lock: OnceCell<BTreeSet<ObjectId>>,
    /// This run, as it was recorded before its first write.
    pub(super) started: OnceCell<LastRun>,
    /// The results of the writes.
    pub(super) written: RefCell<BTreeMap<ObjectId, Written>>,
    /// The deleted objects.
    pub(super) deleted: RefCell<BTreeSet<ObjectId>>,
    /// The problems so far.
    pub(super) incomplete: RefCell<Incomplete>,
    pub(super) stop: &'r Stop,
    /// Knows the secrets in the desired objects.
    scrubber: OnceCell<Scrubber>,
    deadline: Instant,
    report: RefCell<&'r mut dyn FnMut(Event)>,
    /// Events to report after the commit.
    held_back: RefCell<Vec<Event>>,
    progress: watch::Sender<Progress>,
}

/// The state that components wait for.
#[derive(Debug, Default)]
struct Progress {
    run_end: Option<RunEnd>,
    outcomes: BTreeMap<String, Outcome>,
}

/// Why a run ends early.
#[derive(Debug, Clone)]
pub(super) enum RunEnd {
    /// The target refuses everything.
    Refused(target::Error),
    /// It timed out.
    TimedOut,
    /// The user interrupted it.
    Interrupted,
}

/// The outcome of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is up to date, and healthy if the run waits for that.
    Succeeded,
    /// It failed or was skipped, for this reason.
    Failed(String),
    /// The run ended first.
    Stopped,
}

impl<'r, T: Target> Run<'r, T> {
    pub(super) fn new(
        target: &'r T,
        planned: &'r Planned,
        options: &'r Options,
        stop: &'r Stop,
        report: &'r mut dyn FnMut(Event),
    ) -> Self {
        Self {
            target,
            planned,
            options,
            runs: target.runs_workloads(),
            made_by_lock: OnceCell::new(),
            started: OnceCell::new(),
            written: RefCell::default(),
            deleted: RefCell::default(),
            incomplete: RefCell::default(),
            stop,
            scrubber: OnceCell::new(),
            // A huge timeout would overflow the clock.
            deadline: Instant::now() + options.wait.timeout.min(Duration::from_secs(86_400 * 365)),
            report: RefCell::new(report),
            held_back: RefCell::default(),
            progress: watch::Sender::default(),
        }
    }

    /// Whether an object had to be created for the lock.
    pub(super) fn is_made_by_lock(&self, id: &ObjectId) -> bool {
        self.made_by_lock.get().is_some_and(|made| made.contains(id))
    }

    /// Whether the run waits for health.
    pub(super) fn waits(&self) -> bool {
        self.runs && self.options.wait.health
    }

    /// Reports an event.
    pub(super) fn report(&self, event: Event) {
        (self.report.borrow_mut())(event);
    }

    /// Reports a change: now if it is visible, otherwise after the commit.
    pub(super) fn report_when(&self, effect: Effect, event: Event) {
        match effect {
            Effect::Visible => self.report(event),
            Effect::HeldBack => self.held_back.borrow_mut().push(event),
        }
    }

    /// Reports the changes that the commit made visible.
    pub(super) fn report_held_back(&self) {
        let held = std::mem::take(&mut *self.held_back.borrow_mut());
        for event in held {
            self.report(event);
        }
    }

    /// Reports that an object is ready.
    pub(super) fn report_ready(&self, component: &str, object: &ObjectId) {
        self.report(Event::Ready { component: component.to_owned(), object: object.clone() });
    }

    /// Reports the state of a component if the target runs workloads.
    pub(super) fn report_component(
        &self,
        name: &str,
        state: ComponentState,
        (done, total): (usize, usize),
        reason: Option<String>,
    ) {
        if self.runs {
            self.report(Event::Component { name: name.to_owned(), state, done, total, reason });
        }
    }

    /// Reports the warnings of the target.
    pub(super) fn report_warnings(&self) {
        for message in self.target.warnings() {
            self.report(Event::Warning { message });
        }
    }

    /// Removes the secrets of the desired objects from a text of others: pods log what they read.
    pub(super) fn scrub(&self, text: &str) -> String {
        let knowing = || {
            let mut masker = Masker::new();
            for object in &self.planned.desired.objects {
                masker.mask(&object.id, &mut object.body.clone());
            }
            Scrubber::knowing(masker.hidden())
        };
        self.scrubber.get_or_init(knowing).text(text)
    }

    /// Reports a finding.
    pub(super) fn report_finding(&self, component: &str, mut finding: Finding) {
        finding.message = self.scrub(&finding.message);
        for line in &mut finding.lines {
            *line = self.scrub(line);
        }
        self.report(Event::Finding { component: component.to_owned(), finding });
    }

    /// Records an error of one object; other errors end the run.
    pub(super) fn fail(&self, id: &ObjectId, error: target::Error) {
        if !error.kind.is_of_one_object() {
            return self.end(RunEnd::Refused(error));
        }
        self.report(Event::Error {
            object: Some(id.clone()),
            reason: Some(error.kind),
            message: error.to_string(),
            help: error.help.clone(),
        });
        self.incomplete.borrow_mut().failed.push((id.clone(), error));
    }

    /// The same, and the error as a text.
    pub(super) fn failed(&self, id: &ObjectId, error: target::Error) -> String {
        let text = error.to_string();
        self.fail(id, error);
        text
    }

    /// Why the run ends early; `None` if it does not. A lost lock or another error of the target has
    /// precedence.
    pub(super) fn run_end(&self) -> Option<RunEnd> {
        if self.stop.is_requested() {
            self.end(RunEnd::Interrupted);
        }
        self.progress.borrow().run_end.clone()
    }

    pub(super) fn is_ended(&self) -> bool {
        self.run_end().is_some()
    }

    pub(super) fn end(&self, run_end: RunEnd) {
        let graver = |new: &RunEnd, old: &RunEnd| match (new, old) {
            (RunEnd::Refused(new), RunEnd::Refused(old)) => {
                new.kind == ErrorKind::Locked && old.kind != ErrorKind::Locked
            }
            (RunEnd::Refused(_), _) => true,
            _ => false,
        };
        self.progress.send_if_modified(|progress| {
            let ends = progress.run_end.as_ref().is_none_or(|old| graver(&run_end, old));
            if ends {
                progress.run_end = Some(run_end);
            }
            ends
        });
    }

    /// The output of a future; `None` if the run ends first.
    pub(super) async fn unless_ended<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut progress = self.progress.subscribe();
        tokio::select! {
            biased;
            _ = progress.wait_for(|progress| progress.run_end.is_some()) => None,
            answer = future => Some(answer),
        }
    }

    /// Returns when writes in flight are aborted: at once if the target refuses everything, a little later
    /// after a timeout. An interrupted run waits for them.
    pub(super) async fn writes_aborted(&self) {
        let mut progress = self.progress.subscribe();
        let is_late = |progress: &Progress| matches!(progress.run_end, Some(RunEnd::TimedOut));
        let is_refused = |progress: &Progress| matches!(progress.run_end, Some(RunEnd::Refused(_)));
        let _ = progress.wait_for(|progress| is_late(progress) || is_refused(progress)).await;
        tokio::select! {
            _ = progress.wait_for(is_refused) => {}
            () = tokio::time::sleep(LAST_ANSWERS) => {}
        }
    }

    /// Sets the outcome of a component.
    pub(super) fn component_ended(&self, name: &str, outcome: Outcome) {
        self.progress.send_modify(|progress| {
            progress.outcomes.insert(name.to_owned(), outcome);
        });
    }

    /// The outcome of a component; `None` if it is not known yet.
    pub(super) fn known_outcome(&self, name: &str) -> Option<Outcome> {
        self.progress.borrow().outcomes.get(name).cloned()
    }

    /// Waits for the outcome of a component, or for the end of the run.
    pub(super) async fn outcome_of(&self, name: &str) -> Outcome {
        let mut progress = self.progress.subscribe();
        let known = progress
            .wait_for(|progress| progress.run_end.is_some() || progress.outcomes.contains_key(name))
            .await;
        known.ok().and_then(|known| known.outcomes.get(name).cloned()).unwrap_or(Outcome::Stopped)
    }

    /// Runs a future to its end, and ends the run when it is interrupted or times out.
    pub(super) async fn drive(&self, work: impl Future<Output = ()>) {
        let mut work = pin!(work);
        let mut interrupted = pin!(self.stop.requested());
        let mut late = pin!(tokio::time::sleep_until(self.deadline));
        let (mut asked, mut was_late) = (false, false);
        loop {
            tokio::select! {
                biased;
                () = &mut interrupted, if !asked => {
                    asked = true;
                    self.end(RunEnd::Interrupted);
                }
                () = &mut late, if !was_late => {
                    was_late = true;
                    self.end(RunEnd::TimedOut);
                }
                () = &mut work => return,
            }
        }
    }
}
