//! Spans of time, as people write and read them.

use std::fmt::Write as _;
use std::str::FromStr;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A span of time given as `90s`, `10m`, `1h30m` or `2d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no span of time; write it like 90s, 10m or 1h30m");
        let mut total = Duration::ZERO;
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
            let unit = rest[digits..].chars().next().ok_or_else(wrong)?;
            let seconds = match unit {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                'd' => 86400,
                _ => return Err(wrong()),
            };
            let part = number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)?;
            total = total.checked_add(part).ok_or_else(wrong)?;
            rest = &rest[digits + 1..];
        }
        if text.is_empty() { Err(wrong()) } else { Ok(Self(total)) }
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
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("1h30m"), Ok(5400));
        assert_eq!(seconds("2d"), Ok(172_800));
        for wrong in ["", "10", "m", "5x", "-1s", "99999999999999999999s", "9999999999999999999d"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
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
