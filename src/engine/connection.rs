//! Tells when the target does not answer, and when it answers again.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::event::{ConnectionState, Event};
use crate::object::age::duration_text;
use crate::target::{Outage, Reader};

const TICK: Duration = Duration::from_millis(500);

/// The output of a future; meanwhile reports when the target stops answering, and when it answers again.
pub async fn watched<O>(
    target: &impl Reader,
    work: impl Future<Output = O>,
    mut report: impl FnMut(Event),
) -> O {
    let mut work = pin!(work);
    let mut connection = Connection::default();
    loop {
        if let Ok(answer) = timeout(TICK, &mut work).await {
            return answer;
        }
        if let Some(event) = connection.next(&target.place(), target.outage()) {
            report(event);
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
