//! Which errors are retried, and after how long.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::error::{Error, ErrorKind};

/// How often a request that failed for a passing reason is sent in all.
const TRIES: u32 = 5;
const FIRST: Duration = Duration::from_millis(250);
/// How long to wait when a registry does not say it.
const LIMITED: Duration = Duration::from_secs(2);

/// The wait before the next try; `None` if a retry cannot help, or not in the time that is `left`.
pub(super) fn wait(error: &Error, failed: u32, left: Duration) -> Option<Duration> {
    let doubled = |first: Duration| first.saturating_mul(1 << (failed - 1).min(6));
    let wait = match &error.kind {
        // As long as it takes: the registry works, and says when.
        ErrorKind::RateLimited(asked) => asked.unwrap_or_else(|| doubled(LIMITED)),
        _ if error.is_transient() && failed < TRIES => doubled(FIRST),
        _ => return None,
    };
    // Clients that were refused together do not come back together.
    let wait = wait.mul_f64(1.0 + fastrand::f64() / 4.0);
    (wait <= left).then_some(wait)
}

/// How long a response asks to wait: seconds, or a date.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    // The date of HTTP is that of mail with the name of the zone, which is always GMT.
    let date = value.replace("GMT", "+0000");
    let until = OffsetDateTime::parse(&date, &Rfc2822).ok()?;
    let now = headers.get(DATE)?.to_str().ok()?.replace("GMT", "+0000");
    let now = OffsetDateTime::parse(&now, &Rfc2822).ok()?;
    (until - now).try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind) -> Error {
        Error::new(kind, "read", "a", "b")
    }

    #[test]
    fn what_passes_is_retried_and_a_limit_is_respected() {
        let minute = Duration::from_secs(60);
        let limited = error(ErrorKind::RateLimited(Some(Duration::from_secs(7))));
        let waited = wait(&limited, 20, minute).unwrap();
        assert!((Duration::from_secs(7)..=Duration::from_secs(9)).contains(&waited), "{waited:?}");
        assert_eq!(wait(&limited, 1, Duration::from_secs(6)), None, "there is no time for it");
        assert!(wait(&error(ErrorKind::Unreachable), 1, minute).is_some());
        assert_eq!(wait(&error(ErrorKind::Unreachable), TRIES, minute), None);
        for kind in [ErrorKind::Denied, ErrorKind::NotFound, ErrorKind::Tls, ErrorKind::Name] {
            assert_eq!(wait(&error(kind), 1, minute), None);
        }
    }

    #[test]
    fn a_registry_says_seconds_or_a_date() {
        let asked = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            headers.insert("date", "Tue, 01 Dec 2026 10:00:00 GMT".parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(asked("3"), Some(Duration::from_secs(3)));
        assert_eq!(asked("Tue, 01 Dec 2026 10:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(asked("Tue, 01 Dec 2026 09:00:30 GMT"), None);
        assert_eq!(asked("soon"), None);
    }
}
