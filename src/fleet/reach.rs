//! The way to a member.

use std::time::Duration;

use super::error::Error;
use super::host::Host;
use crate::cluster::{Cluster, ConnectOptions, PodPort, Stored};
use crate::member::{Mode, Registered};
use crate::object::kubesphere;

/// How long requests to a member are repeated, and how long one may take.
const PATIENCE: Duration = Duration::from_secs(4);
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// Connects to a member as its host does: directly, or through Tower. No request is sent yet.
///
/// To Tower it is a port-forward to its pod, which no NetworkPolicy hinders, and which works from outside of the host.
///
/// # Errors
/// The host has no way to it, or its kubeconfig cannot be used.
pub async fn reach(host: &Host, member: &Registered) -> Result<Cluster, Error> {
    let no_way = |why: &str| Error::NoWay { name: member.name.clone(), why: why.to_owned() };
    let Some(kubeconfig) = member.kubeconfig.clone() else {
        return Err(no_way(match member.mode {
            Mode::Agent => "its agent has not connected to Tower yet",
            Mode::Direct => "its Cluster has no kubeconfig",
        }));
    };
    let through = match member.mode {
        Mode::Direct => None,
        Mode::Agent => {
            let port = member.port.ok_or_else(|| no_way("its Cluster has no port of Tower"))?;
            let pod = host.tower_pod.clone().ok_or_else(|| no_way("no pod of Tower is ready"))?;
            let namespace = kubesphere::SYSTEM.to_owned();
            Some(PodPort { cluster: host.cluster.clone(), namespace, pod, port })
        }
    };
    connect(&member.name, kubeconfig, through).await
}

/// Connects with a kubeconfig that a host stores for a member, or is to store.
pub(super) async fn connect(
    name: &str,
    kubeconfig: String,
    through: Option<PodPort>,
) -> Result<Cluster, Error> {
    let stored = Stored { name: name.to_owned(), kubeconfig, through };
    let options = ConnectOptions {
        patience: PATIENCE,
        request_limit: REQUEST_LIMIT,
        ..ConnectOptions::default()
    };
    Ok(Cluster::connect_stored(stored, &options).await?)
}
