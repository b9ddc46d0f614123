//! The progress of a run, built from its events: a pure model, drawn as lines of text.

mod draw;
mod planned;
mod row;
mod state;
#[cfg(test)]
mod tests;
mod text;

use std::time::{Duration, Instant};

use crate::engine::{Event, Pruned};
use crate::plan::Action;

pub use draw::TableStyle;
use row::Row;
use state::State;
pub(super) use text::{cut, span};

/// How many components a line about what is awaited names.
const NAMED: usize = 3;

/// The progress of a run, per component. Time is passed in.
#[derive(Debug)]
pub struct Progress {
    title: String,
    /// Whether the run uninstalls everything.
    removes: bool,
    began: Instant,
    ended: Option<Instant>,
    stopping: bool,
    rows: Vec<Row>,
    errors: usize,
    findings: usize,
    conflicts: usize,
    warnings: usize,
}

impl Progress {
    /// A run without any progress yet. The title names the command and its target.
    pub fn new(title: impl Into<String>, now: Instant) -> Self {
        Self {
            title: title.into(),
            removes: false,
            began: now,
            ended: None,
            stopping: false,
            rows: Vec::new(),
            errors: 0,
            findings: 0,
            conflicts: 0,
            warnings: 0,
        }
    }

    /// Whether the run uninstalls everything.
    pub(super) fn removes(&self) -> bool {
        self.removes
    }

    fn row(&mut self, name: &str, now: Instant) -> &mut Row {
        let at = self.rows.iter().position(|row| row.name == name).unwrap_or_else(|| {
            self.rows.push(Row::new(name, now));
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }

    /// Records an event.
    pub fn record(&mut self, event: &Event, now: Instant) {
        match event {
            Event::Apply { state: Action::Conflict, .. } => self.conflicts += 1,
            Event::Apply { component, object, .. } if self.removes => {
                self.row(component, now).removed(object, now);
            }
            Event::Apply { component, object, state, .. } => {
                if matches!(state, Action::Create | Action::Update | Action::Adopt) {
                    let row = self.row(component, now);
                    row.ready(object);
                    row.wrote(now);
                }
            }
            Event::Prune { component, object, state: Pruned::Deleted, .. } => {
                self.row(component, now).removed(object, now);
            }
            Event::Component { name, state, done, total, reason } => {
                let row = self.row(name, now);
                (row.done, row.total) = (*done, *total);
                row.enter((*state).into(), reason.clone(), now);
            }
            Event::Wait { component, object, reason, cause } => {
                let reason = match cause {
                    Some(cause) if cause.message.is_empty() => cause.reason.clone(),
                    Some(cause) => format!("{}: {}", cause.reason, cause.message),
                    None => reason.clone(),
                };
                self.row(component, now).awaits(object, &reason, now);
            }
            Event::Ready { component, object } => self.row(component, now).ready(object),
            Event::Finding { .. } => self.findings += 1,
            Event::Warning { .. } => self.warnings += 1,
            Event::Error { object: Some(_), reason: Some(_), .. } => self.errors += 1,
            Event::Check { .. }
            | Event::Connection { .. }
            | Event::Prune { .. }
            | Event::Error { .. }
            | Event::Status { .. }
            | Event::Summary(_) => {}
        }
    }

    /// Records that the user interrupted the run. Returns false if that was known already.
    pub fn stop(&mut self) -> bool {
        !std::mem::replace(&mut self.stopping, true)
    }

    /// The run has ended: nothing is awaited any more. `success` is set if it was not cut short.
    pub fn end(&mut self, success: bool, now: Instant) {
        self.ended.get_or_insert(now);
        self.stopping = false;
        for row in &mut self.rows {
            match row.state {
                // If the target runs no workloads, no component reports that it is done.
                State::Queued | State::Writing if success && row.is_complete() => {
                    row.enter(State::Written, None, now);
                }
                _ if row.state.is_busy() => row.enter(State::Stopped, None, now),
                _ => {}
            }
        }
    }

    /// What the run still waits for, one text per component.
    pub fn awaited(&self) -> Vec<String> {
        let busy = self.rows.iter().filter(|row| row.state.is_busy());
        busy.map(|row| format!("{} ({})", row.name, row.describe())).collect()
    }

    /// The duration of the run so far.
    pub fn lasts(&self, now: Instant) -> Duration {
        now - self.began
    }

    /// What the run still waits for, and for how long, on one line.
    pub(super) fn heartbeat(&self, now: Instant, symbols: bool) -> String {
        let time = span(self.lasts(now));
        let awaited = self.awaited();
        let more = match awaited.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (done, total) = self.objects();
        if awaited.is_empty() {
            return format!("still running after {time}: {done} of {total} objects");
        }
        let named: Vec<String> =
            awaited.iter().take(NAMED).map(|text| cut(text, 120, symbols)).collect();
        format!("still running after {time}, {done} of {total} objects: {}{more}", named.join(", "))
    }

    /// The number of objects that are done, and of all objects.
    pub fn objects(&self) -> (usize, usize) {
        let done = self.rows.iter().map(|row| row.done + row.removed).sum();
        (done, self.rows.iter().map(|row| row.total + row.removals).sum())
    }
}
