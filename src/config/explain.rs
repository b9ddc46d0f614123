//! The documentation of a key, for `ksi explain PATH`.

use serde::Serialize;
use serde_json::Value;

use super::crd::first_sentence;
use super::shape;
use crate::yaml::{Path, Step};

/// The documentation of one key.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The key's path below `spec`; empty for the spec itself.
    pub path: String,
    /// Its type in words, for example `list of objects`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its default; none for sections and for keys without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The allowed values or range; empty if every value of its type is allowed.
    pub allowed: Vec<Allowed>,
    /// What it does.
    pub description: String,
    /// Whether its value is secret.
    pub sensitive: bool,
    /// Whether it is accepted only for compatibility with older files.
    pub deprecated: bool,
    /// The keys in it.
    pub children: Vec<Child>,
}

/// A value, or a range of them, that a key may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Allowed {
    /// The value, or a range in words.
    pub value: String,
    /// What it means; empty if the value is self-explanatory.
    pub description: String,
}

/// A key of a section, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Child {
    /// The key.
    pub name: String,
    /// Its type in words.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The first sentence of what it does.
    pub summary: String,
}

/// Explains a key by its path below `spec`, for example `multicluster.tower.service`. A leading `spec.`
/// is allowed. Items of a list are reached with or without an index: `common.gpu.kinds.default`
/// and `common.gpu.kinds[0].default` are the same. `None` when there is no such key.
pub fn explain(path: &str) -> Option<Explanation> {
    let path = path.trim().trim_start_matches('.');
    let path =
        path.strip_prefix("spec").filter(|p| p.is_empty() || p.starts_with('.')).unwrap_or(path);
    let mut schema = shape::spec();
    let mut shown = Path::default();
    for word in path.split('.').filter(|word| !word.is_empty()) {
        let (key, indexed) = word.split_once('[').map_or((word, false), |(key, _)| (key, true));
        while let Some(items) = schema.get("items") {
            schema = items;
        }
        schema = shape::step(schema, &Step::Key(key.to_owned()))?;
        shown = shown.key(key);
        if indexed {
            schema = schema.get("items")?;
        }
    }
    Some(describe(&shown, schema))
}

/// The paths of all keys that end in these words, whatever their case: `jwtSecret` and `console.port`.
pub fn paths_ending_in(words: &str) -> Vec<String> {
    let words = words.to_lowercase();
    let mut found = Vec::new();
    descend(shape::spec(), &Path::default(), &mut |path| {
        let path = path.to_string();
        let lower = path.to_lowercase();
        let is_end =
            lower.strip_suffix(&words).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        if is_end && !words.is_empty() {
            found.push(path);
        }
    });
    found
}

fn descend(schema: &Value, path: &Path, visit: &mut impl FnMut(&Path)) {
    let mut schema = schema;
    while let Some(items) = schema.get("items") {
        schema = items;
    }
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = path.key(key);
        visit(&path);
        descend(inner, &path, visit);
    }
}

fn describe(path: &Path, schema: &Value) -> Explanation {
    let text = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let inner = schema.get("items").unwrap_or(schema);
    Explanation {
        path: path.to_string(),
        type_name: type_name(schema),
        default: schema.get("default").cloned(),
        allowed: allowed(schema),
        description: text("description"),
        sensitive: schema.get("x-sensitive").is_some(),
        deprecated: schema.get("deprecated").is_some(),
        children: children(inner),
    }
}

fn children(schema: &Value) -> Vec<Child> {
    schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, inner)| Child {
            name: name.clone(),
            type_name: type_name(inner),
            summary: inner["description"]
                .as_str()
                .map(first_sentence)
                .unwrap_or_default()
                .to_owned(),
        })
        .collect()
}

fn type_name(schema: &Value) -> String {
    let plural = |schema: &Value| match &schema["type"] {
        Value::String(name) => format!("{name}s"),
        _ => "quantities".to_owned(),
    };
    match &schema["type"] {
        Value::Array(types) => {
            types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        Value::String(name) if name == "array" => format!("list of {}", plural(&schema["items"])),
        Value::String(name) if name == "object" && schema["additionalProperties"].is_object() => {
            format!("map of {}", plural(&schema["additionalProperties"]))
        }
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

fn allowed(schema: &Value) -> Vec<Allowed> {
    if let Some(Value::Array(values)) = schema.get("enum") {
        let described = |at: usize| schema["enumDescriptions"][at].as_str().unwrap_or_default();
        return values
            .iter()
            .enumerate()
            .map(|(at, value)| Allowed {
                value: match value.as_str() {
                    Some("") => "\"\"".to_owned(),
                    Some(text) => text.to_owned(),
                    None => value.to_string(),
                },
                description: described(at).to_owned(),
            })
            .collect();
    }
    let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
    // The bounds of the integer types need no mention.
    let range = match (bound("minimum"), bound("maximum").filter(|max| *max <= 65535)) {
        (Some(min), Some(max)) => Some(format!("{min} to {max}")),
        (Some(min), None) if min > 0 => Some(format!("{min} or more")),
        _ => None,
    };
    range.map(|value| Allowed { value, description: String::new() }).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_lists_its_keys() {
        let service = explain("spec.multicluster.tower.service").unwrap();
        assert_eq!(service.path, "multicluster.tower.service");
        assert_eq!(service.type_name, "object");
        let names: Vec<_> = service.children.iter().map(|child| child.name.as_str()).collect();
        let keys =
            ["type", "annotations", "nodePort", "loadBalancerIP", "loadBalancerSourceRanges"];
        assert_eq!(names, keys);
        assert_eq!(service.children[1].type_name, "map of strings");
    }

    #[test]
    fn a_key_says_default_and_allowed_values() {
        let role = explain("multicluster.clusterRole").unwrap();
        assert_eq!(role.default, Some("none".into()));
        let values: Vec<_> = role.allowed.iter().map(|a| a.value.as_str()).collect();
        assert_eq!(values, ["host", "member", "none"]);
        assert_eq!(role.allowed[0].description, "Manages members.");
        let port = explain("common.core.console.port").unwrap();
        assert_eq!(port.allowed[0].value, "1 to 65535");
        assert!(explain("authentication.jwtSecret").unwrap().sensitive);
    }

    #[test]
    fn items_of_lists_are_reached_with_and_without_an_index() {
        for path in [
            "common.gpu.kinds.default",
            "common.gpu.kinds[].default",
            "common.gpu.kinds[0].default",
        ] {
            assert_eq!(explain(path).unwrap().type_name, "boolean", "{path}");
        }
        assert_eq!(explain("common.gpu.kinds").unwrap().type_name, "list of objects");
        assert_eq!(explain("tolerations").unwrap().children.len(), 5);
    }

    #[test]
    fn a_name_without_its_path_is_found() {
        assert_eq!(paths_ending_in("jwtsecret"), ["authentication.jwtSecret"]);
        assert_eq!(paths_ending_in("console.port"), ["common.core.console.port"]);
        assert!(paths_ending_in("enabled").len() > 5);
        assert_eq!(paths_ending_in("ecret"), [""; 0]);
        assert_eq!(paths_ending_in(""), [""; 0]);
    }

    #[test]
    fn the_spec_itself_and_what_is_not_there() {
        assert!(explain("").unwrap().children.iter().any(|child| child.name == "multicluster"));
        assert_eq!(explain("spec"), explain(""));
        assert_eq!(explain("multicluster.clusterrole"), None);
        assert_eq!(explain("common.core.console.port[0]"), None);
    }
}
