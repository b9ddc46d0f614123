//! Durations as flags take them.

use std::str::FromStr;
use std::time::Duration;

/// Nothing that ksi waits for or looks back at is longer: a hundred years. More cannot be added to a time.
const LONGEST: Duration = Duration::from_secs(36_500 * 24 * 60 * 60);

/// A duration such as `90s`, `10m`, `1h30m` or `2d`; a number without a unit is seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) struct DurationArg(pub Duration);

impl FromStr for DurationArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = || text.parse().map(Duration::from_secs);
        match humantime::parse_duration(text).or_else(|_| seconds()) {
            Ok(duration) if duration > LONGEST => {
                Err(format!("invalid duration `{text}`: use at most 36500d"))
            }
            Ok(duration) => Ok(Self(duration)),
            Err(_) => {
                Err(format!("invalid duration `{text}`: use for example 90s, 15m, 1h30m or 2d"))
            }
        }
    }
}

/// Parses a timeout: a duration longer than zero.
pub(in crate::cli) fn timeout(text: &str) -> Result<Duration, String> {
    match text.parse()? {
        DurationArg(Duration::ZERO) => {
            Err(format!("invalid timeout `{text}`: it must be longer than 0s"))
        }
        DurationArg(duration) => Ok(duration),
    }
}

impl DurationArg {
    /// Whole seconds, at least one, as the API takes them.
    pub(in crate::cli) fn seconds(self) -> i64 {
        i64::try_from(self.0.as_secs().max(1)).unwrap_or(i64::MAX)
    }
}

/// For verbs without a timeout of their own: each request has one.
pub(in crate::cli) const NO_TIMEOUT: Duration = Duration::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_parsed() {
        let seconds = |text: &str| text.parse::<DurationArg>().map(|span| span.0.as_secs());
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
        for long in ["36501d", "1000000000000h", "18446744073709551615"] {
            assert!(seconds(long).unwrap_err().contains("at most 36500d"), "{long}");
        }
        assert!(timeout("0s").is_err());
    }
}
