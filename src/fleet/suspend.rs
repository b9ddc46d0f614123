//! Cuts the connection to a member for a while. What was placed on it stays.

use std::time::Duration;

use serde_json::{Value, json};

use super::add::establish;
use super::edit::delete;
use super::error::Error;
use super::host::Host;
use super::pause::paused;
use super::reach::reach;
use super::remove::delete_access;
use super::wait::{Look, until};
use super::{Observer, Step};
use crate::cluster::{Cluster, ErrorKind, Kind, Selection};
use crate::member::{Mode, Registered};
use crate::object::{ObjectId, kubesphere};

/// Suspends a member: Tower refuses its agent, KubeFed forgets it, with the token to it, and KubeSphere passes no request on
/// to it. It ends when no request reaches the member through Tower any more.
///
/// # Errors
/// There is no such member, the host refuses, or the tunnel is still open after `limit`.
pub async fn suspend(
    host: &Host,
    name: &str,
    limit: Duration,
    observer: Observer<'_>,
) -> Result<(), Error> {
    let registered = host.member(name)?;
    let is_tunnelled = registered.mode == Mode::Agent && registered.kubeconfig.is_some();
    if is_tunnelled && host.tower_pod.is_none() {
        return Err(Error::NoWay {
            name: name.to_owned(),
            why: "no pod of Tower is ready, so that nobody can tell when the tunnel is closed"
                .to_owned(),
        });
    }
    // The webhook would dial the member, which may be gone.
    paused(host, async {
        host.change(name, |live| {
            live["spec"]["joinFederation"] = json!(false);
            not_ready(live);
        })
        .await
    })
    .await?;
    delete_access(host, name, observer).await?;
    if is_tunnelled {
        close(host, registered, limit, observer).await?;
        // ks-controller-manager may have been about to join it, and made them once more.
        delete_access(host, name, observer).await?;
    }
    observer(Step { verb: "suspended", what: format!("Cluster {name}"), place: host.place() });
    Ok(())
}

/// KubeSphere passes requests on to every member that is Ready, also to one that it does not join.
fn not_ready(live: &mut Value) {
    let conditions = live["status"]["conditions"].as_array_mut();
    for condition in conditions.into_iter().flatten().filter(|one| one["type"] == "Ready") {
        condition["status"] = "False".into();
        condition["reason"] = "Suspended".into();
        condition["message"] = "ksi member resume connects it again".into();
    }
}

/// Restarts the agent, and waits until Tower has no way to the member any more: it refuses new connections of a suspended
/// member, but keeps one that it has.
async fn close(
    host: &Host,
    registered: &Registered,
    limit: Duration,
    observer: Observer<'_>,
) -> Result<(), Error> {
    let what = format!("the end of the tunnel to {}", registered.name);
    until(what, limit, async || {
        Ok(match tunnel(host, registered).await? {
            Tunnel::Closed => Look::Done(()),
            Tunnel::Open(member) => {
                if let Some(member) = member {
                    disconnect(&member, observer).await?;
                }
                Look::NotYet(
                    "requests still reach the member; if its agent is no pod with label app=agent, stop it by hand, or \
                     restart Tower: `kubectl -n kubesphere-system rollout restart deployment/tower`"
                        .to_owned(),
                )
            }
            Tunnel::Unknown(why) => {
                Look::NotYet(format!("nobody can tell whether it is closed: {why}"))
            }
        })
    })
    .await?;
    observer(Step {
        verb: "closed",
        what: format!("the tunnel to {}", registered.name),
        place: host.place(),
    });
    Ok(())
}

/// What a request through Tower shows.
enum Tunnel {
    /// The member answers; with a connection, if it accepts the credential of the host.
    Open(Option<Cluster>),
    /// Tower does not listen for it any more, or its pod is gone and all tunnels with it.
    Closed,
    /// The request did not come to Tower, or was lost behind it.
    Unknown(String),
}

async fn tunnel(host: &Host, registered: &Registered) -> Result<Tunnel, Error> {
    let error = match answers(host, registered).await {
        Ok(member) => return Ok(Tunnel::Open(Some(member))),
        Err(error) => error,
    };
    if is_answer(&error) {
        return Ok(Tunnel::Open(None));
    }
    let why = error.cause();
    let is_closed = is_refused_by_pod(&why) || is_tower_gone(host).await?;
    Ok(if is_closed { Tunnel::Closed } else { Tunnel::Unknown(why) })
}

/// A new connection through Tower that answers.
async fn answers(host: &Host, registered: &Registered) -> Result<Cluster, Error> {
    let member = reach(host, registered).await?;
    member.read_path("/version").await?;
    Ok(member)
}

/// Whether an error is the answer of an API server that does not accept the credential.
fn is_answer(error: &Error) -> bool {
    let Error::Cluster(error) = error else { return false };
    matches!(error.kind, ErrorKind::Unauthorized | ErrorKind::Forbidden)
}

/// Whether nothing listens on the port in the pod, as the kubelet says it (`error forwarding port 6000 to pod …: dial tcp4
/// 127.0.0.1:6000: connect: connection refused`). An API server or a kubelet that cannot be reached says the second
/// part alone.
fn is_refused_by_pod(why: &str) -> bool {
    why.contains("error forwarding port") && why.contains("connection refused")
}

/// Whether the pod of Tower that was there at first is gone.
async fn is_tower_gone(host: &Host) -> Result<bool, Error> {
    let Some(pod) = &host.tower_pod else { return Ok(false) };
    let id = Kind::new("", "v1", "Pod").named(Some(kubesphere::SYSTEM), pod);
    Ok(host.cluster.get(&id).await?.is_none())
}

/// Deletes the pods of the agent: their successors are refused.
async fn disconnect(member: &Cluster, observer: Observer<'_>) -> Result<(), Error> {
    let own = Selection::within(Some(kubesphere::SYSTEM)).labelled("app=agent").metadata();
    // With the first one the tunnel may end: then there is no answer, and nothing more to do.
    let Ok(pods) = member.list(&Kind::new("", "v1", "Pod"), &own).await else { return Ok(()) };
    for id in pods.iter().filter_map(ObjectId::of) {
        delete(member, &id, observer).await?;
    }
    Ok(())
}

/// Connects a suspended member again. ks-controller-manager joins it as it did at first.
///
/// # Errors
/// There is no such member, or the host refuses.
pub async fn resume(host: &Host, name: &str, observer: Observer<'_>) -> Result<(), Error> {
    let registered = host.member(name)?;
    paused(host, async {
        match (registered.mode, &registered.token, registered.port) {
            (Mode::Agent, Some(token), Some(port)) => {
                establish(host, name, Some(registered), token, port).await.map(|_| ())
            }
            // Tower gives the rest to one that it has not seen yet.
            _ => host.change(name, |live| live["spec"]["joinFederation"] = json!(true)).await,
        }
    })
    .await?;
    observer(Step { verb: "resumed", what: format!("Cluster {name}"), place: host.place() });
    Ok(())
}
