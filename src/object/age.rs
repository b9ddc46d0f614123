//! Times, ages and durations, as people and programs read them.

use std::fmt::Write as _;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// The largest two units of a duration in seconds: `3d4h`, `2m5s`, `0s`.
pub fn duration_text(seconds: u64) -> String {
    let parts = [(86400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let mut rest = seconds;
    let mut text = String::new();
    let mut shown = 0;
    for (size, unit) in parts {
        let count = rest / size;
        rest %= size;
        if count > 0 || (shown == 1 && rest > 0 && size > 1) {
            if count > 0 {
                let _ = write!(text, "{count}{unit}");
            }
            shown += 1;
        }
        if shown == 2 {
            break;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// How long ago a time of the server was; `None` for what is no time. Clocks that disagree give 0.
pub fn age(time: &str, now: OffsetDateTime) -> Option<u64> {
    let then = OffsetDateTime::parse(time, &Rfc3339).ok()?;
    Some(u64::try_from((now - then).whole_seconds()).unwrap_or_default())
}

/// The time of day, as logs have it.
pub fn clock(now: OffsetDateTime) -> String {
    let (hour, minute, second) = now.to_hms();
    format!("{hour:02}:{minute:02}:{second:02}Z")
}

/// A time as a Lease has it: a `MicroTime` of Kubernetes.
pub fn micro_time(time: OffsetDateTime) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
    time.format(&format).unwrap_or_default()
}

/// A time as JSON has it.
pub fn timestamp(now: OffsetDateTime) -> String {
    now.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_two_units_are_shown() {
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
            assert_eq!(duration_text(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn ages_are_never_negative() {
        let now = OffsetDateTime::parse("2026-11-21T16:20:00Z", &Rfc3339).unwrap();
        assert_eq!(age("2026-11-21T16:19:00Z", now), Some(60));
        assert_eq!(age("2026-11-21T17:19:00Z", now), Some(0));
        assert_eq!(age("yesterday", now), None);
    }
}
