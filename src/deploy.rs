//! The manifests that run ksi in a cluster: a controller that follows the `ClusterConfiguration`, or a Job that
//! applies it once.
//!
//! `deploy/` has them with the defaults, for `kubectl apply -k`; `ksi manifests` prints them for another image,
//! registry or placement.

mod controller;
mod image;
mod job;
mod pod;
mod resources;
mod toleration;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub use image::Image;
pub use resources::{Amounts, Resources};
pub use toleration::Toleration;

use crate::object::kubesphere;
use crate::{config, yaml};

/// The program, in labels.
const NAME: &str = "ksi";

/// What differs between clusters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// The image of ksi.
    pub image: Image,
    /// The Secrets with the credentials of its registry.
    pub pull_secrets: Vec<String>,
    /// What the pod requests, and its limits.
    pub resources: Resources,
    /// The taints that the pod tolerates.
    pub tolerations: Vec<Toleration>,
    /// The labels of the nodes on which it may run, beside the operating system.
    pub node_selector: BTreeMap<String, String>,
}

/// The CRD, the namespace and the account, which both need.
pub fn base() -> String {
    let account = include_str!("../deploy/rbac.yaml");
    format!("{}---\n{account}", yaml::emit(&config::crd()))
}

/// The controller: its Deployment, Service and NetworkPolicy.
pub fn controller(options: &Options) -> String {
    documents(&controller::objects(options))
}

/// The Job.
pub fn job(options: &Options) -> String {
    documents(&[job::object(options)])
}

/// Documents with lines between them.
fn documents(objects: &[Value]) -> String {
    objects.iter().map(yaml::emit).collect::<Vec<_>>().join("---\n")
}

/// The metadata of an object that runs ksi.
fn metadata(name: &str, component: &str) -> Value {
    let mut labels = labels(component);
    labels["app.kubernetes.io/version"] = env!("CARGO_PKG_VERSION").into();
    json!({"name": name, "namespace": kubesphere::SYSTEM, "labels": labels})
}

/// Whether an object is of these manifests, and not of ks-installer, which has the same names.
pub fn is_ours(live: &Value) -> bool {
    live["metadata"]["labels"]["app.kubernetes.io/name"] == NAME
}

/// The labels of pods. The guides find the log by `app`.
fn labels(component: &str) -> Value {
    json!({
        "app": kubesphere::INSTALLER_APP,
        "app.kubernetes.io/name": NAME,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/part-of": "kubesphere",
    })
}

/// What selects the pods of one of the two: both have the label of the guides.
fn selector(component: &str) -> Value {
    json!({"app": kubesphere::INSTALLER_APP, "app.kubernetes.io/component": component})
}
