//! Amounts of CPU and memory as Kubernetes writes them.

/// An amount in thousandths of its unit: `100m` is 100, `1Gi` is 1024³ × 1000.
pub(super) fn milli(text: &str) -> Option<u128> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor: u128 = match unit {
        "m" => 1,
        "" => 1000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "T" => 1_000_000_000_000_000,
        "Ki" => 1000 << 10,
        "Mi" => 1000 << 20,
        "Gi" => 1000 << 30,
        "Ti" => 1000 << 40,
        "Pi" => 1000 << 50,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u128 = whole.parse().ok()?;
    let mut value = whole.checked_mul(factor)?;
    let mut part = factor;
    for digit in fraction.chars() {
        part /= 10;
        value = value.checked_add(part.checked_mul(u128::from(digit.to_digit(10)?))?)?;
    }
    Some(value)
}

/// An amount of CPU for people: `1.5 cores`.
pub(super) fn cores(milli: u128) -> String {
    format!("{}.{} cores", milli / 1000, milli % 1000 / 100)
}

/// An amount of memory for people: `512 Mi`.
pub(super) fn mebibytes(milli: u128) -> String {
    format!("{} Mi", (milli / 1000) >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_kubernetes_reads_them() {
        for (text, expected) in [
            ("100m", Some(100)),
            ("2", Some(2000)),
            ("0.5", Some(500)),
            ("1Ki", Some(1_024_000)),
            ("1.5Gi", Some(1_610_612_736_000)),
            ("1G", Some(1_000_000_000_000)),
            ("", None),
            ("x", None),
            ("1Xi", None),
        ] {
            assert_eq!(milli(text), expected, "{text}");
        }
        assert_eq!(cores(1540), "1.5 cores");
        assert_eq!(mebibytes(1_610_612_736_000), "1536 Mi");
    }
}
