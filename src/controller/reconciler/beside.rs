//! What is written beside a run: its status, and the Event of an edit that changes nothing.

use std::cell::RefCell;
use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::Notify as Signal;
use tokio::time::sleep;

use super::super::cc::Configured;
use super::super::event::Reason;
use super::super::notice::Notice;
use super::super::problem::{self, Problem};
use super::super::progress::Progress;
use super::super::publish::Publisher;
use super::super::state::{State, Verdict};

/// How often the status of a run is written at most.
const REFRESH: Duration = Duration::from_secs(1);

/// What is known of a run while it is at work.
pub(super) struct Beside {
    /// The state when the run began.
    before: Option<State>,
    state: RefCell<Option<State>>,
    pub(super) progress: RefCell<Progress>,
    /// What is wrong with an edit that was made meanwhile, until there is an Event about it.
    untold: RefCell<Option<String>>,
    edited: Signal,
}

impl Beside {
    pub(super) fn new(state: Option<State>, progress: Progress) -> Self {
        Self {
            state: RefCell::new(state.clone()),
            before: state,
            progress: RefCell::new(progress),
            untold: RefCell::default(),
            edited: Signal::new(),
        }
    }

    /// An edit is invalid, so that the run goes on.
    pub(super) fn is_invalid(&self, edited: Configured, problems: Vec<Problem>) {
        *self.untold.borrow_mut() = Some(problem::text(&problems));
        if let Some(state) = self.state.borrow_mut().as_mut() {
            state.judged = Some(edited.spec_hash.clone());
            state.verdict = Verdict::Invalid(problems);
            state.cc = edited;
        }
        self.edited.notify_one();
    }

    /// What the run was begun with is wanted again.
    pub(super) fn is_taken_back(&self, edited: Configured) {
        *self.untold.borrow_mut() = None;
        if let (Some(state), Some(before)) = (self.state.borrow_mut().as_mut(), &self.before)
            && state.cc.spec_hash != edited.spec_hash
        {
            state.judged.clone_from(&before.judged);
            state.verdict = before.verdict.clone();
            state.cc = edited;
        }
    }

    /// Writes status and Event again and again. What cannot be written is written later.
    pub(super) async fn publish(
        &self,
        publisher: &mut Publisher,
        warn: &dyn Fn(Notice),
    ) -> Infallible {
        loop {
            tokio::select! {
                () = sleep(REFRESH) => {}
                () = self.edited.notified() => {}
            }
            let state = self.state.borrow().clone();
            let Some(mut state) = state else { continue };
            let progress = self.progress.borrow().clone();
            let untold = self.untold.borrow().clone();
            if let Some(message) = untold {
                let told = publisher.tell(&state.cc, Reason::Invalid, &progress.id, &message).await;
                if let Err(error) = told {
                    warn(Notice::Warning(format!("Event Invalid is not written: {error}")));
                }
                self.untold.borrow_mut().take_if(|left| *left == message);
            }
            state.operation = Some(progress);
            let _ = publisher.publish(&state).await;
        }
    }

    /// The progress, and what there is no Event about yet.
    pub(super) fn into_parts(self) -> (Progress, Option<String>) {
        (self.progress.into_inner(), self.untold.into_inner())
    }
}
