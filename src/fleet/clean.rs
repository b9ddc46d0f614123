//! Takes out of a member what hosts left in it.

use std::time::Duration;

use serde_json::json;

use super::edit::{Edited, delete, edit};
use super::error::Error;
use super::host::{Host, config_id, kind_of, name};
use super::observe::about;
use super::wait::wait_gone;
use super::{Observer, Step};
use crate::cluster::{Cluster, ErrorKind, Kind, Selection};
use crate::member::{
    AGENT, HOST_ACCOUNT, HOST_UID, MANAGED, MEMBER, Mode, Registered, federation_account,
};
use crate::object::{ObjectId, embedded, kubesphere};
use crate::render;

/// Removes what a host left in a member that it removes. Where KubeFed has an account under another name, too, the rest is
/// that of another Cluster or host, and stays. Where ksi joined it to another host, everything does.
pub(super) async fn clean_after(
    host: &Host,
    member: &Cluster,
    registered: &Registered,
    (limit, observer): (Duration, Observer<'_>),
) -> Result<(), Error> {
    let accounts = about(member, None).await?.accounts?;
    if accounts.hosts.iter().any(|uid| *uid != host.uid) {
        return Ok(());
    }
    if accounts.federated_as.iter().all(|name| *name == registered.name) {
        return clean_member(member, registered.mode, limit, observer).await;
    }
    for id in federation_account(&registered.name) {
        delete(member, &id, observer).await?;
    }
    Ok(())
}

/// Takes away the accounts by which a host acts in a member: those of KubeFed, of the agent, and of the host itself, last the one
/// of `mode`. A join makes them anew. KubeFed's role stays: by it the member is known to be of this federation, so that
/// what was placed on it is no obstacle; the UID of the host on its binding says whose federation, also after its Cluster has
/// forgotten the member.
pub(super) async fn revoke(
    member: &Cluster,
    (name, host_uid): (&str, &str),
    mode: Mode,
    observer: Observer<'_>,
) -> Result<(), Error> {
    let [binding, _, account] = federation_account(name);
    let mark = json!({"metadata": {"annotations": {HOST_UID: host_uid}}});
    match member.merge(&binding, &mark, None).await {
        Err(error) if error.kind == ErrorKind::NotFound => {}
        other => drop(other?),
    }
    delete(member, &account, observer).await?;
    cut_all(member, mode, observer).await
}

/// Removes what hosts left in a member: KubeFed's accounts with all rights, its labels, the name in
/// kubesphere-config, and the agent and the account by which hosts came, last that of `mode`. What was placed stays.
///
/// # Errors
/// The member refuses. It can be repeated.
pub async fn clean_member(
    member: &Cluster,
    mode: Mode,
    limit: Duration,
    observer: Observer<'_>,
) -> Result<(), Error> {
    let facts = about(member, None).await?;
    let is_host = facts.is_host()?;
    for id in facts.accounts?.federated_as.iter().flat_map(|name| federation_account(name)) {
        delete(member, &id, observer).await?;
    }
    unlabel(member, observer).await?;
    if !is_host {
        delete_federation_namespace(member, limit, observer).await?;
    }
    forget_name(member, observer).await?;
    cut_all(member, mode, observer).await
}

/// Takes KubeFed's label off what was placed, so that no other host deletes it when it takes the member.
async fn unlabel(member: &Cluster, observer: Observer<'_>) -> Result<(), Error> {
    let change = json!({"metadata": {"labels": {MANAGED: null}}});
    let selection = Selection::default().metadata().labelled(format!("{MANAGED}=true"));
    for config in render::federated_types() {
        let Some(kind) = kind_of(&config["targetType"]) else { continue };
        for object in member.list(&kind, &selection).await? {
            let Some(id) = ObjectId::of(&object) else { continue };
            match member.merge(&id, &change, None).await {
                Err(error) if error.kind == ErrorKind::NotFound => {}
                other => {
                    other?;
                    let what = format!("label {MANAGED} of {id}");
                    observer(Step { verb: "removed", what, place: member.place().to_owned() });
                }
            }
        }
    }
    Ok(())
}

/// The namespace of KubeFed's account, unless something else is in it.
async fn delete_federation_namespace(
    member: &Cluster,
    limit: Duration,
    observer: Observer<'_>,
) -> Result<(), Error> {
    let within = Selection::within(Some(kubesphere::FEDERATION));
    for kind in [Kind::new("", "v1", "Pod"), Kind::new("apps", "v1", "Deployment")] {
        if !member.list(&kind, &within).await?.is_empty() {
            return Ok(());
        }
    }
    let id = Kind::new("", "v1", "Namespace").named(None, kubesphere::FEDERATION);
    delete(member, &id, observer).await?;
    wait_gone(member, &id, limit).await
}

/// Takes the name that the host gave it out of kubesphere-config.
async fn forget_name(member: &Cluster, observer: Observer<'_>) -> Result<(), Error> {
    let id = config_id();
    let edited = edit(member, &id, |live| {
        let Ok(Some(mut document)) = embedded::read(live) else { return };
        let multicluster = document["multicluster"].as_object_mut();
        if multicluster.and_then(|keys| keys.shift_remove("clusterName")).is_some() {
            embedded::write(live, &document);
        }
    });
    if edited.await? == Edited::Written {
        let what = format!("multicluster.clusterName in ConfigMap {}", kubesphere::CONFIG);
        observer(Step { verb: "removed", what, place: member.place().to_owned() });
    }
    Ok(())
}

/// Cuts off the agent and the account of the host, last the one by which this connection may have come.
async fn cut_all(member: &Cluster, mode: Mode, observer: Observer<'_>) -> Result<(), Error> {
    let accounts = match mode {
        Mode::Direct => [AGENT, HOST_ACCOUNT],
        Mode::Agent => [HOST_ACCOUNT, AGENT],
    };
    for account in accounts {
        cut(member, account, observer).await?;
    }
    Ok(())
}

/// Deletes the binding of an account and what belongs to it with one request: without the binding this connection may
/// have no rights any more, so the rest is left to the garbage collector.
async fn cut(member: &Cluster, account: &str, observer: Observer<'_>) -> Result<(), Error> {
    let binding = Kind::new("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding");
    let id = binding.named(None, account);
    let Some(live) = member.get(&id).await? else {
        // The agent of KubeSphere's own manifest has the account of KubeSphere, and only a Deployment.
        let deployment = Kind::new("apps", "v1", "Deployment");
        return delete(member, &deployment.named(Some(kubesphere::SYSTEM), account), observer)
            .await;
    };
    let owner = json!([{
        "apiVersion": id.api_version(), "kind": id.kind, "name": id.name, "uid": live["metadata"]["uid"],
    }]);
    let change = json!({"metadata": {"ownerReferences": owner}});
    let own = Selection::within(Some(kubesphere::SYSTEM)).metadata().labelled(MEMBER);
    for (group, kind) in [("", "ServiceAccount"), ("", "Secret"), ("apps", "Deployment")] {
        let all = member.list(&Kind::new(group, "v1", kind), &own).await?;
        for object in all.iter().filter(|object| name(object).starts_with(account)) {
            if let Some(id) = ObjectId::of(object) {
                member.merge(&id, &change, None).await?;
            }
        }
    }
    delete(member, &id, observer).await
}
