//! Spans of time, as people write and read them.

use std::fmt::Write as _;
use std::str::FromStr;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A span of time given as `90s`, `10m`, `1h30m` or `2d`; a number alone is seconds. Every flag of every verb
/// reads it like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = || text.parse().map(Duration::from_secs);
        humantime::parse_duration(text).or_else(|_| seconds()).map(Self).map_err(|_| {
            format!("invalid duration `{text}`, write for example 90s, 15m, 1h30m or 2d")
        })
    }
}

/// Reads how long something may take: a [`Span`] that is longer than nothing.
pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    match text.parse()? {
        Span(Duration::ZERO) => Err(format!("invalid timeout `{text}`, it must be longer than 0s")),
        Span(duration) => Ok(duration),
    }
}

impl Span {
    /// Whole seconds, as the API takes them.
    pub(super) fn seconds(self) -> i64 {
        i64::try_from(self.0.as_secs()).unwrap_or(i64::MAX)
    }
}

/// The largest two units of a span: `3d4h`, `2m5s`, `0s`.
pub(super) fn words(seconds: u64) -> String {
    let parts = [(86400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let mut rest = seconds;
    let mut words = String::new();
    let mut shown = 0;
    for (size, unit) in parts {
        let count = rest / size;
        rest %= size;
        if count > 0 || (shown == 1 && rest > 0 && size > 1) {
            if count > 0 {
                let _ = write!(words, "{count}{unit}");
            }
            shown += 1;
        }
        if shown == 2 {
            break;
        }
    }
    if words.is_empty() { "0s".to_owned() } else { words }
}

/// How long ago a time of the server was; `None` for what is no time. Clocks that disagree give 0 s.
pub(super) fn age(time: &str, now: OffsetDateTime) -> Option<u64> {
    let then = OffsetDateTime::parse(time, &Rfc3339).ok()?;
    Some(u64::try_from((now - then).whole_seconds()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read() {
        let seconds = |text: &str| text.parse::<Span>().map(|span| span.0.as_secs());
        for (text, expected) in
            [("90s", 90), ("15m", 900), ("1h30m", 5400), ("2d", 172_800), ("45", 45), ("0", 0)]
        {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for wrong in
            ["", "m", "5x", "-1s", "1h30", "99999999999999999999s", "9999999999999999999d", "9e9"]
        {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
        assert!(timeout("0s").is_err());
    }

    #[test]
    fn spans_are_told() {
        for (seconds, expected) in [
            (0, "0s"),
            (59, "59s"),
            (65, "1m5s"),
            (3600, "1h"),
            (3601, "1h"),
            (3660, "1h1m"),
            (90_061, "1d1h"),
            (864_000, "10d"),
        ] {
            assert_eq!(words(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn ages_do_not_go_below_nothing() {
        let now = OffsetDateTime::parse("2026-11-21T16:20:00Z", &Rfc3339).unwrap();
        assert_eq!(age("2026-11-21T16:19:00Z", now), Some(60));
        assert_eq!(age("2026-11-21T17:19:00Z", now), Some(0));
        assert_eq!(age("yesterday", now), None);
    }
}
