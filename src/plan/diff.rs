//! The structural difference of two values.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::yaml::{Path, Step};

/// One path at which two values differ. Absence is `None`, which is not null.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The path: keys, and list indices from 0. Empty for the whole value.
    pub path: Path,
    /// The old value.
    pub before: Option<Value>,
    /// The new value.
    pub after: Option<Value>,
}

/// `{path, before, after}`, without what is absent.
impl Serialize for Difference {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = Map::new();
        map.insert("path".to_owned(), Value::String(self.path.to_string()));
        map.extend(self.before.clone().map(|value| ("before".to_owned(), value)));
        map.extend(self.after.clone().map(|value| ("after".to_owned(), value)));
        map.serialize(serializer)
    }
}

/// The paths at which two values differ, as deep as possible: mappings key by key, lists index by index.
/// The order of keys does not matter.
pub fn diff(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(&mut Path::default(), Some(before), Some(after), &mut found);
    found
}

fn compare(
    path: &mut Path,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    let mut at = |step: Step, before: Option<&Value>, after: Option<&Value>| {
        path.0.push(step);
        compare(path, before, after, found);
        path.0.pop();
    };
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for (key, value) in old {
                at(Step::Key(key.clone()), Some(value), new.get(key));
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                at(Step::Key(key.clone()), None, Some(value));
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            for index in 0..old.len().max(new.len()) {
                at(Step::Index(index), old.get(index), new.get(index));
            }
        }
        (before, after) if before == after => {}
        (before, after) => found.push(Difference {
            path: path.clone(),
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
}

/// Applies a [`diff`] to its first value, which yields the second.
pub fn apply_differences(value: &mut Value, differences: &[Difference]) {
    for difference in differences {
        set(value, &difference.path.0, difference.after.as_ref());
    }
}

fn set(value: &mut Value, path: &[Step], after: Option<&Value>) {
    match (path, value) {
        ([], value) => *value = after.cloned().unwrap_or_default(),
        ([Step::Key(key)], Value::Object(map)) => {
            match after {
                Some(after) => map.insert(key.clone(), after.clone()),
                None => map.shift_remove(key),
            };
        }
        ([Step::Index(index)], Value::Array(items)) => match after {
            // Lists differ in length at their ends only, so the first lost item ends the list.
            None => items.truncate(*index),
            Some(after) if *index < items.len() => items[*index] = after.clone(),
            Some(after) => items.push(after.clone()),
        },
        ([Step::Key(key), rest @ ..], Value::Object(map)) => {
            if let Some(child) = map.get_mut(key) {
                set(child, rest, after);
            }
        }
        ([Step::Index(index), rest @ ..], Value::Array(items)) => {
            if let Some(child) = items.get_mut(*index) {
                set(child, rest, after);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_as_deep_as_possible() {
        let before = json!({"a": {"b": 1, "c": [1, {"d": 2}]}, "gone": null, "same": [1]});
        let after = json!({"a": {"b": 1, "c": [1, {"d": 3}, 4]}, "same": [1], "new": {}});
        let shown: Vec<_> = diff(&before, &after)
            .iter()
            .map(|difference| serde_json::to_string(difference).unwrap())
            .collect();
        let expected = [
            r#"{"path":"a.c[1].d","before":2,"after":3}"#,
            r#"{"path":"a.c[2]","after":4}"#,
            r#"{"path":"gone","before":null}"#,
            r#"{"path":"new","after":{}}"#,
        ];
        assert_eq!(shown, expected);
        assert_eq!(diff(&json!({"a": 1, "b": 2}), &json!({"b": 2, "a": 1})), []);
    }
}
