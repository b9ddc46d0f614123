//! Takes a member out of its federation, on both sides.

use std::time::Duration;

use serde_json::{Value, json};

use super::error::Error;
use super::evidence::MemberFacts;
use super::host::{
    Host, cluster_kind, config_id, federated_type_kind, kubefed_kind, name, service_kind,
};
use super::observe::{about, observe};
use super::reach::reach;
use super::wait::{Look, until};
use super::{Observer, Step, webhook};
use crate::cluster::{Cluster, ErrorKind, Kind, Preconditions, Propagation, Selection};
use crate::member::{
    AGENT, FINALIZER, HOST_ACCOUNT, KubefedState, MANAGED, Mode, Placement, Registered,
    federation_account, placements,
};
use crate::object::{ObjectId, embedded, kubesphere};
use crate::render;

/// What is removed, and what may happen with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removal {
    /// Objects of users that name the member are changed: it is taken out of their placement.
    pub placed: bool,
    /// What was placed on the member is deleted there, too.
    pub delete_objects: bool,
    /// How long each wait may take.
    pub limit: Duration,
}

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
    webhook::restore(&host.cluster).await?;
    let registered = host.member(member_name)?;
    let member = match member {
        Some(member) => member.clone(),
        None => reach(host, registered).await?,
    };
    let silent = |why: String| Error::Silent { name: member_name.to_owned(), why };
    let facts = about(&member, None).await.map_err(|error| silent(error.cause))?;
    right_cluster(host, registered, &facts.uid)?;
    let placed = placed(host, member_name).await?;
    if !placed.is_empty() && !removal.placed {
        let objects = placed.iter().map(|placement| placement.id.to_string()).collect();
        return Err(Error::Placed { name: member_name.to_owned(), objects });
    }
    // A workspace takes its projects with it, which nobody has listed: it stays.
    let deleted =
        |placement: &&Placement| removal.delete_objects && !placement.id.kind.contains("Workspace");
    for placement in placed.iter().filter(deleted) {
        // While KubeFed reaches the member, it deletes there what is no longer placed.
        withdraw(host, placement, member_name, observer).await?;
        gone_from_member(host, &member, placement, removal.limit).await?;
    }
    unregister(host, registered, removal.limit, observer).await?;
    clean_after(&member, registered, removal.limit, observer).await?;
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

/// Removes a member that never answers again. Its host and KubeFed both have to find it silent.
///
/// # Errors
/// The member answers; objects place something on it and `removal` does not allow to change them; or the host refuses.
pub async fn remove_dead(
    host: &Host,
    member_name: &str,
    removal: Removal,
    observer: Observer<'_>,
) -> Result<(), Error> {
    webhook::restore(&host.cluster).await?;
    let registered = host.member(member_name)?;
    if registered.mode == Mode::Agent && host.tower_pod.is_none() {
        // Both this machine and KubeFed ask through Tower.
        return Err(Error::NoWay {
            name: member_name.to_owned(),
            why: "no pod of Tower is ready, so that nobody can tell whether it is dead".to_owned(),
        });
    }
    let evidence = observe(host, registered).await;
    let answers = |how: &str| Error::Answers { name: member_name.to_owned(), how: how.to_owned() };
    let is_same = |facts: &MemberFacts| registered.uid.as_ref().is_none_or(|uid| *uid == facts.uid);
    if evidence.reached.facts().is_some_and(is_same) {
        return Err(answers("its API server answers this request"));
    }
    match evidence.kubefed.as_ref().map(KubefedState::reaches) {
        Some(Some(Ok(()))) => return Err(answers("KubeFed reaches it")),
        Some(None) => return Err(Error::NotProbed(member_name.to_owned())),
        // Without a KubeFedCluster it was suspended, or an earlier run got this far.
        Some(Some(Err(_))) | None => {}
    }
    let placed = placed(host, member_name).await?;
    if !placed.is_empty() && !removal.placed {
        let objects = placed.iter().map(|placement| placement.id.to_string()).collect();
        return Err(Error::Placed { name: member_name.to_owned(), objects });
    }
    // While KubeFed has the member, it holds what is placed on it by a finalizer, and waits for it.
    for id in federation_objects(member_name) {
        delete(&host.cluster, &id, observer).await?;
    }
    for placement in &placed {
        withdraw(host, placement, member_name, observer).await?;
    }
    let id = cluster_kind().named(None, member_name);
    webhook::paused(&host.cluster, async {
        delete(&host.cluster, &id, observer).await?;
        if wait_gone(&host.cluster, &id, Duration::from_secs(20)).await.is_err() {
            // ks-controller-manager does not run, or gave up after 15 tries.
            release(&host.cluster, &id).await?;
            wait_gone(&host.cluster, &id, removal.limit).await?;
        }
        Ok(())
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
    let gone = webhook::paused(&host.cluster, async {
        delete(&host.cluster, &id, observer).await?;
        wait_gone(&host.cluster, &id, limit).await
    })
    .await;
    if let Err(error) = gone {
        let held = host.cluster.get(&id).await?;
        let finalizers = held.as_ref().map(|live| live["metadata"]["finalizers"].clone());
        return match finalizers {
            Some(finalizers) => Err(Error::Timeout {
                what: format!("the deletion of Cluster {member}"),
                limit,
                last: format!("finalizers {finalizers}; is ks-controller-manager running?"),
            }),
            None => Err(error),
        };
    }
    for id in federation_objects(member).into_iter().chain([member_service(member)]) {
        delete(&host.cluster, &id, observer).await?;
    }
    Ok(())
}

/// What KubeFed has on the host to reach a member.
pub(super) fn federation_objects(member: &str) -> [ObjectId; 2] {
    let secret = Kind::new("", "v1", "Secret");
    [
        kubefed_kind().named(Some(kubesphere::FEDERATION), member),
        secret.named(Some(kubesphere::FEDERATION), &format!("{member}-secret")),
    ]
}

pub(super) fn member_service(member: &str) -> ObjectId {
    service_kind().named(Some(kubesphere::SYSTEM), &format!("mc-{member}"))
}

/// The objects of users that name a member in their placement.
async fn placed(host: &Host, member: &str) -> Result<Vec<Placement>, Error> {
    let mut kinds = vec![Kind::new("tenant.kubesphere.io", "v1alpha2", "WorkspaceTemplate")];
    for config in host.cluster.list(&federated_type_kind(), &Selection::default()).await? {
        kinds.extend(kind(&config["spec"]["federatedType"]));
    }
    let mut all = Vec::new();
    for kind in &kinds {
        let objects = host.cluster.list(kind, &Selection::default()).await?;
        all.extend(placements(&objects, member));
    }
    Ok(all)
}

fn kind(names: &Value) -> Option<Kind> {
    let text = |key: &str| names[key].as_str();
    Some(Kind::new(text("group").unwrap_or_default(), text("version")?, text("kind")?))
}

/// Takes the member out of the placement of an object, as that is now.
async fn withdraw(
    host: &Host,
    placement: &Placement,
    member: &str,
    observer: Observer<'_>,
) -> Result<(), Error> {
    loop {
        let Some(mut live) = host.cluster.get(&placement.id).await? else { return Ok(()) };
        let clusters = live["spec"]["placement"]["clusters"].as_array_mut();
        let Some(clusters) = clusters else { return Ok(()) };
        let before = clusters.len();
        clusters.retain(|cluster| cluster["name"] != member);
        if clusters.len() == before {
            return Ok(());
        }
        match host.cluster.replace(&live).await {
            Err(error) if error.kind == ErrorKind::Changed => {}
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
            Ok(_) => {
                let what = format!("the placement of {}", placement.id);
                let place = host.cluster.place().to_owned();
                observer(Step { verb: "changed", what, place });
                return Ok(());
            }
        }
    }
}

/// Waits until KubeFed has deleted on the member what an object placed there.
async fn gone_from_member(
    host: &Host,
    member: &Cluster,
    placement: &Placement,
    limit: Duration,
) -> Result<(), Error> {
    let target = placement.id.kind.strip_prefix("Federated");
    let Some(kind) = host.types.iter().find(|kind| Some(&*kind.kind) == target) else {
        return Ok(());
    };
    let id = kind.named(placement.id.namespace.as_deref(), &placement.id.name);
    wait_gone(member, &id, limit).await
}

async fn wait_gone(cluster: &Cluster, id: &ObjectId, limit: Duration) -> Result<(), Error> {
    until(format!("the deletion of {id}"), limit, async || {
        Ok(match cluster.get(id).await? {
            None => Look::Done(()),
            Some(live) => Look::NotYet(format!("finalizers {}", live["metadata"]["finalizers"])),
        })
    })
    .await
}

/// Takes the finalizer of ks-controller-manager off a Cluster.
async fn release(host: &Cluster, id: &ObjectId) -> Result<(), Error> {
    loop {
        let Some(mut live) = host.get(id).await? else { return Ok(()) };
        if let Some(all) = live["metadata"]["finalizers"].as_array_mut() {
            all.retain(|finalizer| finalizer != FINALIZER);
        }
        match host.replace(&live).await {
            Err(error) if error.kind == ErrorKind::Changed => {}
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(()),
            other => return Ok(other.map(|_| ())?),
        }
    }
}

/// Deletes an object, and says so if it was there.
pub(super) async fn delete(
    cluster: &Cluster,
    id: &ObjectId,
    observer: Observer<'_>,
) -> Result<(), Error> {
    if cluster.get(id).await?.is_some() {
        cluster.delete(id, &Preconditions::default(), Propagation::Background).await?;
        observer(Step { verb: "deleted", what: id.to_string(), place: cluster.place().to_owned() });
    }
    Ok(())
}

/// Removes what one host left in a member that it removes. Where KubeFed has an account under another name, too, the rest is
/// that of another Cluster or host, and stays.
async fn clean_after(
    member: &Cluster,
    registered: &Registered,
    limit: Duration,
    observer: Observer<'_>,
) -> Result<(), Error> {
    let facts = about(member, None).await?;
    if facts.federated_as.iter().all(|name| *name == registered.name) {
        return clean_member(member, registered.mode, limit, observer).await;
    }
    for id in federation_account(&registered.name) {
        delete(member, &id, observer).await?;
    }
    Ok(())
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
    for name in &facts.federated_as {
        for id in federation_account(name) {
            delete(member, &id, observer).await?;
        }
    }
    unlabel(member, observer).await?;
    if facts.role.as_deref() != Some("host") {
        delete_federation_namespace(member, limit, observer).await?;
    }
    forget_name(member, observer).await?;
    let bindings = match mode {
        Mode::Direct => [AGENT, HOST_ACCOUNT],
        Mode::Agent => [HOST_ACCOUNT, AGENT],
    };
    for binding in bindings {
        cut(member, binding, observer).await?;
    }
    Ok(())
}

/// Takes KubeFed's label off what was placed, so that no other host deletes it when it takes the member.
async fn unlabel(member: &Cluster, observer: Observer<'_>) -> Result<(), Error> {
    let change = json!({"metadata": {"labels": {MANAGED: null}}});
    let selection = Selection::default().metadata().labelled(format!("{MANAGED}=true"));
    for config in render::federated_types() {
        let Some(kind) = kind(&config["targetType"]) else { continue };
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
    loop {
        let Some(mut live) = member.get(&config_id()).await? else { return Ok(()) };
        let Ok(Some(mut document)) = embedded::read(&live) else { return Ok(()) };
        let multicluster = document["multicluster"].as_object_mut();
        if multicluster.and_then(|keys| keys.shift_remove("clusterName")).is_none() {
            return Ok(());
        }
        embedded::write(&mut live, &document);
        match member.replace(&live).await {
            Err(error) if error.kind == ErrorKind::Changed => {}
            other => {
                other?;
                let what = format!("multicluster.clusterName in ConfigMap {}", kubesphere::CONFIG);
                observer(Step { verb: "removed", what, place: member.place().to_owned() });
                return Ok(());
            }
        }
    }
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
    let own =
        Selection::within(Some(kubesphere::SYSTEM)).metadata().labelled(crate::member::MEMBER);
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
