//! The CRD of `ClusterConfiguration`.
//!
//! It is lenient on purpose. Objects of every older version must survive create, edit and update
//! unchanged, because migration reads their old keys; so every object node preserves unknown fields
//! (setting that only at the root has no effect on typed nodes below). There are no defaults: a server
//! would write them into the user's object, later defaults would have no effect, and an absent
//! adminPassword could no longer be recognized. Null is preserved: files have sections whose lines are
//! all commented out. The strict schema and the rules find problems, with line and column.

use serde_json::{Map, Value, json};

use super::{KIND, shape};

/// The `CustomResourceDefinition` of `clusterconfigurations.installer.kubesphere.io`.
pub fn crd() -> Value {
    crd_of(shape::spec())
}

/// The same around a plain schema of the spec.
pub fn crd_of(spec: &Value) -> Value {
    let group = "installer.kubesphere.io";
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("clusterconfigurations.{group}") },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": "ClusterConfigurationList",
                "plural": "clusterconfigurations",
                "singular": "clusterconfiguration",
                "shortNames": ["cc"],
            },
            "versions": [{
                "name": "v1alpha1",
                "served": true,
                "storage": true,
                "schema": { "openAPIV3Schema": document(spec) },
                // Only a change of the specification raises metadata.generation, so observedGeneration
                // tells whether the status is about it. An old status stays when the CRD is replaced.
                "subresources": { "status": {} },
                "additionalPrinterColumns": columns(),
            }],
        },
    })
}

fn document(spec: &Value) -> Value {
    json!({
        "type": "object",
        "description": "The desired state of KubeSphere on this cluster.",
        "x-kubernetes-preserve-unknown-fields": true,
        "properties": {
            "apiVersion": { "type": "string" },
            "kind": { "type": "string" },
            "metadata": { "type": "object" },
            "spec": lenient(spec),
            "status": {
                "type": "object",
                "nullable": true,
                "description": "The status that the installer reports.",
                "x-kubernetes-preserve-unknown-fields": true,
            },
        },
    })
}

/// Columns of `kubectl get cc`: what runs, not what is asked for.
fn columns() -> Value {
    let column = |name: &str| {
        let path = format!(".status.{}", name.to_lowercase());
        json!({ "name": name, "type": "string", "jsonPath": path })
    };
    let mut columns = ["Version", "Role", "Phase", "Ready", "Drift", "Message"].map(column);
    // Only with `-o wide`.
    columns[5]["priority"] = 1.into();
    let age = json!({ "name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp" });
    columns.into_iter().chain([age]).collect()
}

/// The lenient form of a plain schema.
fn lenient(schema: &Value) -> Value {
    let mut node = Map::new();
    match kind(schema) {
        // Without a type every value passes. A fraction needs it: it is neither integer nor string.
        // Placement and resources are untyped, because repeating the types of Kubernetes would only
        // enlarge the CRD. Null passes too, but a server drops it unless it is declared.
        Kind::Anything => {
            node.insert(PRESERVE.into(), true.into());
            node.insert("nullable".into(), true.into());
            return Value::Object(node);
        }
        Kind::Section(properties) => {
            node.insert("type".into(), "object".into());
            node.insert(PRESERVE.into(), true.into());
            // Deprecated keys need not be listed: unknown fields are preserved.
            let shown = properties.iter().filter(|(_, inner)| inner.get("deprecated").is_none());
            let properties = shown.map(|(key, inner)| (key.clone(), lenient_key(key, inner)));
            node.insert("properties".into(), Value::Object(properties.collect()));
        }
        Kind::Texts => {
            node.insert("type".into(), "array".into());
            node.insert("items".into(), json!({ "type": "string" }));
        }
        Kind::Scalar(name) => {
            node.insert("type".into(), name.into());
        }
        Kind::WholeNumber => {
            node.insert("x-kubernetes-int-or-string".into(), true.into());
        }
    }
    node.insert("nullable".into(), true.into());
    if let Some(text) = schema.get("description").and_then(Value::as_str) {
        node.insert("description".into(), first_sentence(text).into());
    }
    if is_role(schema) {
        // On the string itself the rule is evaluated only if it is set: absent and null pass
        // without `has()`.
        node.insert(
            "x-kubernetes-validations".into(),
            json!([{
                "rule": "self in ['host', 'member', 'none']",
                "message": "must be host, member or none, in lower case",
            }]),
        );
    }
    Value::Object(node)
}

/// The lenient form of a key. `enabled` is self-explanatory, and there are dozens of it.
fn lenient_key(key: &str, schema: &Value) -> Value {
    let mut node = lenient(schema);
    if key == "enabled"
        && let Value::Object(node) = &mut node
    {
        node.shift_remove("description");
    }
    node
}

const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";

/// The kinds of nodes in the CRD.
enum Kind<'a> {
    Anything,
    Section(&'a Map<String, Value>),
    Texts,
    Scalar(&'a str),
    WholeNumber,
}

fn kind(schema: &Value) -> Kind<'_> {
    match schema["type"].as_str() {
        Some("object") => match schema.get("properties") {
            Some(Value::Object(keys)) if !is_opaque(keys) => Kind::Section(keys),
            _ => Kind::Anything,
        },
        Some("array") if schema["items"]["type"] == "string" => Kind::Texts,
        Some(name @ ("string" | "boolean")) => Kind::Scalar(name),
        Some("integer") => Kind::WholeNumber,
        None if schema["type"] == json!(["integer", "string"]) => Kind::WholeNumber,
        _ => Kind::Anything,
    }
}

/// Resources, and sections in which nothing but resources or placement can be set.
fn is_opaque(keys: &Map<String, Value>) -> bool {
    keys.contains_key("requests")
        || keys.values().all(|inner| matches!(kind(inner), Kind::Anything))
}

fn is_role(schema: &Value) -> bool {
    schema["enum"] == json!(["host", "member", "none"])
}

/// The first sentence of a description.
pub(super) fn first_sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |end| &text[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::shape::tests::each;

    #[test]
    fn it_is_structural_and_lenient() {
        let mut roles = 0;
        each(&document(shape::spec()), "", &mut |path, node| {
            for banned in ["default", "enum", "$ref", "additionalProperties", "format", "required"]
            {
                assert!(node.get(banned).is_none(), "{path} has {banned}");
            }
            let preserve = node["x-kubernetes-preserve-unknown-fields"] == true;
            match node.get("type").map(|name| name.as_str().expect("one type")) {
                Some("object") => assert!(preserve || path == ".metadata", "{path} loses keys"),
                Some("array") => assert!(node.get("items").is_some(), "{path} has no items"),
                Some(_) => {}
                None => assert!(preserve || node["x-kubernetes-int-or-string"] == true, "{path}"),
            }
            let known = path.starts_with(".spec") && !path.ends_with("[]");
            assert_eq!(known, node["nullable"] == true && path != ".status", "{path} loses null");
            roles += usize::from(node.get("x-kubernetes-validations").is_some());
        });
        assert_eq!(roles, 1, "only clusterRole has a rule");
    }

    #[test]
    fn it_is_small() {
        let size = crate::yaml::emit(&crd()).len();
        assert!(size < 60_000, "{size} bytes");
    }

    #[test]
    fn sentences_end_at_a_full_stop_with_a_blank() {
        assert_eq!(first_sentence("Size, as `1.5`. More."), "Size, as `1.5`.");
        assert_eq!(first_sentence("Only one."), "Only one.");
    }
}
