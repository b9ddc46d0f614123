//! Proves that what a host federates arrives on a member, and goes again.

use std::time::Duration;

use serde_json::{Value, json};

use super::error::Error;
use super::wait::{Look, until, wait_gone};
use crate::cluster::{Cluster, Kind, Preconditions, Propagation};
use crate::member::fingerprint;

/// How long the objects of a probe took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Until they were on the member.
    pub arrived: Duration,
    /// Until they were gone again.
    pub left: Duration,
}

/// Federates a namespace with a ConfigMap to one member, sees them there, deletes them, and sees them gone.
///
/// # Errors
/// They did not arrive or go in time; with what KubeFed says.
pub async fn probe(
    host: &Cluster,
    member: &Cluster,
    name: &str,
    limit: Duration,
) -> Result<Arrival, Error> {
    // The name of a member may be as long as that of a namespace.
    let namespace = format!("ksi-probe-{}", fingerprint(name));
    let objects = objects(&namespace, name);
    let start = tokio::time::Instant::now();
    let arrived = async {
        for object in &objects {
            host.apply(object, crate::cluster::Apply::default()).await?;
        }
        arrival(host, member, &namespace, limit).await
    }
    .await;
    let arrived = arrived.map(|()| start.elapsed());
    let start = tokio::time::Instant::now();
    // Also what did not arrive is taken back.
    let left = departure(host, member, &namespace, limit).await;
    Ok(Arrival { arrived: arrived?, left: left.map(|()| start.elapsed())? })
}

fn objects(namespace: &str, member: &str) -> [Value; 3] {
    let placement = json!({"clusters": [{"name": member}]});
    [
        // KubeFed deletes nothing on the host that has this label.
        json!({"apiVersion": "v1", "kind": "Namespace",
               "metadata": {"name": namespace, "labels": {"kubefed.io/managed": "false"}}}),
        json!({"apiVersion": "types.kubefed.io/v1beta1", "kind": "FederatedNamespace",
               "metadata": {"name": namespace, "namespace": namespace},
               "spec": {"template": {}, "placement": placement}}),
        json!({"apiVersion": "types.kubefed.io/v1beta1", "kind": "FederatedConfigMap",
               "metadata": {"name": "probe", "namespace": namespace},
               "spec": {"template": {"data": {"from": "ksi"}}, "placement": placement}}),
    ]
}

async fn arrival(
    host: &Cluster,
    member: &Cluster,
    namespace: &str,
    limit: Duration,
) -> Result<(), Error> {
    let there = Kind::new("", "v1", "ConfigMap").named(Some(namespace), "probe");
    let federated = Kind::new("types.kubefed.io", "v1beta1", "FederatedConfigMap")
        .named(Some(namespace), "probe");
    until("the arrival of a federated ConfigMap", limit, async || {
        if member.get(&there).await?.is_some() {
            return Ok(Look::Done(()));
        }
        let live = host.get(&federated).await?.unwrap_or_default();
        Ok(Look::NotYet(match live["status"].as_object() {
            Some(status) => format!("KubeFed says {}", json!(status)),
            None => "KubeFed has not looked at it".to_owned(),
        }))
    })
    .await
}

/// The ConfigMap first: KubeFed does not delete what a federated object placed once its `FederatedNamespace` is gone.
async fn departure(
    host: &Cluster,
    member: &Cluster,
    namespace: &str,
    limit: Duration,
) -> Result<(), Error> {
    let types = |kind: &str| Kind::new("types.kubefed.io", "v1beta1", kind);
    let on_host = Kind::new("", "v1", "Namespace").named(None, namespace);
    let steps = [
        types("FederatedConfigMap").named(Some(namespace), "probe"),
        types("FederatedNamespace").named(Some(namespace), namespace),
        on_host.clone(),
    ];
    for id in steps {
        host.delete(&id, &Preconditions::default(), Propagation::Background).await?;
        wait_gone(host, &id, limit).await?;
    }
    until(format!("the deletion of namespace {namespace} on the member"), limit, async || {
        Ok(match member.get(&on_host).await? {
            None => Look::Done(()),
            Some(live) => Look::NotYet(format!("it is {}", live["status"]["phase"])),
        })
    })
    .await
}
