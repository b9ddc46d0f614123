//! The pods of a workload that run its current template: those of an older one are on their way out.

use serde_json::Value;

/// The `ReplicaSet`s of a namespace, at least their metadata; `None` if they cannot be read.
pub type ReplicaSets = Option<Vec<Value>>;

const REVISION: &str = "deployment.kubernetes.io/revision";
const GENERATION: &str = "deprecated.daemonset.template.generation";

/// The pods of a workload that run its current template, in order of their names. None of a Deployment whose
/// `ReplicaSet`s are not known.
pub fn current_pods<'p>(
    live: &Value,
    replica_sets: &ReplicaSets,
    pods: &'p [Value],
) -> Vec<&'p Value> {
    let metadata = &live["metadata"];
    let label = |pod: &Value, name: &str| pod["metadata"]["labels"][name].clone();
    let mut current: Vec<&Value> = match live["kind"].as_str() {
        Some("Pod") => {
            pods.iter().filter(|pod| pod["metadata"]["uid"] == metadata["uid"]).collect()
        }
        Some("Deployment") => {
            let all = replica_sets.iter().flatten();
            let is_current = |set: &&Value| {
                is_owned(set, live)
                    && set["metadata"]["annotations"][REVISION] == metadata["annotations"][REVISION]
            };
            let set = all.into_iter().find(is_current);
            pods.iter().filter(|pod| set.is_some_and(|set| is_owned(pod, set))).collect()
        }
        Some("StatefulSet") => {
            let revision = &live["status"]["updateRevision"];
            let is_current = |pod: &Value| label(pod, "controller-revision-hash") == *revision;
            pods.iter().filter(|pod| is_owned(pod, live) && is_current(pod)).collect()
        }
        Some("DaemonSet") => {
            let generation = &metadata["annotations"][GENERATION];
            let is_current = |pod: &Value| label(pod, "pod-template-generation") == *generation;
            pods.iter().filter(|pod| is_owned(pod, live) && is_current(pod)).collect()
        }
        _ => pods.iter().filter(|pod| is_owned(pod, live)).collect(),
    };
    current.sort_by_key(|pod| pod["metadata"]["name"].as_str());
    current
}

/// Whether an object belongs to another one. Names return after an uninstallation, uids do not.
pub fn is_owned(object: &Value, owner: &Value) -> bool {
    let uid = &owner["metadata"]["uid"];
    let owners = object["metadata"]["ownerReferences"].as_array();
    uid.is_string() && owners.into_iter().flatten().any(|reference| reference["uid"] == *uid)
}
