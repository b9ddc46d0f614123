//! Spans of time, as people write and read them.

use std::str::FromStr;
use std::time::Duration;

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
    /// Whole seconds, at least one, as the API takes them.
    pub(super) fn seconds(self) -> i64 {
        i64::try_from(self.0.as_secs().max(1)).unwrap_or(i64::MAX)
    }
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
}
