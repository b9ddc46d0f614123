//! Kubernetes quantities: `500m`, `1.5Gi`, `1e3`.

/// Billionths in one unit: nothing finer can be said.
const NANO: i128 = 1_000_000_000;
/// Where Kubernetes caps amounts with a binary suffix.
const LARGEST_BINARY: i128 = i64::MAX as i128 * NANO;
/// Every exponent beyond it is either nothing or more than fits.
const LARGEST_EXPONENT: i64 = 64;

/// The amount in billionths of its unit, by the grammar of Kubernetes' `resource.Quantity`; `None` for
/// what is none. As there, what is finer is rounded away from zero, and binary amounts end at 2⁶³-1.
/// Amounts beyond an `i128` end at its bounds.
pub fn nano(text: &str) -> Option<i128> {
    let (negative, text) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let (number, suffix) = text.split_at(text.find(|c| !is_number(c)).unwrap_or(text.len()));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let amount = if let Some(unit) = binary(suffix) {
        scaled(whole, fraction, unit).min(LARGEST_BINARY)
    } else {
        let (whole, fraction) = moved(whole, fraction, exponent(suffix)?);
        scaled(&whole, &fraction, NANO)
    };
    Some(if negative { -amount } else { amount })
}

/// A binary suffix in billionths.
fn binary(suffix: &str) -> Option<i128> {
    let shift = match suffix {
        "Ki" => 10,
        "Mi" => 20,
        "Gi" => 30,
        "Ti" => 40,
        "Pi" => 50,
        "Ei" => 60,
        _ => return None,
    };
    Some(NANO << shift)
}

/// The power of ten of a decimal suffix or exponent.
fn exponent(suffix: &str) -> Option<i64> {
    Some(match suffix {
        "n" => -9,
        "u" => -6,
        "m" => -3,
        "" => 0,
        "k" => 3,
        "M" => 6,
        "G" => 9,
        "T" => 12,
        "P" => 15,
        "E" => 18,
        _ => suffix.strip_prefix(['e', 'E'])?.parse().ok()?,
    })
}

/// The digits before and behind the point after it moved to the right, or to the left.
fn moved(whole: &str, fraction: &str, places: i64) -> (String, String) {
    let places = places.clamp(-LARGEST_EXPONENT, LARGEST_EXPONENT);
    let count = usize::try_from(places.unsigned_abs()).unwrap_or_default();
    if places < 0 {
        let padded = format!("{}{whole}", "0".repeat(count));
        let (whole, moved) = padded.split_at(padded.len() - count);
        (whole.to_owned(), format!("{moved}{fraction}"))
    } else {
        let padded = format!("{fraction}{}", "0".repeat(count));
        let (moved, fraction) = padded.split_at(count);
        (format!("{whole}{moved}"), fraction.to_owned())
    }
}

/// A decimal number of units, rounded up.
fn scaled(whole: &str, fraction: &str, unit: i128) -> i128 {
    let digits = |text: &str| text.bytes().map(|b| i128::from(b - b'0')).collect::<Vec<_>>();
    let whole = digits(whole)
        .into_iter()
        .fold(0_i128, |sum, digit| sum.saturating_mul(10).saturating_add(digit));
    // From the last digit on: dividing step by step loses nothing but whether there was a rest.
    let (part, rest) =
        digits(fraction).into_iter().rev().fold((0, false), |(part, rest), digit| {
            let sum = digit * unit + part;
            (sum / 10, rest || sum % 10 != 0)
        });
    whole.saturating_mul(unit).saturating_add(part + i128::from(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line of the grammar beside `Quantity` in k8s.io/apimachinery.
    #[test]
    fn every_form_of_the_grammar() {
        let unit = |factor: i128| Some(factor * NANO);
        for (text, expected) in [
            // number, signedNumber
            ("0", Some(0)),
            ("2", unit(2)),
            ("007", unit(7)),
            ("0.5", Some(NANO / 2)),
            (".5", Some(NANO / 2)),
            ("1.", unit(1)),
            ("+1", unit(1)),
            ("-1.5", Some(-NANO - NANO / 2)),
            // decimalSI
            ("1n", Some(1)),
            ("1u", Some(1000)),
            ("100m", Some(NANO / 10)),
            ("1k", unit(1000)),
            ("1M", unit(1_000_000)),
            ("1G", unit(1_000_000_000)),
            ("1T", unit(1_000_000_000_000)),
            ("1P", unit(1_000_000_000_000_000)),
            ("1E", unit(1_000_000_000_000_000_000)),
            // binarySI
            ("1Ki", unit(1024)),
            ("1Mi", unit(1 << 20)),
            ("1.5Gi", unit(3 << 29)),
            ("1.Gi", unit(1 << 30)),
            ("1Ti", unit(1 << 40)),
            ("1Pi", unit(1 << 50)),
            ("1Ei", unit(1 << 60)),
            // decimalExponent
            ("1e3", unit(1000)),
            ("1E3", unit(1000)),
            ("1.25e+2", unit(125)),
            ("5e-1", Some(NANO / 2)),
            ("0e99999", Some(0)),
        ] {
            assert_eq!(nano(text), expected, "{text}");
        }
    }

    #[test]
    fn amounts_are_rounded_and_capped_as_kubernetes_does() {
        for (text, expected) in [
            ("0.9n", 1),
            ("1.000000001n", 2),
            ("-0.1n", -1),
            ("1e-99", 1),
            ("0.0000000001Ki", 103),
            ("18446744073709551616", 18_446_744_073_709_551_616 * NANO),
            ("8Ei", LARGEST_BINARY),
            ("-9Ei", -LARGEST_BINARY),
            ("1e99", i128::MAX),
            ("-1e99", -i128::MAX),
        ] {
            assert_eq!(nano(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn everything_else_is_none() {
        // The second line is what apimachinery's own tests refuse.
        for text in [
            "", "+", "-", ".", "Gi", "x", "2gb", "1 Gi", "2GiB", "1Xi", "1e", "1e1.5", "1e+",
            "--1", "1.1.M", "1+1.0M", "0.1mi", "0.1am", "aoeu", ".5i", "1i", "-3.01i", "-3.01e-",
            " 1", "1 ",
        ] {
            assert_eq!(nano(text), None, "{text:?}");
        }
    }
}
