//! Reads from a cluster what is judged: everything at once, each part for itself.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::access_review::rights;
use super::context::{FEDERATED, LOCK, NAMESPACES, SYSTEM};
use super::gathered::{DryRun, Gathered, Objects, Part, Read, why};
use super::held::held_in_use;
use super::images;
use super::manifest::{items, text};
use crate::cluster::{Apply, Cluster, Error, ErrorKind, Kind, Selection};
use crate::config;
use crate::inventory;
use crate::object::{Object, ObjectId};
use crate::rights::{self, Purpose, Right};

/// What to read.
#[derive(Debug)]
pub struct Wants<'a> {
    /// What the configuration renders: which rights are needed.
    pub desired: &'a [Object],
    /// Names of Secrets with registry credentials.
    pub pull_secrets: &'a [String],
    /// Whether rights are asked for.
    pub pre: bool,
    /// Whether registries are asked for images.
    pub images: bool,
}

/// Where a list is read.
#[derive(Clone, Copy)]
enum Where {
    Everywhere,
    OwnNamespaces,
}
use Where::{Everywhere, OwnNamespaces};

/// Lists: part, group, version, kind, where.
const LISTS: &[(Part, &str, &str, &str, Where)] = &[
    (Part::ApiServices, "apiregistration.k8s.io", "v1", "APIService", Everywhere),
    (Part::Claims, "", "v1", "PersistentVolumeClaim", OwnNamespaces),
    (Part::Clusters, "cluster.kubesphere.io", "v1alpha1", "Cluster", Everywhere),
    (Part::Definitions, "apiextensions.k8s.io", "v1", "CustomResourceDefinition", Everywhere),
    (Part::Deployments, "apps", "v1", "Deployment", OwnNamespaces),
    (Part::FederatedTypes, "core.kubefed.io", "v1beta1", "FederatedTypeConfig", OwnNamespaces),
    (Part::KubeFedConfigs, "core.kubefed.io", "v1beta1", "KubeFedConfig", OwnNamespaces),
    (Part::LimitRanges, "", "v1", "LimitRange", OwnNamespaces),
    (Part::Namespaces, "", "v1", "Namespace", Everywhere),
    (Part::Nodes, "", "v1", "Node", Everywhere),
    (Part::Pods, "", "v1", "Pod", OwnNamespaces),
    (Part::PriorityClasses, "scheduling.k8s.io", "v1", "PriorityClass", Everywhere),
    (Part::Quotas, "", "v1", "ResourceQuota", OwnNamespaces),
    (Part::StorageClasses, "storage.k8s.io", "v1", "StorageClass", Everywhere),
    (Part::Users, "iam.kubesphere.io", "v1alpha2", "User", Everywhere),
];
/// What is behind webhooks; the slices of their Services are read afterwards.
const BACKENDS: &[(Part, &str, &str, &str, Where)] = &[
    (Part::MutatingWebhooks, ADMISSION, "v1", "MutatingWebhookConfiguration", Everywhere),
    (Part::Services, "", "v1", "Service", Everywhere),
    (Part::ValidatingWebhooks, ADMISSION, "v1", "ValidatingWebhookConfiguration", Everywhere),
];
const ADMISSION: &str = "admissionregistration.k8s.io";

/// Reads everything.
pub async fn gather(cluster: &Cluster, wants: &Wants<'_>) -> Gathered {
    let (version, held, (mut objects, backends), named, (rights, dry_run)) = futures_util::join!(
        cluster.read_path("/version"),
        Box::pin(held_in_use(cluster)),
        async { futures_util::join!(lists(cluster, LISTS), backends(cluster)) },
        named(cluster, wants),
        async {
            if wants.pre {
                let needed = needed(wants.desired);
                futures_util::join!(rights(cluster, &needed), dry_run(cluster))
            } else {
                (Err("they were not asked for".to_owned()), Err("it was not tried".to_owned()))
            }
        },
    );
    objects.extend(backends);
    objects.extend(named);
    let images = if wants.images {
        images::gather(&wants.desired.iter().collect::<Vec<_>>(), wants.pull_secrets, &objects)
            .await
    } else {
        Err("they were not asked for".to_owned())
    };
    Gathered {
        version: version.map_err(|e| why(&e)),
        server_time: cluster.server_time().ok_or_else(|| "no answer had a date".to_owned()),
        dry_run,
        rights,
        held: held.map_err(|e| why(&e)),
        images,
        objects,
    }
}

/// What an installation needs, and what tells why something of it is not well.
fn needed(desired: &[Object]) -> BTreeSet<Right> {
    let mut needed = rights::rendered(desired, desired);
    needed.extend(rights::own(&[Purpose::Run, Purpose::Diagnosis]));
    needed
}

/// Reads only what tells which webhooks have no backend.
pub async fn gather_webhooks(cluster: &Cluster) -> Gathered {
    Gathered { objects: backends(cluster).await, ..Gathered::default() }
}

/// The configuration that the cluster holds, without its status.
///
/// # Errors
/// It cannot be read.
pub async fn configuration(cluster: &Cluster) -> Read<Option<Value>> {
    let found = cluster.get(&config::object_id()).await;
    let found = found.map_err(|e| why(&e))?;
    Ok(found.map(|body| {
        json!({
            "apiVersion": body["apiVersion"], "kind": body["kind"],
            "metadata": {"name": config::NAME, "namespace": SYSTEM, "labels": body["metadata"]["labels"]},
            "spec": body["spec"], "status": body["status"],
        })
    }))
}

async fn lists(cluster: &Cluster, parts: &[(Part, &str, &str, &str, Where)]) -> Objects {
    let reads = parts.iter().map(|(part, group, version, kind, scope)| async move {
        let kind = Kind::new(group, version, kind);
        let selections: Vec<Selection> = match scope {
            Everywhere => vec![Selection::default()],
            OwnNamespaces => NAMESPACES.iter().map(|n| Selection::within(Some(n))).collect(),
        };
        (*part, all(cluster, &kind, &selections).await)
    });
    join_all(reads).await.into_iter().collect()
}

/// Only some of the lists.
pub(super) async fn lists_of(cluster: &Cluster, parts: &[Part]) -> Objects {
    let rows = LISTS.iter().chain(BACKENDS).filter(|row| parts.contains(&row.0));
    lists(cluster, &rows.copied().collect::<Vec<_>>()).await
}

/// Several lists as one; all of them or none.
async fn all(cluster: &Cluster, kind: &Kind, selections: &[Selection]) -> Read<Vec<Value>> {
    let lists = join_all(selections.iter().map(|s| cluster.list(kind, s))).await;
    let lists: Result<Vec<_>, Error> = lists.into_iter().collect();
    lists.map(|lists| lists.into_iter().flatten().collect()).map_err(|e| why(&e))
}

/// Webhooks, Services, and the endpoints of the Services behind webhooks and of DNS.
async fn backends(cluster: &Cluster) -> Objects {
    let mut objects = lists(cluster, BACKENDS).await;
    let read = endpoints(cluster, &objects).await;
    objects.insert(Part::Endpoints, read);
    objects
}

/// The endpoints of the Services behind these webhooks, and of DNS.
pub(super) async fn endpoints(cluster: &Cluster, webhooks: &Objects) -> Read<Vec<Value>> {
    let mut services = BTreeSet::from([("kube-system".to_owned(), "kube-dns".to_owned())]);
    for part in [Part::MutatingWebhooks, Part::ValidatingWebhooks] {
        let configurations = webhooks.get(&part).and_then(|read| read.as_ref().ok());
        let webhooks = configurations.into_iter().flatten().flat_map(|c| items(&c["webhooks"]));
        for service in webhooks.map(|w| &w["clientConfig"]["service"]).filter(|s| !s.is_null()) {
            services.insert((text(&service["namespace"]).into(), text(&service["name"]).into()));
        }
    }
    let kind = Kind::new("discovery.k8s.io", "v1", "EndpointSlice");
    let selections: Vec<Selection> = services
        .iter()
        .map(|(namespace, name)| {
            Selection::within(Some(namespace))
                .labelled(format!("kubernetes.io/service-name={name}"))
        })
        .collect();
    all(cluster, &kind, &selections).await
}

/// Objects that are read by name, and helm's releases.
async fn named(cluster: &Cluster, wants: &Wants<'_>) -> Objects {
    let secret = Kind::new("", "v1", "Secret");
    let mut secrets = vec![
        secret.named(Some(SYSTEM), "ks-controller-manager-webhook-cert"),
        secret.named(Some(SYSTEM), "tower-ca"),
        secret.named(Some(FEDERATED), "kubefed-admission-webhook-serving-cert"),
    ];
    secrets.extend(in_every_namespace(wants.pull_secrets));
    // An authority of the user's own is mounted by Tower.
    let towers = wants.desired.iter().filter(|o| o.id.kind == "Deployment" && o.id.name == "tower");
    let volumes = towers.flat_map(|o| items(&o.body["spec"]["template"]["spec"]["volumes"]));
    let mounted = volumes.filter_map(|volume| volume["secret"]["secretName"].as_str());
    secrets.extend(
        mounted.filter(|name| *name != "tower-ca").map(|name| secret.named(Some(SYSTEM), name)),
    );
    let lease = Kind::new("coordination.k8s.io", "v1", "Lease");
    let parts = [
        (
            Part::Config,
            vec![Kind::new("", "v1", "ConfigMap").named(Some(SYSTEM), "kubesphere-config")],
        ),
        (Part::Configuration, vec![config::object_id()]),
        (Part::Inventory, vec![secret.named(Some(SYSTEM), inventory::SECRET)]),
        (Part::Lock, vec![lease.named(Some(SYSTEM), LOCK)]),
        (Part::Secrets, secrets),
    ];
    let reads =
        parts.into_iter().map(|(part, ids)| async move { (part, get(cluster, &ids).await) });
    let releases: Vec<Selection> = [SYSTEM, FEDERATED]
        .iter()
        .map(|place| Selection::within(Some(place)).labelled("owner=helm").metadata())
        .collect();
    let (reads, releases) = futures_util::join!(join_all(reads), all(cluster, &secret, &releases));
    let mut objects: Objects = reads.into_iter().collect();
    objects.insert(Part::HelmReleases, releases);
    objects
}

/// The Secrets with these registry credentials, in every namespace where they are needed.
pub(super) async fn pull_secrets(cluster: &Cluster, names: &[String]) -> Read<Vec<Value>> {
    get(cluster, &in_every_namespace(names)).await
}

fn in_every_namespace(names: &[String]) -> Vec<ObjectId> {
    let secret = Kind::new("", "v1", "Secret");
    let pairs = names.iter().flat_map(|name| NAMESPACES.iter().map(move |place| (place, name)));
    pairs.map(|(place, name)| secret.named(Some(place), name)).collect()
}

/// Those of these objects that exist; all of them or none.
async fn get(cluster: &Cluster, ids: &[ObjectId]) -> Read<Vec<Value>> {
    let found = join_all(ids.iter().map(|id| cluster.get(id))).await;
    let found: Result<Vec<_>, Error> = found.into_iter().collect();
    found.map(|found| found.into_iter().flatten().collect()).map_err(|e| why(&e))
}

/// A server-side apply that changes nothing.
async fn dry_run(cluster: &Cluster) -> Read<DryRun> {
    let body = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "ksi-check", "namespace": "default"},
        "data": {"made-by": "ksi check, as a dry run"},
    });
    match cluster.apply(&body, Apply { dry_run: true, force: true, patience: None }).await {
        Ok(_) => Ok(DryRun::Accepted),
        Err(error) => match error.kind {
            ErrorKind::Forbidden => Ok(DryRun::Forbidden),
            ErrorKind::Refused
            | ErrorKind::Invalid
            | ErrorKind::Webhook
            | ErrorKind::Terminating => Ok(DryRun::Refused(error.cause)),
            _ => Err(why(&error)),
        },
    }
}
