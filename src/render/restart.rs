//! Restarts pods when a ConfigMap that they mount changes: programs read their configuration at their start,
//! and a file mounted by `subPath` is never updated in a running pod.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::config_checksum::{ANNOTATION, config_checksum};
use crate::object::{Object, Policy, embedded};

/// Adds a checksum of the `ConfigMap`s that a workload mounts to its pod template, where the template of the
/// workload sets none itself.
pub(super) fn annotate(objects: &mut [Object]) {
    let maps: BTreeMap<(String, String), Value> = objects
        .iter()
        .filter(|object| object.id.kind == "ConfigMap" && object.policy == Policy::Apply)
        .map(|object| {
            let namespace = object.id.namespace.clone().unwrap_or_default();
            ((namespace, object.id.name.clone()), meaning(&object.body["data"]))
        })
        .collect();
    for object in objects {
        let namespace = object.id.namespace.clone().unwrap_or_default();
        let Some(template) = object.body.pointer_mut("/spec/template") else { continue };
        if !template["metadata"]["annotations"][ANNOTATION].is_null() {
            continue;
        }
        let volumes = template["spec"]["volumes"].as_array().into_iter().flatten();
        let names = volumes.filter_map(|volume| volume["configMap"]["name"].as_str());
        let mounted: BTreeMap<&str, &Value> = names
            .filter_map(|name| Some((name, maps.get(&(namespace.clone(), name.to_owned()))?)))
            .collect();
        if !mounted.is_empty() {
            // A ConfigMap holds no secret.
            let checksum = config_checksum(&json!(mounted), "");
            template["metadata"]["annotations"][ANNOTATION] = checksum.into();
        }
    }
}

/// The data of a ConfigMap with its files parsed, where they are YAML: their layout means nothing.
fn meaning(data: &Value) -> Value {
    let files = data.as_object().into_iter().flatten();
    let parsed = files.map(|(name, text)| {
        let document = text.as_str().and_then(|text| embedded::parse(text).ok());
        (name.clone(), document.unwrap_or_else(|| text.clone()))
    });
    Value::Object(parsed.collect())
}
