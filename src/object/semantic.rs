//! Semantic equality of values in kubesphere.yaml, as its Go programs read them.
//!
//! KubeSphere reads the document into a struct and writes it back as a whole: durations come back in
//! another spelling, and Go's zero values are omitted. Neither is a change.

use serde_json::{Map, Value};

use super::duration;

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
pub fn is_unset(value: &Value) -> bool {
    match value {
        Value::Bool(_) => false,
        Value::Object(map) => map.values().all(is_unset),
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
/// that matter. A number without a unit is none by its looks.
fn duration(text: &str) -> Option<Value> {
    text.ends_with(char::is_alphabetic).then_some(())?;
    let nanoseconds = duration::nanoseconds(text)?;
    Some(if nanoseconds == 0 { Value::from(0) } else { Value::String(format!("{nanoseconds}ns")) })
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
