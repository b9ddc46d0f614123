//! Numbers as controllers write them.

use serde_json::Value;

/// A whole number, also when it is written as a text or with a fraction of zero.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        // Beyond 2^53 a float is no counter any more.
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        Value::Number(n) => n.as_i64().or_else(|| {
            n.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9e15).map(|f| f as i64)
        }),
        _ => None,
    }
}

/// A counter of a status: servers leave it out when it is zero.
pub(super) fn count(value: &Value) -> i64 {
    number(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_of_careless_controllers() {
        let cases = [
            (json!(3), Some(3)),
            (json!("3"), Some(3)),
            (json!(" 3 "), Some(3)),
            (json!(3.0), Some(3)),
            (json!(-1), Some(-1)),
            (json!(3.5), None),
            (json!(1e300), None),
            (json!(u64::MAX), None),
            (json!("three"), None),
            (json!(true), None),
            (json!(null), None),
            (json!([3]), None),
        ];
        for (value, expected) in cases {
            assert_eq!(number(&value), expected, "{value}");
        }
    }
}
