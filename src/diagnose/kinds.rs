//! The kinds that explain others.

use crate::cluster::Kind;
use crate::object::ObjectId;

/// Kinds whose pods are found by a selector.
const WORKLOADS: [&str; 5] = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"];

/// The kind of pods.
pub fn pods() -> Kind {
    Kind::new("", "v1", "Pod")
}

/// The kind of events, in the version that every Kubernetes serves.
pub fn event_kind() -> Kind {
    Kind::new("", "v1", "Event")
}

/// Whether an object is a workload that selects pods.
pub fn is_workload(id: &ObjectId) -> bool {
    matches!(id.group.as_str(), "apps" | "batch") && WORKLOADS.contains(&id.kind.as_str())
}
