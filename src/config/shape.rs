//! The plain JSON Schema of the spec, generated from the types: everything inlined, one `type` per node,
//! no null. The strict schema, the CRD, the documentation and the list of secrets are derived from it.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::types::Configuration;
use crate::yaml::{Path, Step};

/// Marks a section that is absent unless it is set, whatever defaults its keys have.
pub(super) const OPTIONAL: &str = "x-optional";

static SPEC: LazyLock<Value> = LazyLock::new(|| {
    let settings = SchemaSettings::draft2020_12().with(|s| {
        s.inline_subschemas = true;
        s.meta_schema = None;
    });
    let mut shape: Value =
        settings.into_generator().into_root_schema_for::<Configuration>().to_value();
    plain(&mut shape);
    shape
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

/// Makes a schema plain, from the leaves up.
fn plain(schema: &mut Value) {
    let Value::Object(node) = schema else { return };
    node.shift_remove("title");
    // The widths of Rust's integers mean nothing to users; `minimum` and `maximum` do.
    node.shift_remove("format");
    if let Some(Value::Array(types)) = node.get_mut("type") {
        let all = types.len();
        types.retain(|name| name != "null");
        let optional = types.len() < all;
        if let [only] = types.as_slice() {
            node["type"] = only.clone();
        }
        if optional && node.contains_key("properties") {
            node.insert(OPTIONAL.into(), true.into());
        }
    }
    if let Some(Value::Array(allowed)) = node.get_mut("enum") {
        allowed.retain(|value| !value.is_null());
    }
    collapse_choice(node);
    if let Some(Value::String(text)) = node.get_mut("description") {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = node.get_mut(key) {
            plain(inner);
        }
    }
    if let Some(Value::Object(properties)) = node.get_mut("properties") {
        properties.values_mut().for_each(plain);
    }
    // A section's default that follows from its keys is redundant.
    if node.get("default").is_some_and(|given| given.is_null() || *given == composed(node)) {
        node.shift_remove("default");
    }
    // The description comes first for readers.
    if let Some(text) = node.shift_remove("description") {
        node.shift_insert(0, "description".into(), text);
    }
}

/// `oneOf` of documented constants becomes an `enum`: validators then list the allowed values in one
/// message. The documentation moves to where editors look for it.
fn collapse_choice(node: &mut Map<String, Value>) {
    let Some(Value::Array(variants)) = node.get("oneOf").or_else(|| node.get("anyOf")).cloned()
    else {
        return;
    };
    let mut allowed = Vec::new();
    let mut described = Vec::new();
    gather(&variants, &mut allowed, &mut described);
    node.shift_remove("oneOf");
    node.shift_remove("anyOf");
    node.insert("type".into(), "string".into());
    node.insert("enum".into(), allowed.into());
    node.insert("enumDescriptions".into(), described.into());
}

fn gather(variants: &[Value], allowed: &mut Vec<Value>, described: &mut Vec<Value>) {
    for variant in variants {
        if let Some(Value::Array(inner)) = variant.get("oneOf") {
            gather(inner, allowed, described);
        } else if let Some(constant) = variant.get("const") {
            allowed.push(constant.clone());
            let text = variant.get("description").and_then(Value::as_str).unwrap_or_default();
            described.push(text.into());
        }
    }
}

/// The default of a section, composed of the defaults of its keys.
fn composed(node: &Map<String, Value>) -> Value {
    let Some(Value::Object(properties)) = node.get("properties") else {
        return Value::Null;
    };
    let defaults = properties.iter().filter_map(|(key, schema)| {
        let default = match schema.get("default") {
            Some(default) => default.clone(),
            None if schema.get(OPTIONAL).is_some() => return None,
            None => composed(schema.as_object()?),
        };
        (!default.is_null()).then(|| (key.clone(), default))
    });
    Value::Object(defaults.collect())
}

/// The default of the whole spec.
#[cfg(test)]
pub(super) fn defaults() -> Value {
    spec().as_object().map_or(Value::Null, composed)
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
    fn defaults_of_the_schema_are_those_of_the_types() {
        fn without_empty(value: Value) -> Value {
            match value {
                Value::Object(map) => Value::Object(
                    map.into_iter()
                        .map(|(key, value)| (key, without_empty(value)))
                        .filter(|(_, value)| !value.as_object().is_some_and(Map::is_empty))
                        .collect(),
                ),
                other => other,
            }
        }
        let types = serde_json::to_value(Configuration::default()).unwrap();
        let shapes = without_empty(defaults());
        assert_eq!(without_empty(types), shapes);
        assert_eq!(shapes["common"]["core"]["console"]["port"], 30880);
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
