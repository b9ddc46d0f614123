//! An installation that ksi has not recorded: ks-installer 3.3 or 3.4 made it.
//!
//! It gets an inventory of what ksi would manage there, of what Helm's releases contain, and of what only
//! ks-installer has. Then it can be uninstalled like any other. Nothing is guessed from parts of names: an
//! object is in it if ksi renders it, if it is one that ks-installer always makes, if it is of a group of
//! KubeSphere's, or if both the release and the object itself say that Helm made it.

mod helm;
mod marks;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::desired::{new_inventory, sketch};
use super::error::Error;
use super::facts::observe_facts;
use crate::check::{self, ReadError};
use crate::cluster::{Cluster, Kind, Selection};
use crate::config::Configuration;
use crate::inventory::Inventory;
use crate::object::{Object, ObjectId, Policy, kubesphere};
use crate::target::{ClusterTarget, Reader as _};

/// The component of what only ks-installer has.
const INSTALLER: &str = "ks-installer";
/// Namespaces that ks-installer makes for components that ksi does not install.
const NAMESPACES: &[&str] = &[
    "kubesphere-alerting-system",
    "kubesphere-devops-system",
    "kubesphere-devops-worker",
    "kubesphere-logging-system",
    "openpitrix-system",
];
/// Groups of KubeSphere's and KubeFed's CRDs, by their ends.
const GROUPS: &[&str] = &[".kubesphere.io", ".kubefed.io"];
/// CRDs in these groups that belong to another product, `OpenELB`.
const OTHER_PRODUCTS: &[&str] = &[
    "bgpconfs.network.kubesphere.io",
    "bgppeers.network.kubesphere.io",
    "eips.network.kubesphere.io",
];

/// The inventory of an installation of ks-installer; `None` if there is none.
///
/// # Errors
/// The cluster cannot be read.
pub(super) async fn inventory(target: &ClusterTarget) -> Result<Option<Inventory>, Error> {
    let cluster = target.cluster();
    let Some(configuration) = marks::configuration(cluster).await? else { return Ok(None) };
    let facts = observe_facts(cluster).await?;
    let releases = helm::releases(cluster).await?;
    let mut wanted = sketch(&configuration, &facts)?;
    // Labels on objects of others are no reason to own them.
    wanted.retain(|object| object.policy != Policy::Patch);
    wanted.extend(of_installer());
    wanted.extend(webhooks(cluster).await?);
    wanted.extend(definitions(cluster).await?);
    let mut made_by: BTreeMap<ObjectId, &helm::Release> = BTreeMap::new();
    for release in &releases {
        let component = format!("helm-{}", release.name);
        wanted.extend(release.secrets.iter().map(|id| named(id.clone(), &component)));
        for id in &release.objects {
            if wanted.iter().all(|object| object.id != *id) {
                wanted.push(named(id.clone(), &component));
                made_by.insert(id.clone(), release);
            }
        }
    }
    let mut candidates = new_inventory()?;
    for object in &wanted {
        if candidates.get(&object.id).is_none() {
            candidates.insert(candidates.entry(object, None));
        }
    }
    let found = target.observe(&[], Some(&candidates)).await?.objects;
    let mut inventory = new_inventory()?;
    for entry in candidates.entries() {
        let Some(live) = found.get(&entry.id) else { continue };
        if made_by.get(&entry.id).is_some_and(|release| !release.made(live)) {
            continue;
        }
        let mut entry = entry.clone();
        entry.uid = live["metadata"]["uid"].as_str().map(str::to_owned);
        inventory.insert(entry);
    }
    Ok(Some(inventory))
}

/// What ks-installer itself consists of, and the namespaces of its other components.
fn of_installer() -> Vec<Object> {
    let core = |kind| Kind::new("", "v1", kind);
    let rbac = |kind| Kind::new("rbac.authorization.k8s.io", "v1", kind);
    let ids = [
        Kind::new("apps", "v1", "Deployment")
            .named(Some(kubesphere::SYSTEM), kubesphere::INSTALLER),
        core("ServiceAccount").named(Some(kubesphere::SYSTEM), kubesphere::INSTALLER),
        rbac("ClusterRole").named(None, kubesphere::INSTALLER),
        rbac("ClusterRoleBinding").named(None, kubesphere::INSTALLER),
    ];
    let namespaces = NAMESPACES.iter().map(|name| core("Namespace").named(None, name));
    ids.into_iter().chain(namespaces).map(|id| named(id, INSTALLER)).collect()
}

/// All webhook configurations of KubeSphere and KubeFed: without their backends they would block writes.
async fn webhooks(cluster: &Cluster) -> Result<Vec<Object>, Error> {
    let gathered = check::gather_webhooks(cluster).await;
    let ours =
        check::own_webhooks(&gathered).map_err(|ReadError(why)| Error::WebhooksUnread(why))?;
    Ok(ours.into_iter().map(|id| named(id, INSTALLER)).collect())
}

/// All CRDs of KubeSphere and KubeFed.
async fn definitions(cluster: &Cluster) -> Result<Vec<Object>, Error> {
    let kind = Kind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let all = cluster.list(&kind, &Selection::default().metadata()).await?;
    let ids = all.iter().filter_map(ObjectId::of);
    let ours = ids.filter(|id| {
        GROUPS.iter().any(|group| id.name.ends_with(group))
            && !OTHER_PRODUCTS.contains(&id.name.as_str())
    });
    Ok(ours.map(|id| named(id, "crds")).collect())
}

/// An object of which only the name matters, since it is only deleted.
fn named(id: ObjectId, component: &str) -> Object {
    let mut body = json!({
        "apiVersion": id.api_version(), "kind": id.kind, "metadata": {"name": id.name},
    });
    if let Some(namespace) = &id.namespace {
        body["metadata"]["namespace"] = Value::from(namespace.as_str());
    }
    Object { id, component: component.to_owned(), policy: Policy::Apply, body }
}
