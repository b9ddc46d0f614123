//! Cuts the connection to a member for a while. What was placed on it stays.

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::add::serve;
use super::error::Error;
use super::host::{Host, cluster_kind};
use super::reach::reach;
use super::remove::{delete, federation_objects, member_service};
use super::webhook::{RETRY, RETRY_FOR};
use super::{Observer, Step, webhook};
use crate::cluster::{Cluster, ErrorKind, Kind, Selection};
use crate::member::Mode;
use crate::object::{ObjectId, kubesphere};

/// Suspends a member: Tower refuses its agent, KubeFed forgets it, with the token to it, and KubeSphere passes no request on
/// to it.
///
/// # Errors
/// There is no such member, or the host refuses.
pub async fn suspend(host: &Host, name: &str, observer: Observer<'_>) -> Result<(), Error> {
    let id = cluster_kind().named(None, name);
    let registered = host.member(name)?;
    webhook::restore(&host.cluster).await?;
    let member = reach(host, registered).await;
    // The webhook would dial the member, which may be gone.
    webhook::paused(&host.cluster, async {
        change(&host.cluster, &id, |live| {
            live["spec"]["joinFederation"] = json!(false);
            not_ready(live);
        })
        .await
    })
    .await?;
    observer(Step {
        verb: "suspended",
        what: id.to_string(),
        place: host.cluster.place().to_owned(),
    });
    for id in federation_objects(name).into_iter().chain([member_service(name)]) {
        delete(&host.cluster, &id, observer).await?;
    }
    match (registered.mode, member) {
        (Mode::Agent, Ok(member)) => disconnect(&member, observer).await,
        // An agent that is not connected cannot come back.
        _ => Ok(()),
    }
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

/// Restarts the agent: Tower refuses new connections of a suspended member, but keeps one that it has.
async fn disconnect(member: &Cluster, observer: Observer<'_>) -> Result<(), Error> {
    let own = Selection::within(Some(kubesphere::SYSTEM)).labelled("app=agent").metadata();
    // Without an answer there is no connection that could be ended.
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
    webhook::restore(&host.cluster).await?;
    let id = cluster_kind().named(None, name);
    webhook::paused(&host.cluster, async {
        // First the Cluster: Tower v0.2.2 deletes a Service of a member that is suspended.
        change(&host.cluster, &id, |live| live["spec"]["joinFederation"] = json!(true)).await?;
        let (Mode::Agent, Some(port)) = (registered.mode, registered.port) else { return Ok(()) };
        let ip = serve(host, name, Some(registered), port).await?;
        change(&host.cluster, &id, |live| {
            let connection = &mut live["spec"]["connection"];
            connection["kubernetesAPIEndpoint"] = format!("https://{ip}:6443").into();
            connection["kubesphereAPIEndpoint"] = format!("http://{ip}:80").into();
        })
        .await
    })
    .await?;
    observer(Step {
        verb: "resumed",
        what: id.to_string(),
        place: host.cluster.place().to_owned(),
    });
    Ok(())
}

/// Changes a Cluster, which others write, too.
pub(super) async fn change(
    host: &Cluster,
    id: &ObjectId,
    edit: impl Fn(&mut Value),
) -> Result<(), Error> {
    let end = Instant::now() + RETRY_FOR;
    loop {
        let Some(mut live) = host.get(id).await? else {
            return Err(Error::NoMember { name: id.name.clone(), known: Vec::new() });
        };
        let before = live.clone();
        edit(&mut live);
        if live == before {
            return Ok(());
        }
        match host.replace(&live).await {
            Err(error) if error.kind == ErrorKind::Changed => {}
            // An API server reads that the webhook is paused a little later.
            Err(error) if error.kind == ErrorKind::Refused && Instant::now() < end => {
                sleep(RETRY).await;
            }
            other => return Ok(other.map(|_| ())?),
        }
    }
}
