//! Semantic equality of values in kubesphere.yaml, as its Go programs read them.
//!
//! KubeSphere reads the document into a struct and writes it back as a whole: durations come back in
//! another spelling, and Go's zero values are omitted. Neither is a change.

use serde_json::{Map, Value};

/// Whether the value is equivalent to an absent one: null, `false`, an empty string, list or mapping, and
/// mappings with only such values.
///
/// Numbers are not among them: an `accessTokenMaxAge` of 0 means "never", an absent one two hours.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.values().all(is_empty),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// Whether the value is unset: like [`is_empty`], except for `false`, which was set on purpose.
pub fn is_silent(value: &Value) -> bool {
    match value {
        Value::Bool(_) => false,
        Value::Object(map) => map.values().all(is_silent),
        other => is_empty(other),
    }
}

/// Whether two values are semantically equal.
pub fn same(a: &Value, b: &Value) -> bool {
    a == b || canonical(a) == canonical(b)
}

/// The canonical form of a value, the same for all semantically equal ones; null if [`is_empty`]. Keys are
/// sorted.
pub fn canonical(value: &Value) -> Value {
    match value {
        _ if is_empty(value) => Value::Null,
        Value::String(text) => duration(text).unwrap_or_else(|| value.clone()),
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        Value::Object(map) => {
            let mut entries: Vec<_> = map
                .iter()
                .filter(|(_, v)| !is_empty(v))
                .map(|(k, v)| (k.clone(), canonical(v)))
                .collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

/// A Go duration as nanoseconds, zero as the number that people write for it. Text that only looks
/// like a duration may be compared so too: two spellings of one duration are never two passwords
/// that matter.
fn duration(text: &str) -> Option<Value> {
    let nanoseconds = nanoseconds(text)?;
    Some(if nanoseconds == 0 { Value::from(0) } else { Value::String(format!("{nanoseconds}ns")) })
}

/// Go's `time.ParseDuration`, without the bare `0`, which is no duration by its looks.
fn nanoseconds(text: &str) -> Option<i128> {
    let (sign, mut rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    // Longer than any duration that Go holds: leave it a text.
    if rest.is_empty() || rest.len() > 64 {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, after) = rest.split_at(digits(rest));
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at(digits(after)),
            None => ("", after),
        };
        if (whole.is_empty() && fraction.is_empty()) || whole.len() > 18 || fraction.len() > 9 {
            return None;
        }
        let (unit, after) = after
            .split_at(after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len()));
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let parts: i128 = format!("{fraction:0<9}").parse().ok()?;
        total += whole * unit + parts * unit / 1_000_000_000;
        rest = after;
    }
    Some(sign * total)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn spellings_of_one_meaning() {
        let cases = [
            (json!("168h"), json!("168h0m0s")),
            (json!("120s"), json!("2m0s")),
            (json!("1.5h"), json!("1h30m")),
            (json!("0s"), json!(0)),
            (json!("100ms"), json!("0.1s")),
            (json!(false), json!(null)),
            (json!({"a": false, "b": 1}), json!({"b": 1})),
            (json!({"a": {"b": ""}}), json!({})),
            (json!([{"t": "1m"}]), json!([{"t": "60s"}])),
        ];
        for (a, b) in cases {
            assert!(same(&a, &b), "{a} {b}");
        }
    }

    #[test]
    fn different_meanings() {
        let cases = [
            (json!(0), json!(null)),
            (json!("0s"), json!(null)),
            (json!("2h"), json!("120s")),
            (json!("1"), json!(1)),
            (json!(true), json!("true")),
            (json!("h"), json!("")),
            (json!(["a", "b"]), json!(["b", "a"])),
            (json!("5"), json!("5s")),
            (json!("."), json!(null)),
            (json!("-"), json!(null)),
        ];
        for (a, b) in cases {
            assert!(!same(&a, &b), "{a} {b}");
        }
    }
}
