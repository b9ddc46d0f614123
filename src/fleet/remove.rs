//! Takes a member out of its federation, on both sides.

use std::time::Duration;

use serde_json::Value;

use super::Observer;
use super::clean::clean_after;
use super::edit::delete;
use super::error::Error;
use super::host::{Host, cluster_kind, kubefed_kind, service_kind};
use super::observe::about;
use super::pause::paused;
use super::placed::{Removal, gone_from_member, placed, withdraw};
use super::reach::reach;
use super::silence::is_silent;
use super::wait::wait_gone;
use crate::cluster::{Cluster, Kind};
use crate::member::{FINALIZER, Placement, Registered};
use crate::object::{ObjectId, kubesphere};

/// Removes a member that answers: nothing is left of the host in the member, and of the member in the host.
///
/// # Errors
/// The member does not answer; objects place something on it and `removal` does not allow to change them; or one of the
/// two clusters refuses. It can be repeated.
pub async fn remove(
    host: &Host,
    member_name: &str,
    member: Option<&Cluster>,
    removal: Removal,
    observer: Observer<'_>,
) -> Result<(), Error> {
    let registered = host.member(member_name)?;
    let member = match member {
        Some(member) => member.clone(),
        None => reach(host, registered).await?,
    };
    let silent = |why: String| Error::Silent { name: member_name.to_owned(), why };
    let facts = about(&member, None).await.map_err(|error| silent(error.cause))?;
    right_cluster(host, registered, &facts.uid)?;
    // What `clean_after` has to know: by then this could not be repeated.
    facts.accounts?;
    let placed = placed(host, member_name, removal).await?;
    // A workspace takes its projects with it, which nobody has listed: it stays.
    let deleted =
        |placement: &&Placement| removal.delete_objects && !placement.id.kind.contains("Workspace");
    for placement in placed.iter().filter(deleted) {
        // While KubeFed reaches the member, it deletes there what is no longer placed.
        withdraw(host, placement, member_name, observer).await?;
        gone_from_member(host, &member, placement, removal.limit).await?;
    }
    unregister(host, registered, removal.limit, observer).await?;
    clean_after(host, &member, registered, (removal.limit, observer)).await?;
    // Now KubeFed has no rights on the member any more, and deletes nothing there.
    for placement in &placed {
        withdraw(host, placement, member_name, observer).await?;
    }
    Ok(())
}

/// Whether a cluster that answers is the member that is to be cleaned, and no other one of the host.
fn right_cluster(host: &Host, registered: &Registered, found: &str) -> Result<(), Error> {
    let others = host.clusters.iter().filter(|cluster| cluster.name != registered.name);
    let is_other = found == host.uid || others.clone().any(|one| one.uid.as_deref() == Some(found));
    match &registered.uid {
        Some(uid) if uid == found => Ok(()),
        None if !is_other => Ok(()),
        uid => Err(Error::OtherCluster {
            name: registered.name.clone(),
            expected: uid.clone().unwrap_or_else(|| "unknown".to_owned()),
            found: found.to_owned(),
        }),
    }
}

/// Removes a member that never answers again. This machine and somebody in the host both have to find it
/// silent.
///
/// # Errors
/// The member answers; objects place something on it and `removal` does not allow to change them; or the host refuses.
pub async fn remove_dead(
    host: &Host,
    member_name: &str,
    removal: Removal,
    observer: Observer<'_>,
) -> Result<(), Error> {
    let registered = host.member(member_name)?;
    is_silent(host, registered).await?;
    let placed = placed(host, member_name, removal).await?;
    // While KubeFed has the member, it holds what is placed on it by a finalizer, and waits for it.
    delete_federation(host, member_name, observer).await?;
    for placement in &placed {
        withdraw(host, placement, member_name, observer).await?;
    }
    let id = cluster_kind().named(None, member_name);
    paused(host, async {
        delete(&host.cluster, &id, observer).await?;
        match wait_gone(&host.cluster, &id, Duration::from_secs(20)).await {
            // ks-controller-manager does not run, or gave up after 15 tries.
            Err(Error::Timeout { .. }) => {
                host.edit(member_name, release).await?;
                wait_gone(&host.cluster, &id, removal.limit).await
            }
            gone => gone,
        }
    })
    .await?;
    delete(&host.cluster, &member_service(member_name), observer).await
}

/// Deletes the Cluster, and with it what ks-controller-manager and Tower made for it on the host.
async fn unregister(
    host: &Host,
    registered: &Registered,
    limit: Duration,
    observer: Observer<'_>,
) -> Result<(), Error> {
    let member = &registered.name;
    let id = cluster_kind().named(None, member);
    // The webhook dials the member at each update, also at the one that takes the finalizer off. By then Tower has closed
    // the way to it.
    let gone = paused(host, async {
        delete(&host.cluster, &id, observer).await?;
        wait_gone(&host.cluster, &id, limit).await
    })
    .await;
    match gone {
        Err(Error::Timeout { what, limit, last }) => {
            let last = format!("{last}; is ks-controller-manager running?");
            return Err(Error::Timeout { what, limit, last });
        }
        gone => gone?,
    }
    delete_access(host, member, observer).await
}

/// Deletes what a host has to reach a member: that of KubeFed, and the Service of Tower.
pub(super) async fn delete_access(
    host: &Host,
    member: &str,
    observer: Observer<'_>,
) -> Result<(), Error> {
    delete_federation(host, member, observer).await?;
    delete(&host.cluster, &member_service(member), observer).await
}

/// Deletes what KubeFed has on the host to reach a member.
pub(super) async fn delete_federation(
    host: &Host,
    member: &str,
    observer: Observer<'_>,
) -> Result<(), Error> {
    let secret = Kind::new("", "v1", "Secret");
    for id in [
        kubefed_kind().named(Some(kubesphere::FEDERATION), member),
        secret.named(Some(kubesphere::FEDERATION), &format!("{member}-secret")),
    ] {
        delete(&host.cluster, &id, observer).await?;
    }
    Ok(())
}

fn member_service(member: &str) -> ObjectId {
    service_kind().named(Some(kubesphere::SYSTEM), &format!("mc-{member}"))
}

/// Takes the finalizer of ks-controller-manager off a Cluster.
fn release(live: &mut Value) {
    if let Some(all) = live["metadata"]["finalizers"].as_array_mut() {
        all.retain(|finalizer| finalizer != FINALIZER);
    }
}
