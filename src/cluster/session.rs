//! The state of one run on a connection: deadline, warnings, cancellation.

use std::collections::BTreeSet;
use std::future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::error::Error;
use super::pulse::Pulse;

/// The state of one run.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) pulse: Pulse,
    warnings: Mutex<BTreeSet<String>>,
    /// When retries end.
    deadline: Mutex<Option<Instant>>,
    /// Why the run was cancelled.
    cancelled: watch::Sender<Option<Error>>,
}

impl Session {
    pub(super) fn warn(&self, warning: String) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).insert(warning);
    }

    pub(super) fn take_warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *warnings).into_iter().collect()
    }

    pub(super) fn end_in(&self, time: Duration) {
        // A huge time would overflow the clock.
        let deadline = Instant::now().checked_add(time);
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    }

    /// The time until the deadline; `None` without a deadline.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let deadline = *self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    pub(super) fn lasts(&self, wait: Duration) -> bool {
        self.time_left().is_none_or(|left| wait < left)
    }

    /// Only the first reason counts.
    pub(super) fn cancel(&self, reason: Error) {
        self.cancelled.send_if_modified(|cancelled| {
            let first = cancelled.is_none();
            cancelled.get_or_insert(reason);
            first
        });
    }

    /// Returns when the run is cancelled, with the reason.
    pub(super) async fn cancelled(&self) -> Error {
        let mut cancelled = self.cancelled.subscribe();
        loop {
            if let Some(reason) = cancelled.borrow_and_update().clone() {
                return reason;
            }
            if cancelled.changed().await.is_err() {
                return future::pending().await;
            }
        }
    }
}
