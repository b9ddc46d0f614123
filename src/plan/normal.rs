//! Normalized manifests, without what servers and controllers add, for comparison.

use serde_json::{Map, Value};

use crate::object::LAST_APPLIED;

/// Fields of `metadata` that only servers write.
const SERVER_METADATA: [&str; 7] = [
    "managedFields",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "selfLink",
    "deletionTimestamp",
];

/// The Deployment controller writes it a moment after a Deployment was created; a plan made before that
/// moment must stay valid.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// A manifest without status, without what servers add to the metadata, and without nulls, which the
/// API treats as absent. Empty mappings that are meaningful stay (`emptyDir: {}`).
pub(super) fn normal(body: &Value) -> Value {
    let Value::Object(fields) = body else {
        return body.clone();
    };
    let kept = fields.iter().filter(|(name, value)| *name != "status" && !value.is_null());
    Value::Object(
        kept.map(|(name, value)| {
            let value = if name == "metadata" { metadata(value) } else { without_nulls(value) };
            (name.clone(), value)
        })
        .collect(),
    )
}

fn metadata(metadata: &Value) -> Value {
    let Value::Object(fields) = metadata else {
        return metadata.clone();
    };
    let mut kept = Map::new();
    for (name, value) in fields {
        let value = match value {
            _ if SERVER_METADATA.contains(&name.as_str()) => continue,
            Value::Object(entries) => {
                let is_noise = |key: &str| key == LAST_APPLIED || key == REVISION;
                let entries = entries.iter().filter(|(key, v)| !is_noise(key) && !v.is_null());
                Value::Object(entries.map(|(key, v)| (key.clone(), v.clone())).collect())
            }
            other => other.clone(),
        };
        // Labels, annotations and finalizers that are empty now.
        let empty = match &value {
            Value::Object(entries) => entries.is_empty(),
            Value::Array(items) => items.is_empty(),
            other => other.is_null(),
        };
        if !empty {
            kept.insert(name.clone(), value);
        }
    }
    Value::Object(kept)
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.clone(), without_nulls(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

/// Merges `over` into `under`, mapping by mapping; other values of `over` replace those of `under`.
pub(super) fn overlay(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (name, value) in over.iter().filter(|(_, value)| !value.is_null()) {
                match under.get_mut(name) {
                    Some(child) => overlay(child, value),
                    None => {
                        under.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (under, over) => *under = over.clone(),
    }
}

/// The same value with its keys in the order of another, so that their texts differ only where the
/// values do.
pub(super) fn align(value: Value, like: &Value) -> Value {
    match (value, like) {
        (Value::Object(mut map), Value::Object(like)) => {
            let mut aligned = Map::with_capacity(map.len());
            for (name, like) in like {
                if let Some(value) = map.shift_remove(name) {
                    aligned.insert(name.clone(), align(value, like));
                }
            }
            aligned.extend(map);
            Value::Object(aligned)
        }
        (Value::Array(items), Value::Array(like)) => {
            let likes = like.iter().chain(std::iter::repeat(&Value::Null));
            Value::Array(
                items.into_iter().zip(likes).map(|(item, like)| align(item, like)).collect(),
            )
        }
        (value, _) => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_servers_add_is_removed_and_meaningful_values_stay() {
        let live = json!({
            "apiVersion": "v1", "kind": "Pod", "status": {"phase": "Running"},
            "metadata": {
                "name": "a", "uid": "u", "resourceVersion": "1", "generation": 2,
                "creationTimestamp": null, "managedFields": [], "labels": {}, "finalizers": [],
                "annotations": {(LAST_APPLIED): "{}", (REVISION): "1"},
            },
            "spec": {"volumes": [{"emptyDir": {}, "x": null}], "args": []},
        });
        let expected = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
            "spec": {"volumes": [{"emptyDir": {}}], "args": []},
        });
        assert_eq!(normal(&live), expected);
    }

    #[test]
    fn keys_follow_the_other_order() {
        let aligned =
            align(json!({"z": 1, "b": {"y": 1, "x": 2}, "a": 3}), &json!({"a": 0, "b": {"x": 0}}));
        assert_eq!(aligned.to_string(), r#"{"a":3,"b":{"x":2,"y":1},"z":1}"#);
    }
}
