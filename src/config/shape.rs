//! The plain JSON Schema of the spec: everything inlined, one `type` per node, no null. The strict schema, the
//! CRD, the documentation and the list of secrets are derived from it.
//!
//! It is [derived](super::derived) from the types once and checked in: deriving it at every start would take
//! longer than rendering a host.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::yaml::{Path, Step};

static SPEC: LazyLock<Value> = LazyLock::new(|| {
    // A test holds the text against the types.
    serde_json::from_str(include_str!("../../schemas/spec.json")).unwrap_or_default()
});

/// The plain schema of the spec: like [`spec_schema`](super::spec_schema), without null.
pub fn spec() -> &'static Value {
    &SPEC
}

/// The schema one step deeper; `None` where the schema knows no such step.
pub(super) fn step<'a>(schema: &'a Value, step: &Step) -> Option<&'a Value> {
    match step {
        Step::Key(key) => schema
            .get("properties")
            .and_then(|properties| properties.get(key))
            .or_else(|| schema.get("additionalProperties").filter(|rest| rest.is_object())),
        Step::Index(_) => schema.get("items"),
    }
}

/// The schema of a path below `schema`, through properties, items and open mappings; null where the
/// schema knows no such path.
pub fn subschema<'s>(schema: &'s Value, path: &Path) -> &'s Value {
    path.0.iter().try_fold(schema, step).unwrap_or(&Value::Null)
}

/// Whether a mapping is free-form: its keys are not defined by KubeSphere.
pub(super) fn is_free_form(schema: &Value) -> bool {
    schema.get("additionalProperties") == Some(&Value::Bool(true))
}

/// A spec without null values. Free-form mappings stay as they are: there null may have a meaning.
pub(super) fn without_nulls(mut spec: Value) -> Value {
    if spec.is_null() {
        return Value::Object(Map::new());
    }
    prune(&mut spec, self::spec());
    spec
}

fn prune(value: &mut Value, schema: &Value) {
    match value {
        _ if is_free_form(schema) => {}
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            for (key, value) in map {
                if let Some(schema) = step(schema, &Step::Key(key.clone())) {
                    prune(value, schema);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for item in items {
                    prune(item, schema);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Visits a schema and every schema in it.
    pub(in crate::config) fn each(
        schema: &Value,
        path: &str,
        visit: &mut impl FnMut(&str, &Value),
    ) {
        visit(path, schema);
        for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
            each(inner, &format!("{path}.{key}"), visit);
        }
        if let Some(items) = schema.get("items") {
            each(items, &format!("{path}[]"), visit);
        }
    }

    #[test]
    fn every_node_is_plain_and_explained() {
        each(spec(), "spec", &mut |path, schema| {
            for key in ["$ref", "oneOf", "anyOf", "allOf", "$defs", "format", "title"] {
                assert!(schema.get(key).is_none(), "{path} has {key}");
            }
            assert!(schema.get("type").is_some(), "{path} has no type");
            if !path.ends_with("[]") {
                let text = schema["description"].as_str().unwrap_or_default();
                assert!(text.ends_with('.'), "{path} is not explained: {text}");
            }
            let object = schema["type"] == "object";
            assert_eq!(
                object,
                schema.get("additionalProperties").is_some(),
                "{path} is not closed"
            );
        });
    }

    #[test]
    fn nulls_go_except_where_they_may_mean_something() {
        let spec = serde_json::json!({
            "etcd": null,
            "common": {"core": {"apiserver": null}},
            "servicemesh": {"istio": {"components": null}},
        });
        let pruned = serde_json::json!({
            "common": {"core": {}},
            "servicemesh": {"istio": {"components": null}},
        });
        assert_eq!(without_nulls(spec), pruned);
    }
}
