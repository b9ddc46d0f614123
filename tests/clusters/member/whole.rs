//! Everything that is in a cluster, for a comparison.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Side;
use crate::hands::Hands as _;

/// Kinds that Kubernetes writes by itself, and what ksi records about its runs.
const PASSING: [&str; 9] = [
    "Event",
    "Lease",
    "Endpoints",
    "EndpointSlice",
    "Pod",
    "ReplicaSet",
    "Node",
    "PropagatedVersion",
    "ClusterPropagatedVersion",
];
const RECORDS: [&str; 2] = ["ksi-inventory", "ksi-history-"];

/// Every object by kind, namespace and name, without what changes by itself.
pub(super) fn whole(side: &Side) -> BTreeMap<String, Value> {
    let kinds = side.kubectl("api-resources --verbs=list -o name");
    let kinds: Vec<&str> = kinds.lines().filter(|kind| !kind.ends_with("metrics.k8s.io")).collect();
    let all = side.kubectl(&format!("get {} -A -o json", kinds.join(",")));
    let all: Value = serde_json::from_str(&all).unwrap();
    let all = all["items"].as_array().unwrap().iter().cloned();
    all.filter_map(|mut object| {
        let kind = object["kind"].as_str().unwrap().to_owned();
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        if PASSING.contains(&&*kind) || RECORDS.iter().any(|record| name.starts_with(record)) {
            return None;
        }
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
        let key = format!("{kind}/{namespace}/{name} {}", object["apiVersion"].as_str().unwrap());
        object.as_object_mut().unwrap().remove("status");
        let metadata = object["metadata"].as_object_mut().unwrap();
        for passing in
            ["resourceVersion", "generation", "managedFields", "uid", "creationTimestamp"]
        {
            metadata.remove(passing);
        }
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            // KubeFed's election.
            annotations.remove("control-plane.alpha.kubernetes.io/leader");
        }
        if let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut) {
            // Today.
            labels.remove("kubernetes.io/legacy-token-last-used");
        }
        let is_empty = |value: &Value| value.as_object().is_some_and(serde_json::Map::is_empty);
        metadata.retain(|_, value| !is_empty(value));
        Some((key, object))
    })
    .collect()
}

/// What KubeFed replaced by what the host has, and what nobody can bring back: the account of the administrator, the
/// label of a namespace that ks-controller-manager sets only once, and the order and form of kubesphere.yaml, which it writes
/// anew with the name of the member.
const REPLACED: [&str; 3] = [
    "~ User//admin ",
    "~ Namespace//kubesphere-monitoring-federated ",
    "~ ConfigMap/kubesphere-system/kubesphere-config ",
];

/// What is there in only one of the two, and what differs, except for what a member does not get back.
pub(super) fn differences(
    before: &BTreeMap<String, Value>,
    after: &BTreeMap<String, Value>,
) -> Vec<String> {
    let gone = before.keys().filter(|key| !after.contains_key(*key)).map(|key| format!("- {key}"));
    let new = after.keys().filter(|key| !before.contains_key(*key)).map(|key| format!("+ {key}"));
    let changed = before.iter().filter_map(|(key, old)| {
        let new = after.get(key)?;
        let both = serde_json::json!({"before": old, "after": new});
        (old != new).then(|| format!("~ {key}: {both}"))
    });
    let names = |object: &Value| object["data"].to_string().contains("clusterName: ");
    let of_members =
        after.iter().filter(|(key, object)| names(object) && !before.get(*key).is_some_and(names));
    let of_members = of_members.map(|(key, _)| format!("! {key} names a member"));
    let all = gone.chain(new).chain(changed).chain(of_members);
    all.filter(|line| !REPLACED.iter().any(|replaced| line.starts_with(replaced))).collect()
}
