//! One component of a run.

use std::time::{Duration, Instant};

use super::state::State;
use crate::object::ObjectId;

/// An object that is not healthy, or not gone, yet.
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
    /// Objects that are as wanted, of how many.
    pub(super) done: usize,
    pub(super) total: usize,
    /// Objects that are gone, of how many.
    pub(super) removed: usize,
    pub(super) removals: usize,
    reason: Option<String>,
    awaited: Vec<Awaited>,
    /// Since when it is in this state.
    since: Instant,
    /// When work on it began.
    began: Option<Instant>,
    /// How it was before objects of it were removed.
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
            // What was awaited in vain says best why it failed.
            State::Failed => {}
            _ => self.awaited.clear(),
        }
        if state.is_well() {
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
        if self.removed < self.removals && (self.state == State::Queued || self.state.is_well()) {
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

    /// How it is doing, in words.
    pub(super) fn words(&self) -> String {
        let with = |word: &str| match &self.reason {
            Some(reason) => format!("{word}: {reason}"),
            None => word.to_owned(),
        };
        match self.state {
            State::Queued => "not begun".to_owned(),
            State::Waiting => match &self.reason {
                Some(reason) => format!("waiting for {}", reason.trim_start_matches("waits for ")),
                None => "waiting".to_owned(),
            },
            State::Writing => "writing".to_owned(),
            State::Checking => self
                .awaited_words()
                .map_or_else(|| "checking".to_owned(), |what| format!("waiting for {what}")),
            State::Removing => self
                .awaited_words()
                .map_or_else(|| "removing".to_owned(), |what| format!("removing {what}")),
            State::Healthy => "healthy".to_owned(),
            State::Written => "written".to_owned(),
            State::Removed => "removed".to_owned(),
            State::Failed => self
                .awaited_words()
                .map_or_else(|| with("failed"), |what| format!("failed: {what}")),
            State::LeftOut => with("left out").replace(", which is not as wanted", ""),
            State::Stopped => "stopped".to_owned(),
        }
    }

    /// The object that is awaited longest, how many more there are, and why.
    fn awaited_words(&self) -> Option<String> {
        let Awaited { object, reason, .. } = self.awaited.first()?;
        let more = match self.awaited.len() {
            1 => String::new(),
            several => format!(" (+{})", several - 1),
        };
        Some(format!("{}{more}: {reason}", object.name))
    }

    /// How long the present state, or what is awaited longest, has lasted; for what is over, how long
    /// it took.
    pub(super) fn lasts(&self, now: Instant) -> Option<Duration> {
        let awaited = self.awaited.first().map(|awaited| awaited.since);
        match self.state {
            State::Queued | State::LeftOut | State::Stopped => None,
            State::Checking | State::Removing => Some(now - awaited.unwrap_or(self.since)),
            State::Waiting | State::Writing => Some(now - self.since),
            _ => Some(self.since - self.began?),
        }
    }
}
