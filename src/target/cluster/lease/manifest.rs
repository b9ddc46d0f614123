//! The Lease as it is written.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::super::process;
use super::Terms;
use crate::cluster::Kind;
use crate::object::age::micro_time;
use crate::object::{ObjectId, kubesphere};

pub(super) fn id() -> ObjectId {
    Kind::new("coordination.k8s.io", "v1", "Lease")
        .named(Some(kubesphere::SYSTEM), kubesphere::LOCK)
}

pub(super) fn manifest(holder: &str, terms: Terms, version: Option<&str>) -> Value {
    let now = now();
    let mut body = json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": kubesphere::LOCK,
            "namespace": kubesphere::SYSTEM,
            "annotations": {process::ANNOTATION: process::own().unwrap_or_default()},
        },
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": terms.duration,
            "acquireTime": now,
            "renewTime": now,
        },
    });
    if let Some(version) = version {
        body["metadata"]["resourceVersion"] = version.into();
    }
    body
}

/// A `MicroTime`, for people who read the Lease.
pub(super) fn now() -> String {
    micro_time(SystemTime::now().into())
}
