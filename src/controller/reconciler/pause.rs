//! A pause: when it ends, and that it is not forgotten.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::super::cc::{Configured, Mode};
use super::super::event::Reason;
use super::super::notice::Notice;
use super::{Notify, Reconciler};
use crate::object::age::{age, duration_text};

/// A pause that is longer is told, again each day.
const LONG: u64 = 86_400;

impl Reconciler<'_> {
    /// Tells of a pause that lasts longer than a day.
    pub(super) async fn tell_of_pause(&mut self, mode: Mode, notify: Notify<'_>) {
        let days = self.paused_for(mode) / LONG;
        if days == 0 {
            self.publisher.forget(&[Reason::PausedLong]);
            return;
        }
        let time = duration_text(days * LONG);
        let message = format!(
            "paused for {time}: edits and drift wait; remove annotation {} to go on",
            super::super::cc::MODE
        );
        if self.tell(Reason::PausedLong, &message, notify).await {
            notify(Notice::Warning(message));
        }
    }

    /// When a pause ends, or is to be told.
    pub(super) fn pause_ends(&self, cc: &Configured, mode: Mode) -> Option<Instant> {
        if mode != Mode::Paused {
            return None;
        }
        let now = OffsetDateTime::now_utc();
        let day = Duration::from_secs(LONG - self.paused_for(mode) % LONG);
        let end = cc.paused_until.map(|end| Duration::try_from(end - now).unwrap_or_default());
        Some(Instant::now() + end.map_or(day, |end| end.min(day)))
    }

    /// How long it has been paused, in seconds.
    fn paused_for(&self, mode: Mode) -> u64 {
        let since = self.publisher.live()["pausedSince"].as_str().filter(|_| mode == Mode::Paused);
        since.and_then(|since| age(since, OffsetDateTime::now_utc())).unwrap_or_default()
    }
}
