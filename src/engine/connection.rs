//! Tells when the target does not answer, and when it answers again.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::event::{ConnectionState, Event};
use super::run::Run;
use crate::object::age::duration_text;
use crate::target::{Outage, Target};

const TICK: Duration = Duration::from_millis(500);

impl<T: Target> Run<'_, T> {
    /// Runs a future to its end; meanwhile reports changes of the connection.
    pub(super) async fn watched<O>(&self, work: impl Future<Output = O>) -> O {
        let mut work = pin!(work);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut connection = Connection::default();
        loop {
            tokio::select! {
                biased;
                answer = &mut work => return answer,
                _ = ticks.tick() => {
                    if let Some(event) = connection.next(&self.target.place(), self.target.outage()) {
                        self.report(event);
                    }
                }
            }
        }
    }
}

/// What was told about a connection.
#[derive(Debug, Default)]
pub struct Connection {
    /// Since when there has been no answer.
    lost: Option<Instant>,
}

impl Connection {
    /// The event that tells a change: an outage, or its end.
    pub fn next(&mut self, place: &str, outage: Option<Outage>) -> Option<Event> {
        match (self.lost, outage) {
            (None, Some(Outage { cause, silence, retries })) => {
                self.lost = Some(Instant::now().checked_sub(silence).unwrap_or_else(Instant::now));
                let retries = retries.map_or_else(String::new, |retries| {
                    format!(" for up to {}", duration_text(retries.as_secs()))
                });
                let message = format!("connection to {place} lost: {cause}; retrying{retries}");
                Some(Event::Connection { state: ConnectionState::Lost, message })
            }
            (Some(lost), None) => {
                self.lost = None;
                let after = duration_text(lost.elapsed().as_secs());
                let message = format!("{place} responds again after {after}");
                Some(Event::Connection { state: ConnectionState::Restored, message })
            }
            _ => None,
        }
    }
}
