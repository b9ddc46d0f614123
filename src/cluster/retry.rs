//! Which errors are retried, and after how long.

use std::time::Duration;

use super::error::ErrorKind;

/// How often an unknown error of the server is retried: for some 15 seconds in all.
const SERVER_TRIES: u32 = 10;
/// How often a response that is not from an API server is retried.
const FOREIGN_TRIES: u32 = 3;
/// Waits double, from the first to the longest.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);
/// More than a server may ask for: no caller waits that long.
const DAY: u64 = 86_400;

/// The failed tries of one request.
#[derive(Debug, Default)]
pub(super) struct Tries {
    all: u32,
    /// Those with an unknown error of the server.
    server: u32,
    /// Those with a response that was not from an API server.
    foreign: u32,
}

impl Tries {
    /// Counts a failed try and returns the wait before the next one, at least as long as the server asks for;
    /// `None` if a retry cannot help.
    pub(super) fn wait(&mut self, kind: &ErrorKind, retry_after: Option<u64>) -> Option<Duration> {
        self.all += 1;
        match kind {
            ErrorKind::Server => self.server += 1,
            ErrorKind::NotKubernetes => self.foreign += 1,
            _ => {}
        }
        let gives_up = self.server >= SERVER_TRIES || self.foreign >= FOREIGN_TRIES;
        let backoff = backoff(kind, self.all).filter(|_| !gives_up)?;
        // API Priority and Fairness always advises one second.
        let usual = u64::from(*kind == ErrorKind::Busy);
        let asked = Duration::from_secs(retry_after.unwrap_or(usual).min(DAY));
        Some(spread(backoff, asked))
    }
}

/// The longest wait before the next try, or `None` if a retry cannot help. `tries` is the number of failed tries.
fn backoff(kind: &ErrorKind, tries: u32) -> Option<Duration> {
    let backoff = FIRST.saturating_mul(1 << (tries - 1).min(10)).min(LONGEST);
    match kind {
        ErrorKind::Unreachable
        | ErrorKind::Timeout
        | ErrorKind::Unavailable
        | ErrorKind::Webhook
        | ErrorKind::Server
        // A load balancer that is not ready responds with HTML.
        | ErrorKind::NotKubernetes => Some(backoff),
        // The server says how long.
        ErrorKind::Busy => Some(Duration::ZERO),
        ErrorKind::Terminating => Some(backoff.max(Duration::from_secs(1))),
        // Waiting does not help.
        ErrorKind::Full
        | ErrorKind::Credentials
        | ErrorKind::NoCluster
        | ErrorKind::Usage
        | ErrorKind::Unauthorized
        | ErrorKind::Forbidden
        | ErrorKind::NotFound
        | ErrorKind::NotServed
        | ErrorKind::Exists
        | ErrorKind::Changed
        | ErrorKind::Expired
        | ErrorKind::Owned(_)
        | ErrorKind::Refused
        | ErrorKind::Invalid
        | ErrorKind::Cancelled => None,
    }
}

/// Half to the whole of a backoff, but at least what the server asks for and up to half of that more: clients that
/// failed together do not retry together.
fn spread(backoff: Duration, asked: Duration) -> Duration {
    let part = fastrand::f64() / 2.0;
    backoff.mul_f64(0.5 + part).max(asked.mul_f64(1.0 + part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transient_errors_are_retried_and_others_reported() {
        let seconds = |wait: Option<Duration>| wait.map(|w| w.as_secs_f64());
        assert_eq!(seconds(backoff(&ErrorKind::Unreachable, 1)), Some(0.1));
        assert_eq!(seconds(backoff(&ErrorKind::Webhook, 4)), Some(0.8));
        assert_eq!(seconds(backoff(&ErrorKind::Unavailable, 60)), Some(5.0));
        assert_eq!(seconds(backoff(&ErrorKind::Server, 2)), Some(0.2));
        let final_words = [
            ErrorKind::Forbidden,
            ErrorKind::Invalid,
            ErrorKind::Full,
            ErrorKind::Owned(Vec::new()),
        ];
        for final_word in final_words {
            assert_eq!(backoff(&final_word, 1), None);
        }
    }

    #[test]
    fn unknown_errors_are_not_retried_forever_and_do_not_count_for_others() {
        for (kind, most) in [(ErrorKind::Server, SERVER_TRIES), (ErrorKind::NotKubernetes, 3)] {
            let mut tries = Tries::default();
            for _ in 0..20 {
                assert!(tries.wait(&ErrorKind::Unreachable, None).is_some());
            }
            for _ in 1..most {
                assert!(tries.wait(&kind, None).is_some());
            }
            assert_eq!(tries.wait(&kind, None), None, "{kind:?}");
        }
    }

    #[test]
    fn the_wait_is_never_shorter_than_the_server_asks_for() {
        let seconds = Duration::from_secs;
        let cases = [
            (ErrorKind::Busy, Some(7), seconds(7)..=seconds(11)),
            (ErrorKind::Busy, Some(40), seconds(40)..=seconds(60)),
            (ErrorKind::Busy, Some(u64::MAX), seconds(DAY)..=seconds(2 * DAY)),
            (ErrorKind::Busy, None, seconds(1)..=Duration::from_millis(1500)),
            (ErrorKind::Unavailable, Some(3), seconds(3)..=Duration::from_millis(4500)),
            (ErrorKind::Unavailable, None, FIRST / 2..=FIRST),
        ];
        for (kind, asked, expected) in cases {
            for _ in 0..100 {
                let wait = Tries::default().wait(&kind, asked).unwrap();
                assert!(expected.contains(&wait), "{kind:?} {asked:?}: {wait:?}");
            }
        }
        let pauses: std::collections::BTreeSet<_> =
            (0..10).map(|_| Tries::default().wait(&ErrorKind::Busy, Some(7))).collect();
        assert!(pauses.len() > 1, "clients do not retry together");
    }
}
