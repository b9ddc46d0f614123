//! The strict JSON Schema: what diagnostics and editors hold a file against.

use serde_json::{Value, json};

use super::{API_VERSION, KIND, NAME, NAMESPACE, shape};

/// The strict JSON Schema (draft 2020-12) of a whole `ClusterConfiguration`, everything in place:
/// no references. Closed sections refuse other keys; secrets carry `x-sensitive: true`. A key with
/// nothing behind it (null) is allowed everywhere: it is one that is not given.
pub fn schema() -> Value {
    schema_of(shape::spec())
}

/// The same around a plain schema of the spec.
pub fn schema_of(spec: &Value) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://installer.kubesphere.io/v1alpha1/clusterconfiguration.schema.json",
        "title": "ClusterConfiguration",
        "description": "What KubeSphere shall be on a cluster, as ksi reads it.",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "additionalProperties": false,
        "properties": {
            "apiVersion": {
                "description": "The version of this format.",
                "type": "string",
                "enum": [API_VERSION],
            },
            "kind": { "description": "The kind of this document.", "type": "string", "enum": [KIND] },
            "metadata": metadata(),
            "spec": nullable(spec),
            "status": {
                "description": "What the installer reports. Never read from a file.",
                "type": ["object", "null"],
                "additionalProperties": true,
            },
        },
    })
}

/// The part of [`schema`] for `spec`.
pub fn spec_schema() -> Value {
    nullable(shape::spec())
}

fn nullable(spec: &Value) -> Value {
    let mut schema = spec.clone();
    allow_null(&mut schema);
    schema
}

/// What a file may say about the object, and what a server adds to it.
fn metadata() -> Value {
    let texts = |description: &str| {
        json!({
            "description": description,
            "type": ["object", "null"],
            "additionalProperties": { "type": "string" },
        })
    };
    let server =
        |kind: &str| json!({ "description": "Set by the API server.", "type": [kind, "null"] });
    json!({
        "description": "Name and labels of the object.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "name": {
                "description": "The name. KubeSphere's tools look at ks-installer only.",
                "type": "string",
                "default": NAME,
            },
            "namespace": {
                "description": "The namespace. KubeSphere's tools look at kubesphere-system only.",
                "type": "string",
                "default": NAMESPACE,
            },
            "labels": texts("Labels. `version` is the version of KubeSphere to install."),
            "annotations": texts("Annotations."),
            "finalizers": server("array"),
            "ownerReferences": server("array"),
            "generateName": server("string"),
            "uid": server("string"),
            "resourceVersion": server("string"),
            "generation": server("integer"),
            "selfLink": server("string"),
            "creationTimestamp": server("string"),
            "deletionTimestamp": server("string"),
            "deletionGracePeriodSeconds": server("integer"),
            "managedFields": server("array"),
        },
    })
}

/// Lets every key have nothing behind it. Items of lists cannot: an empty item is a slip.
fn allow_null(schema: &mut Value) {
    let Value::Object(node) = schema else { return };
    match node.get_mut("type") {
        Some(Value::Array(types)) => types.push("null".into()),
        Some(single) => *single = json!([single.take(), "null"]),
        None => {}
    }
    if let Some(Value::Array(allowed)) = node.get_mut("enum") {
        allowed.push(Value::Null);
    }
    if let Some(Value::Object(properties)) = node.get_mut("properties") {
        properties.values_mut().for_each(allow_null);
    }
    if let Some(Value::Object(properties)) =
        node.get_mut("items").and_then(|items| items.get_mut("properties"))
    {
        properties.values_mut().for_each(allow_null);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(document: &Value) -> Vec<String> {
        let validator = jsonschema::draft202012::new(&schema()).unwrap();
        validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect()
    }

    fn document(spec: &Value) -> Value {
        json!({ "apiVersion": API_VERSION, "kind": KIND, "spec": spec })
    }

    #[test]
    fn it_is_a_valid_schema() {
        assert!(jsonschema::meta::is_valid(&schema()));
    }

    #[test]
    fn what_is_right_passes() {
        for spec in [
            json!(null),
            json!({}),
            json!({"multicluster": null, "etcd": {"monitoring": null}}),
            json!({"multicluster": {"clusterRole": "host", "tower": {"service": {"nodePort": 30721}}}}),
            json!({"common": {"es": {"externalElasticsearchPort": "", "logMaxAge": "7"}}}),
            json!({"common": {"es": {"externalElasticsearchPort": 9200}}}),
            json!({"edgeruntime": {"kubeedge": {"cloudCore": {"service": {"tunnelNodePort": "30004"}}}}}),
            json!({"devops": {"jenkinsCpuReq": 0.5, "jenkinsCpuLim": "1"}}),
            json!({"tolerations": [{"key": "a", "operator": "Exists", "effect": "NoSchedule"}]}),
            json!({"affinity": {"podAntiAffinity": {"anything": [1, null]}}}),
        ] {
            assert_eq!(errors(&document(&spec)), Vec::<String>::new(), "{spec}");
        }
    }

    #[test]
    fn what_is_wrong_gives_one_error_each() {
        for spec in [
            json!({"multicluster": {"clusterRole": "Host"}}),
            json!({"multicluster": {"clusterrole": "host"}}),
            json!({"common": {"core": {"console": {"port": "30880"}}}}),
            json!({"common": {"core": {"console": {"port": 70000}}}}),
            json!({"common": {"redis": {"enabled": "fasle"}}}),
            json!({"common": {"es": {"externalElasticsearchPort": "9200a"}}}),
            json!({"authentication": {"jwtSecret": 12345}}),
            json!({"authentication": {"jwtSecretRef": {}}}),
            json!({"nodeSelector": {"gpu": true}}),
            json!({"tolerations": [null]}),
            json!({"kubesphere": {}}),
        ] {
            assert_eq!(errors(&document(&spec)).len(), 1, "{spec}");
        }
        assert_eq!(errors(&json!({"kind": KIND})).len(), 1);
    }
}
