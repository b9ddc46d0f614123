//! The plain schema as the types give it. Only tests derive it: what runs reads the copy that is checked in.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::types::Configuration;

/// Marks a section that is not there at all unless it is given, whatever defaults its keys have.
const OPTIONAL: &str = "x-optional";

/// The plain schema of the spec, derived from its types: what `schemas/spec.json` has to hold.
pub fn derived() -> Value {
    let mut schema = marked();
    without_marks(&mut schema);
    schema
}

/// The same with the marks that composing the defaults needs.
fn marked() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| {
        s.inline_subschemas = true;
        s.meta_schema = None;
    });
    let mut schema: Value =
        settings.into_generator().into_root_schema_for::<Configuration>().to_value();
    plain(&mut schema);
    schema
}

fn without_marks(schema: &mut Value) {
    match schema {
        Value::Object(node) => {
            node.shift_remove(OPTIONAL);
            node.values_mut().for_each(without_marks);
        }
        Value::Array(items) => items.iter_mut().for_each(without_marks),
        _ => {}
    }
}

/// Makes a schema plain, from the leaves up.
fn plain(schema: &mut Value) {
    let Value::Object(node) = schema else { return };
    node.shift_remove("title");
    // Widths of Rust's numbers say nothing to a user; `minimum` and `maximum` do.
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
    // A section's default that its keys already say is noise.
    if node.get("default").is_some_and(|given| given.is_null() || *given == composed(node)) {
        node.shift_remove("default");
    }
    // Readers want to know first what a key is.
    if let Some(text) = node.shift_remove("description") {
        node.shift_insert(0, "description".into(), text);
    }
}

/// `oneOf` of documented constants becomes an `enum`: validators then name the allowed values in
/// one message. The documentation moves to where editors look for it.
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

/// What the defaults of a section's keys come to.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::shape;

    #[test]
    fn what_is_checked_in_is_what_the_types_give() {
        assert!(*shape::spec() == derived(), "run `make golden`, then build again");
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
        let shapes = without_empty(composed(marked().as_object().unwrap()));
        assert_eq!(without_empty(types), shapes);
        assert_eq!(shapes["common"]["core"]["console"]["port"], 30880);
    }
}
