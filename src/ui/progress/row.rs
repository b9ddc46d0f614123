//! One component of a run.

use std::time::{Duration, Instant};

use super::state::State;
use crate::object::ObjectId;

/// An object that is not healthy, or not deleted, yet.
#[derive(Debug)]
struct Awaited {
    object: ObjectId,
    reason: String,
    since: Instant,
}

/// One component of a run.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) state: State,
    /// The number of objects that are done, of all.
    pub(super) done: usize,
    pub(super) total: usize,
    /// The number of objects that are deleted, of all.
    pub(super) removed: usize,
    pub(super) removals: usize,
    reason: Option<String>,
    awaited: Vec<Awaited>,
    /// The start of the current state.
    since: Instant,
    /// The start of the work on it.
    began: Option<Instant>,
    /// The state before objects of it were removed.
    settled: Option<State>,
}

impl Row {
    pub(super) fn new(name: &str, now: Instant) -> Self {
        Self {
            name: name.to_owned(),
            state: State::Queued,
            done: 0,
            total: 0,
            removed: 0,
            removals: 0,
            reason: None,
            awaited: Vec::new(),
            since: now,
            began: None,
            settled: None,
        }
    }

    pub(super) fn enter(&mut self, state: State, reason: Option<String>, now: Instant) {
        if self.state != state {
            (self.state, self.since) = (state, now);
        }
        self.reason = reason;
        match state {
            State::Queued | State::Waiting => self.began = None,
            State::Writing | State::Checking | State::Removing => {
                self.began.get_or_insert(now);
            }
            // The object that never became healthy explains best why it failed.
            State::Failed | State::Conflict => {}
            _ => self.awaited.clear(),
        }
        if state.is_success() {
            self.settled = Some(state);
        }
    }

    pub(super) fn wrote(&mut self, now: Instant) {
        self.done += 1;
        self.total = self.total.max(self.done);
        if matches!(self.state, State::Queued | State::Waiting) {
            self.enter(State::Writing, None, now);
        }
    }

    pub(super) fn removed(&mut self, object: &ObjectId, now: Instant) {
        self.ready(object);
        self.removed += 1;
        self.removals = self.removals.max(self.removed);
        if self.removed == self.removals {
            self.enter(self.settled.unwrap_or(State::Removed), None, now);
        } else {
            self.enter(State::Removing, None, now);
        }
    }

    pub(super) fn awaits(&mut self, object: &ObjectId, reason: &str, now: Instant) {
        let reason = reason.to_owned();
        match self.awaited.iter_mut().find(|awaited| awaited.object == *object) {
            Some(awaited) => awaited.reason = reason,
            None => self.awaited.push(Awaited { object: object.clone(), reason, since: now }),
        }
        if self.removed < self.removals && (self.state == State::Queued || self.state.is_success())
        {
            self.enter(State::Removing, None, now);
        } else if matches!(self.state, State::Queued | State::Writing) {
            self.enter(State::Checking, None, now);
        }
    }

    pub(super) fn ready(&mut self, object: &ObjectId) {
        self.awaited.retain(|awaited| awaited.object != *object);
    }

    pub(super) fn is_complete(&self) -> bool {
        self.done >= self.total && self.removed >= self.removals
    }

    /// The state as text.
    pub(super) fn describe(&self) -> String {
        let with_reason = |word: &str| match &self.reason {
            Some(reason) => format!("{word}: {reason}"),
            None => word.to_owned(),
        };
        match self.state {
            State::Queued => "pending".to_owned(),
            State::Waiting => match &self.reason {
                Some(reason) => {
                    let reason = reason.trim_start_matches("waiting for ");
                    format!("waiting for {}", reason.trim_start_matches("waiting for "))
                }
                None => "waiting".to_owned(),
            },
            State::Writing => "writing".to_owned(),
            State::Checking => self
                .awaited_text()
                .map_or_else(|| "checking".to_owned(), |what| format!("waiting for {what}")),
            State::Removing => self
                .awaited_text()
                .map_or_else(|| "removing".to_owned(), |what| format!("removing {what}")),
            State::Healthy => "healthy".to_owned(),
            State::Written => "written".to_owned(),
            State::Removed => "removed".to_owned(),
            State::Failed => self
                .awaited_text()
                .map_or_else(|| with_reason("failed"), |what| format!("failed: {what}")),
            State::Conflict => self.reason.clone().unwrap_or_else(|| "conflict".to_owned()),
            State::Skipped => with_reason("skipped"),
            State::Stopped => "stopped".to_owned(),
        }
    }

    /// The object that the run has waited for longest, the number of others, and the reason.
    fn awaited_text(&self) -> Option<String> {
        let Awaited { object, reason, .. } = self.awaited.first()?;
        let more = match self.awaited.len() {
            1 => String::new(),
            several => format!(" (+{})", several - 1),
        };
        Some(format!("{}{more}: {reason}", object.name))
    }

    /// How long the current state, or the longest wait, has lasted; for a finished component, how long it
    /// took.
    pub(super) fn lasts(&self, now: Instant) -> Option<Duration> {
        let awaited = self.awaited.first().map(|awaited| awaited.since);
        match self.state {
            State::Queued | State::Skipped | State::Stopped => None,
            State::Checking | State::Removing => Some(now - awaited.unwrap_or(self.since)),
            State::Waiting | State::Writing => Some(now - self.since),
            _ => Some(self.since - self.began?),
        }
    }
}
