//! What all parts of a run share: what was done, what was said, and whether it is over.

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
use crate::object::{Masker, ObjectId, Scrubber};
use crate::target::{self, Effect, ErrorKind, Finding, Target, Written};

/// How long what is on its way is waited for when the time is up: a request has a little time of its own
/// to end.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// A run of one planned.
pub(super) struct Run<'r, T> {
    pub(super) target: &'r T,
    pub(super) planned: &'r Planned,
    pub(super) options: &'r Options,
    /// Whether anything runs there, so that health means something.
    pub(super) runs: bool,
    /// Objects that the lock itself made after the review.
    pub(super) made: BTreeSet<ObjectId>,
    /// What came of the writes.
    pub(super) written: RefCell<BTreeMap<ObjectId, Written>>,
    /// What was deleted.
    pub(super) deleted: RefCell<BTreeSet<ObjectId>>,
    /// What is not as wanted.
    pub(super) trouble: RefCell<Incomplete>,
    pub(super) stop: &'r Stop,
    /// Knows what is secret in what is wanted.
    scrubber: OnceCell<Scrubber>,
    deadline: Instant,
    report: RefCell<&'r mut dyn FnMut(Event)>,
    /// Told after the commit.
    held: RefCell<Vec<Event>>,
    progress: watch::Sender<Progress>,
}

/// What the parts of a run wait for.
#[derive(Debug, Default)]
struct Progress {
    over: Option<Over>,
    ended: BTreeMap<String, Outcome>,
}

/// Why nothing more is begun.
#[derive(Debug, Clone)]
pub(super) enum Over {
    /// The place refuses everything.
    Refused(target::Error),
    /// The time is up.
    TimedOut,
    /// The user wants it.
    Interrupted,
}

/// What became of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Everything is as wanted.
    Well,
    /// Something is not: why.
    Ill(String),
    /// The run was over before it was done.
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
            runs: false,
            made: BTreeSet::new(),
            written: RefCell::default(),
            deleted: RefCell::default(),
            trouble: RefCell::default(),
            stop,
            scrubber: OnceCell::new(),
            // A time without end would overflow the clock.
            deadline: Instant::now() + options.wait.timeout.min(Duration::from_secs(86_400 * 365)),
            report: RefCell::new(report),
            held: RefCell::default(),
            progress: watch::Sender::default(),
        }
    }

    /// Whether health is waited for.
    pub(super) fn waits(&self) -> bool {
        self.runs && self.options.wait.health
    }

    /// Reports something.
    pub(super) fn say(&self, event: Event) {
        (self.report.borrow_mut())(event);
    }

    /// Reports a change that can be seen; one that is held back is told after the commit.
    pub(super) fn say_when(&self, effect: Effect, event: Event) {
        match effect {
            Effect::Visible => self.say(event),
            Effect::HeldBack => self.held.borrow_mut().push(event),
        }
    }

    /// Reports what was held back.
    pub(super) fn say_held(&self) {
        let held = std::mem::take(&mut *self.held.borrow_mut());
        for event in held {
            self.say(event);
        }
    }

    /// Reports that an object is no longer awaited.
    pub(super) fn say_ready(&self, component: &str, object: &ObjectId) {
        self.say(Event::Ready { component: component.to_owned(), object: object.clone() });
    }

    /// Reports how a component is doing, where anything runs.
    pub(super) fn say_component(
        &self,
        name: &str,
        state: ComponentState,
        (done, total): (usize, usize),
        reason: Option<String>,
    ) {
        if self.runs {
            self.say(Event::Component { name: name.to_owned(), state, done, total, reason });
        }
    }

    /// Reports what the place warns of.
    pub(super) fn say_warnings(&self) {
        for message in self.target.warnings() {
            self.say(Event::Warning { message });
        }
    }

    /// What others wrote, without what is secret in what is wanted: pods log what they read.
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

    /// Reports what is wrong with an object.
    pub(super) fn say_finding(&self, component: &str, mut finding: Finding) {
        finding.message = self.scrub(&finding.message);
        for line in &mut finding.lines {
            *line = self.scrub(line);
        }
        self.say(Event::Finding { component: component.to_owned(), finding });
    }

    /// Notes an error of one object; one of the place itself ends the run.
    pub(super) fn fail(&self, id: &ObjectId, error: target::Error) {
        if !error.kind.is_of_one_object() {
            return self.end(Over::Refused(error));
        }
        self.say(Event::Error {
            object: Some(id.clone()),
            reason: Some(error.kind),
            message: error.to_string(),
            help: error.help.clone(),
        });
        self.trouble.borrow_mut().failed.push((id.clone(), error));
    }

    /// Why nothing more is begun. A lost lock or an error of the place counts more than what came
    /// after it.
    pub(super) fn over(&self) -> Option<Over> {
        if self.stop.is_requested() {
            self.end(Over::Interrupted);
        }
        self.progress.borrow().over.clone()
    }

    pub(super) fn is_over(&self) -> bool {
        self.over().is_some()
    }

    pub(super) fn end(&self, over: Over) {
        let graver = |new: &Over, old: &Over| match (new, old) {
            (Over::Refused(new), Over::Refused(old)) => {
                new.kind == ErrorKind::Locked && old.kind != ErrorKind::Locked
            }
            (Over::Refused(_), _) => true,
            _ => false,
        };
        self.progress.send_if_modified(|progress| {
            let ends = progress.over.as_ref().is_none_or(|old| graver(&over, old));
            if ends {
                progress.over = Some(over);
            }
            ends
        });
    }

    /// What a future gives, unless the run is over before.
    pub(super) async fn unless_over<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut progress = self.progress.subscribe();
        tokio::select! {
            biased;
            _ = progress.wait_for(|progress| progress.over.is_some()) => None,
            answer = future => Some(answer),
        }
    }

    /// Returns when not even what is on its way is waited for any more: at once where the place refuses
    /// everything, soon where the time is up. What the user ends may still end well.
    pub(super) async fn orphaned_webhooks(&self) {
        let mut progress = self.progress.subscribe();
        let is_late = |progress: &Progress| matches!(progress.over, Some(Over::TimedOut));
        let is_refused = |progress: &Progress| matches!(progress.over, Some(Over::Refused(_)));
        let _ = progress.wait_for(|progress| is_late(progress) || is_refused(progress)).await;
        tokio::select! {
            _ = progress.wait_for(is_refused) => {}
            () = tokio::time::sleep(LAST_ANSWERS) => {}
        }
    }

    /// Notes what became of a component.
    pub(super) fn ended(&self, name: &str, outcome: Outcome) {
        self.progress.send_modify(|progress| {
            progress.ended.insert(name.to_owned(), outcome);
        });
    }

    /// What became of a component, if that is known already.
    pub(super) fn known_outcome(&self, name: &str) -> Option<Outcome> {
        self.progress.borrow().ended.get(name).cloned()
    }

    /// What becomes of a component: returns when it is known, or when the run is over.
    pub(super) async fn outcome_of(&self, name: &str) -> Outcome {
        let mut progress = self.progress.subscribe();
        let known = progress
            .wait_for(|progress| progress.over.is_some() || progress.ended.contains_key(name))
            .await;
        known.ok().and_then(|known| known.ended.get(name).cloned()).unwrap_or(Outcome::Stopped)
    }

    /// Works until it is done; meanwhile a wish to stop and the end of the time are noticed.
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
                    self.end(Over::Interrupted);
                }
                () = &mut late, if !was_late => {
                    was_late = true;
                    self.end(Over::TimedOut);
                }
                () = &mut work => return,
            }
        }
    }
}
