//! Whether the API server answers, for messages: a request that is retried says nothing by itself.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// After this time without an answer users are told.
const QUIET: Duration = Duration::from_secs(2);

/// The API server does not answer, and requests are retried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// Why not.
    pub cause: String,
    /// For how long it has not answered.
    pub silence: Duration,
    /// How much longer requests are retried; `None` if there is no end.
    pub retries: Option<Duration>,
}

/// What is known of the answers to the requests of one run.
#[derive(Debug, Default)]
pub(super) struct Pulse(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// How many requests wait for an answer.
    waiting: usize,
    /// Since when there was no answer.
    silent_since: Option<Instant>,
    /// Until when the waiting requests are retried.
    until: Option<Instant>,
    /// Why the last try failed.
    cause: Option<String>,
    /// The outage, until there is an answer.
    outage: Option<Outage>,
}

/// A request that waits for an answer.
pub(super) struct Waiting<'p>(&'p Pulse);

impl Pulse {
    /// A request is sent, and retried until then.
    pub(super) fn begin(&self, until: Instant) -> Waiting<'_> {
        let mut state = self.state();
        if state.waiting == 0 {
            state.silent_since = Some(Instant::now());
            state.until = None;
        }
        state.waiting += 1;
        state.until = state.until.max(Some(until));
        Waiting(self)
    }

    /// The API server has answered.
    pub(super) fn answered(&self) {
        let mut state = self.state();
        state.silent_since = Some(Instant::now());
        (state.cause, state.outage) = (None, None);
    }

    /// A try has failed.
    pub(super) fn failed(&self, cause: &str) {
        self.state().cause = Some(cause.to_owned());
    }

    /// The outage, if there is one: until there is an answer, also if nobody waits for one any more.
    pub(super) fn outage(&self) -> Option<Outage> {
        let mut state = self.state();
        let silence = state.silent_since.map(|since| since.elapsed()).unwrap_or_default();
        if state.waiting > 0 && silence >= QUIET {
            let cause = state.cause.clone().unwrap_or_else(|| "no response".to_owned());
            let until = state.until.map(|until| until.saturating_duration_since(Instant::now()));
            state.outage = Some(Outage { cause, silence, retries: until });
        }
        state.outage.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_outage_begins_after_two_seconds_and_ends_with_an_answer() {
        let pulse = Pulse::default();
        let later = |seconds| tokio::time::advance(Duration::from_secs(seconds));
        later(60).await;
        assert_eq!(pulse.outage(), None, "nobody asks");
        let one = pulse.begin(Instant::now() + Duration::from_secs(60));
        assert_eq!(pulse.outage(), None);
        later(1).await;
        pulse.failed("connection refused");
        assert_eq!(pulse.outage(), None);
        later(1).await;
        let outage = pulse.outage().unwrap();
        let retries = outage.retries.unwrap().as_secs();
        assert_eq!((outage.cause.as_str(), retries), ("connection refused", 58));
        drop(one);
        assert!(pulse.outage().is_some(), "it has not answered yet");
        let _two = pulse.begin(Instant::now());
        pulse.answered();
        assert_eq!(pulse.outage(), None);
        later(1).await;
        pulse.answered();
        later(1).await;
        assert_eq!(pulse.outage(), None, "another request was answered");
        later(1).await;
        assert_eq!(pulse.outage().unwrap().cause, "no response");
    }
}
