//! How live objects are, judged from nothing but what the server gives of them.
//!
//! The rules are those of kstatus (sigs.k8s.io/cli-utils, `pkg/kstatus/status/core.go`), which Flux and
//! Helm wait by, with these differences, each for a reason seen in the field:
//!
//! - a status that its controller has not written yet is never healthy, also for workloads without an
//!   `observedGeneration`: right after a write the old status still says that all is well;
//! - `observedGeneration` may be a text: some controllers write it so, and comparing it strictly waits
//!   for ever (helm/helm#32615);
//! - a running Job is not done;
//! - kinds of KubeSphere and KubeFed are known, whose status kstatus cannot read.
//!
//! Nothing here waits, reads or knows the time. How long something may stay [`Health::Progressing`] is
//! for the caller to decide, and [`troubles`] of its pods say why it does.

mod address;
mod api;
mod condition;
mod core;
mod endpoint;
mod generic;
mod job;
mod kubesphere;
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
pub use endpoint::{Endpoint, Reach, console, tower};
pub use selector::{selects, selects_labels};
pub use trouble::{Trouble, troubles};

use crate::object::is_departing;
use number::number;

/// How an object is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum Health {
    /// As its maker wants it.
    Healthy,
    /// On its way.
    Progressing {
        /// What is awaited: `1 of 2 replicas are available`.
        reason: String,
    },
    /// It will not become healthy by waiting.
    Failed {
        /// What went wrong, in the words of the controller that says so.
        reason: String,
    },
}

impl Health {
    /// Whether nothing is awaited.
    pub fn is_healthy(&self) -> bool {
        matches!(self, Self::Healthy)
    }

    /// What is awaited or went wrong; `None` when healthy.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Healthy => None,
            Self::Progressing { reason } | Self::Failed { reason } => Some(reason),
        }
    }

    /// Every reason is cleaned here: much of it comes from controllers of others.
    fn progressing(reason: impl AsRef<str>) -> Self {
        Self::Progressing { reason: text::clean(reason.as_ref()) }
    }

    fn failed(reason: impl AsRef<str>) -> Self {
        Self::Failed { reason: text::clean(reason.as_ref()) }
    }
}

/// Judges one live object: the whole manifest with its status, as a server gives it.
pub fn judge(live: &Value) -> Health {
    if !live.is_object() {
        return Health::progressing("is not there");
    }
    let (group, kind) = kind(live);
    if is_departing(live) {
        return deleted(kind, live);
    }
    if let Some(stale) = stale(live) {
        return stale;
    }
    match (group, kind) {
        ("apps", "Deployment") => workload::deployment(live),
        ("apps", "StatefulSet") => workload::stateful_set(live),
        ("apps", "DaemonSet") => workload::daemon_set(live),
        ("apps", "ReplicaSet") => workload::replica_set(live),
        ("batch", "Job") => job::judge(live),
        ("", "Pod") => pod::judge(live),
        ("", "PersistentVolumeClaim") => core::claim(live),
        ("", "Service") => core::service(live),
        ("", "Namespace") => namespace::judge(live),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => api::definition(live),
        ("apiregistration.k8s.io", "APIService") => api::service(live),
        ("core.kubefed.io", "FederatedTypeConfig") => kubesphere::federated_type(live),
        ("core.kubefed.io", "KubeFedCluster") => kubesphere::federated_cluster(live),
        ("cluster.kubesphere.io", "Cluster") => kubesphere::cluster(live),
        ("iam.kubesphere.io", "User") => kubesphere::user(live),
        _ if is_healthy_by_being_there(group, kind) => Health::Healthy,
        _ => generic::judge(live),
    }
}

/// Kinds whose conditions say something about other objects, or about a choice that somebody made: an
/// autoscaler without metrics or a disruption budget that allows none is no failed installation. What
/// stands behind a webhook is judged where it runs. `KubeSphere` writes no status on its roles.
fn is_healthy_by_being_there(group: &str, kind: &str) -> bool {
    matches!(
        (group, kind),
        ("admissionregistration.k8s.io" | "autoscaling" | "policy", _)
            | ("batch", "CronJob")
            | ("networking.k8s.io", "Ingress")
            | ("iam.kubesphere.io", "GlobalRole" | "WorkspaceRole" | "RoleBase")
            | ("tenant.kubesphere.io", "Workspace" | "WorkspaceTemplate")
    )
}

/// Group and kind; empty where the object has none.
fn kind(live: &Value) -> (&str, &str) {
    let api_version = live["apiVersion"].as_str().unwrap_or_default();
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    (group, live["kind"].as_str().unwrap_or_default())
}

fn deleted(kind: &str, live: &Value) -> Health {
    let awaited = match kind {
        "Namespace" => namespace::awaited(live),
        _ => finalizers(live),
    };
    match awaited {
        Some(awaited) => Health::progressing(format!("is being deleted: {awaited}")),
        None => Health::progressing("is being deleted"),
    }
}

/// Who has to let go of an object before it can end.
fn finalizers(live: &Value) -> Option<String> {
    let names = live["metadata"]["finalizers"].as_array()?;
    let names: Vec<_> = names.iter().filter_map(Value::as_str).collect();
    match names.len() {
        0 => None,
        1 => Some(format!("waits for finalizer {}", names[0])),
        _ => Some(format!("waits for finalizers {}", names.join(", "))),
    }
}

/// What is to be said of an object whose controller has not seen its last change yet.
fn stale(live: &Value) -> Option<Health> {
    let generation = number(&live["metadata"]["generation"])?;
    let observed = number(&live["status"]["observedGeneration"])?;
    (observed < generation).then(|| {
        Health::progressing(format!(
            "its controller has seen generation {observed} of {generation}"
        ))
    })
}

#[cfg(test)]
mod tests;
