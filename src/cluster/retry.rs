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
    /// Counts a failed try and returns the wait before the next one; `None` if a retry cannot help.
    pub(super) fn wait(&mut self, kind: &ErrorKind, retry_after: Option<u64>) -> Option<Duration> {
        self.all += 1;
        match kind {
            ErrorKind::Server => self.server += 1,
            ErrorKind::NotKubernetes => self.foreign += 1,
            _ => {}
        }
        let gives_up = self.server >= SERVER_TRIES || self.foreign >= FOREIGN_TRIES;
        wait(kind, self.all, retry_after).filter(|_| !gives_up)
    }
}

/// The wait before the next try, or `None` if a retry cannot help. `tries` is the number of failed tries.
fn wait(kind: &ErrorKind, tries: u32, retry_after: Option<u64>) -> Option<Duration> {
    let backoff = FIRST.saturating_mul(1 << (tries - 1).min(10)).min(LONGEST);
    match kind {
        ErrorKind::Unreachable
        | ErrorKind::Timeout
        | ErrorKind::Unavailable
        | ErrorKind::Webhook
        | ErrorKind::Server
        // A load balancer that is not ready responds with HTML.
        | ErrorKind::NotKubernetes => Some(backoff),
        // API Priority and Fairness always advises one second.
        ErrorKind::Busy => Some(Duration::from_secs(retry_after.unwrap_or(1).clamp(1, 30))),
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

/// Half to the whole of a wait, so that clients that failed together do not retry together.
pub(super) fn jitter(wait: Duration) -> Duration {
    wait.mul_f64(fastrand::f64().mul_add(0.5, 0.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transient_errors_are_retried_and_others_reported() {
        let seconds = |wait: Option<Duration>| wait.map(|w| w.as_secs_f64());
        assert_eq!(seconds(wait(&ErrorKind::Unreachable, 1, None)), Some(0.1));
        assert_eq!(seconds(wait(&ErrorKind::Webhook, 4, None)), Some(0.8));
        assert_eq!(seconds(wait(&ErrorKind::Unavailable, 60, None)), Some(5.0));
        assert_eq!(seconds(wait(&ErrorKind::Busy, 1, Some(7))), Some(7.0));
        assert_eq!(seconds(wait(&ErrorKind::Busy, 9, None)), Some(1.0));
        assert_eq!(seconds(wait(&ErrorKind::Server, 2, None)), Some(0.2));
        let final_words = [
            ErrorKind::Forbidden,
            ErrorKind::Invalid,
            ErrorKind::Full,
            ErrorKind::Owned(Vec::new()),
        ];
        for final_word in final_words {
            assert_eq!(wait(&final_word, 1, None), None);
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
    fn jitter_never_waits_longer() {
        for _ in 0..100 {
            let wait = jitter(Duration::from_secs(2));
            assert!((Duration::from_secs(1)..=Duration::from_secs(2)).contains(&wait));
        }
    }
}
