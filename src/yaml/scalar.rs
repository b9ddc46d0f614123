//! The value of a plain scalar, by the rules of go-yaml v2, which kubectl uses, and of its conversion to
//! JSON, which turns a float without a fraction into an integer.

use serde_json::{Number, Value};

/// The JSON value of an unquoted scalar, or why it has none.
///
/// # Errors
/// `.inf` and `.nan`, which JSON cannot represent; kubectl rejects them, too.
pub fn resolve_plain(text: &str) -> Result<Value, &'static str> {
    let word = match text {
        "" | "~" | "null" | "Null" | "NULL" => Some(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Some(Value::Bool(true))
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(Value::Bool(false))
        }
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF"
        | ".nan" | ".NaN" | ".NAN" => return Err("infinity and NaN cannot be written as JSON"),
        _ => None,
    };
    if let Some(value) = word {
        return Ok(value);
    }
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    Ok(numeric.then(|| number(text)).flatten().unwrap_or_else(|| Value::String(text.to_owned())))
}

/// A number in any of go-yaml's spellings, underscores allowed anywhere.
fn number(text: &str) -> Option<Value> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    integer(&plain).or_else(|| float(&plain))
}

/// Go's `ParseInt(text, 0, 64)`, then `ParseUint`: prefixes 0x, 0o, 0b and the legacy leading 0.
fn integer(plain: &str) -> Option<Value> {
    let (negative, digits) = match plain.as_bytes().first()? {
        b'-' => (true, &plain[1..]),
        b'+' => (false, &plain[1..]),
        _ => (false, plain),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &*lower),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    let signed = if negative { -i128::from(magnitude) } else { i128::from(magnitude) };
    i64::try_from(signed).ok().map(Value::from).or_else(|| beyond_i64(signed))
}

/// The parser behind kubectl reads integers beyond signed 64 bits as floats.
#[allow(clippy::cast_precision_loss)]
fn beyond_i64(signed: i128) -> Option<Value> {
    Number::from_f64(signed as f64).map(Value::Number)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn float(plain: &str) -> Option<Value> {
    let unsigned = plain.strip_prefix(['-', '+']).unwrap_or(plain);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let mantissa_ok = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    let exponent_ok = exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)));
    if !(mantissa_ok && exponent_ok) {
        return None;
    }
    as_json_number(plain.parse::<f64>().ok()?)
}

/// Go prints a float without a fraction below 1e21 as digits, which are then parsed as an integer if
/// they fit.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
fn as_json_number(float: f64) -> Option<Value> {
    if float.fract() == 0.0 && float.abs() < 9.223_372_036_854_775e18 {
        return Some(Value::from(float as i64));
    }
    Number::from_f64(float).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_mean_what_kubectl_makes_of_them() {
        let cases = [
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("y", json!(true)),
            ("~", json!(null)),
            ("0400", json!(256)),
            ("0o400", json!(256)),
            ("0x1F", json!(31)),
            ("0b101", json!(5)),
            ("1_000", json!(1000)),
            ("089", json!(89)),
            ("1e3", json!(1000)),
            ("1.0", json!(1)),
            ("1.5", json!(1.5)),
            (".5", json!(0.5)),
            ("-7", json!(-7)),
            ("18446744073709551615", json!(1.844_674_407_370_955_2e19)),
            (
                "12345678901234567890123456789012",
                json!(12_345_678_901_234_567_890_123_456_789_012.0_f64),
            ),
            ("12:30:45", json!("12:30:45")),
            ("2001-01-01", json!("2001-01-01")),
            ("1.2.3", json!("1.2.3")),
            ("0x", json!("0x")),
            ("-", json!("-")),
            ("fasle", json!("fasle")),
            ("yEs", json!("yEs")),
        ];
        for (text, value) in cases {
            assert_eq!(resolve_plain(text), Ok(value), "{text}");
        }
        assert!(resolve_plain(".inf").is_err());
    }
}
