//! Durations as Go writes and reads them: `168h`, `1h30m`, `1.5s`.

/// Nanoseconds of a text that Go's `time.ParseDuration` reads; `None` for what it refuses, also because it
/// is too long for Go.
pub fn nanoseconds(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, after) = rest.split_at(digits(rest));
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at(digits(after)),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let (name, after) = after
            .split_at(after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len()));
        let unit = unit(name)?;
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        // Digits behind the twentieth are less than a nanosecond of any unit.
        let fraction = &fraction[..fraction.len().min(20)];
        let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
        let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        total = total.checked_add(whole.checked_mul(unit)?)?.checked_add(part * unit / scale)?;
        rest = after;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// Nanoseconds of a unit.
fn unit(name: &str) -> Option<i128> {
    Some(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_reads() {
        for (text, expected) in [
            ("0", 0),
            ("-0", 0),
            ("10m", 600_000_000_000),
            ("168h0m0s", 604_800_000_000_000),
            ("1.5h", 5_400_000_000_000),
            ("-3s", -3_000_000_000),
            ("+1h30m", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("1µs1us1ns", 2_001),
            ("0.100000000000000000000000001h", 360_000_000_000),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
        ] {
            assert_eq!(nanoseconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_go_refuses() {
        for text in [
            "",
            "+",
            "-",
            ".",
            "10",
            "5 m",
            "1d",
            "m",
            ".s",
            "1..2s",
            "--1s",
            "1h-1m",
            "9223372036854775808ns",
            "3000000h",
            "99999999999999999999999999999999999999999h",
        ] {
            assert_eq!(nanoseconds(text), None, "{text:?}");
        }
    }
}
