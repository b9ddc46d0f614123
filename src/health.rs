//! The health of live objects, assessed from their manifests and status alone.
//!
//! The rules are those of kstatus (sigs.k8s.io/cli-utils, `pkg/kstatus/status/core.go`), which Flux and
//! Helm use to wait, with these differences, each for a reason seen in the field:
//!
//! - an object is never healthy before its controller has written a status, even if it is a workload
//!   without `observedGeneration`: right after a write the old status still reports success;
//! - `observedGeneration` may be a string: some controllers write it that way, and a strict comparison
//!   would wait forever (helm/helm#32615);
//! - a running Job is not complete;
//! - kinds of KubeSphere and KubeFed are supported, whose status kstatus cannot read.
//!
//! Nothing here waits, does I/O or reads a clock. The caller decides how long an object may stay
//! [`Health::Progressing`]; the [`troubles`] of its pods explain why it does.

mod address;
mod api;
mod cause;
mod claim;
mod condition;
mod core;
mod current;
mod endpoint;
mod explanation;
mod generic;
mod job;
mod kubesphere;
mod missing;
mod namespace;
mod number;
mod pod;
mod remedy;
mod selector;
mod text;
mod trouble;
mod workload;

use serde::Serialize;
use serde_json::Value;

pub use address::{Address, address};
pub use cause::{Cause, Passing, Surroundings};
pub use claim::is_default_class;
pub use current::{ReplicaSets, current_pods, is_owned};
pub use endpoint::{Endpoint, Reach, console, tower};
pub use explanation::{cause, is_starting};
pub use selector::{selects, selects_labels};
pub use trouble::{Trouble, troubles};

use crate::object::is_terminating;
use number::number;

/// The health of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum Health {
    /// It has reached its desired state.
    Healthy,
    /// It has not reached its desired state yet.
    Progressing {
        /// What is missing: `1 of 2 replicas available`.
        reason: String,
    },
    /// Waiting does not make it healthy.
    Failed {
        /// What went wrong, as its controller reports it.
        reason: String,
    },
}

impl Health {
    /// Whether it has reached its desired state.
    pub fn is_healthy(&self) -> bool {
        matches!(self, Self::Healthy)
    }

    /// What is missing or went wrong; `None` when healthy.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Healthy => None,
            Self::Progressing { reason } | Self::Failed { reason } => Some(reason),
        }
    }

    /// Every reason is sanitized here: most of them come from other controllers.
    fn progressing(reason: impl AsRef<str>) -> Self {
        Self::Progressing { reason: text::clean(reason.as_ref()) }
    }

    fn failed(reason: impl AsRef<str>) -> Self {
        Self::Failed { reason: text::clean(reason.as_ref()) }
    }
}

/// Assesses one live object: the whole manifest with its status, as the server returns it.
pub fn assess(live: &Value) -> Health {
    if !live.is_object() {
        return Health::progressing("not found");
    }
    let (group, kind) = kind(live);
    if is_terminating(live) {
        return terminating(kind, live);
    }
    if let Some(unobserved) = unobserved(live) {
        return unobserved;
    }
    match (group, kind) {
        ("apps", "Deployment") => workload::deployment(live),
        ("apps", "StatefulSet") => workload::stateful_set(live),
        ("apps", "DaemonSet") => workload::daemon_set(live),
        ("apps", "ReplicaSet") => workload::replica_set(live),
        ("batch", "Job") => job::assess(live),
        ("", "Pod") => pod::assess(live),
        ("", "PersistentVolumeClaim") => core::claim(live),
        ("", "Service") => core::service(live),
        ("", "Namespace") => namespace::assess(live),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => api::definition(live),
        ("apiregistration.k8s.io", "APIService") => api::service(live),
        ("core.kubefed.io", "FederatedTypeConfig") => kubesphere::federated_type(live),
        ("core.kubefed.io", "KubeFedCluster") => kubesphere::federated_cluster(live),
        ("cluster.kubesphere.io", "Cluster") => kubesphere::cluster(live),
        ("iam.kubesphere.io", "User") => kubesphere::user(live),
        _ if is_healthy_if_present(group, kind) => Health::Healthy,
        _ => generic::assess(live),
    }
}

/// Kinds whose conditions describe other objects, or a choice that somebody made: an autoscaler without
/// metrics or a disruption budget that allows no disruption is not a failed installation. The backend
/// of a webhook is assessed where it runs. `KubeSphere` writes no status on its roles.
fn is_healthy_if_present(group: &str, kind: &str) -> bool {
    matches!(
        (group, kind),
        ("admissionregistration.k8s.io" | "autoscaling" | "policy", _)
            | ("batch", "CronJob")
            | ("networking.k8s.io", "Ingress")
            | ("iam.kubesphere.io", "GlobalRole" | "WorkspaceRole" | "RoleBase")
            | ("tenant.kubesphere.io", "Workspace" | "WorkspaceTemplate")
    )
}

/// Group and kind; empty strings if the object has none.
fn kind(live: &Value) -> (&str, &str) {
    let api_version = live["apiVersion"].as_str().unwrap_or_default();
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    (group, live["kind"].as_str().unwrap_or_default())
}

fn terminating(kind: &str, live: &Value) -> Health {
    let blocker = match kind {
        "Namespace" => namespace::blocker(live),
        _ => finalizers(live),
    };
    match blocker {
        Some(blocker) => Health::progressing(format!("is being deleted: {blocker}")),
        None => Health::progressing("is being deleted"),
    }
}

/// The finalizers that have to be removed before an object is deleted.
fn finalizers(live: &Value) -> Option<String> {
    let names = live["metadata"]["finalizers"].as_array()?;
    let names: Vec<_> = names.iter().filter_map(Value::as_str).collect();
    match names.len() {
        0 => None,
        1 => Some(format!("waiting for finalizer {}", names[0])),
        _ => Some(format!("waiting for finalizers {}", names.join(", "))),
    }
}

/// The health of an object whose controller has not observed its latest generation yet.
fn unobserved(live: &Value) -> Option<Health> {
    let generation = number(&live["metadata"]["generation"])?;
    let observed = number(&live["status"]["observedGeneration"])?;
    (observed < generation).then(|| {
        Health::progressing(format!(
            "not yet observed by its controller (generation {observed} of {generation})"
        ))
    })
}

#[cfg(test)]
mod tests;
