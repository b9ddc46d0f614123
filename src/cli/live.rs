//! The objects of an installation as they are in the cluster: read at once, or followed.

mod follow;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde_json::Value;

use super::installed::Installed;
use crate::cluster::{Cluster, Error, Kind, Selection};
use crate::diagnose;
use crate::object::ObjectId;

pub(super) use follow::Follow;

/// Groups of kinds whose objects are fine when they are there. Of these only the metadata is read:
/// less to carry, and no value of a Secret.
const STILL_GROUPS: [&str; 8] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "autoscaling",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];
const STILL_KINDS: [&str; 5] =
    ["ConfigMap", "LimitRange", "ResourceQuota", "Secret", "ServiceAccount"];

/// Objects of one kind in one namespace, which are read with one request.
#[derive(Debug, Clone)]
struct Group {
    kind: Kind,
    selection: Selection,
    ids: BTreeSet<ObjectId>,
}

impl Group {
    /// Whether being there is all that is asked of them.
    fn is_still(&self) -> bool {
        self.selection.metadata_only
    }
}

/// Whether being there is all that is asked of objects of a kind: only their metadata is read.
pub(super) fn is_still(kind: &Kind) -> bool {
    STILL_GROUPS.contains(&kind.group.as_str())
        || (kind.group.is_empty() && STILL_KINDS.contains(&kind.kind.as_str()))
}

/// The requests for the objects of an installation.
fn groups<'i>(ids: impl Iterator<Item = &'i ObjectId>) -> Vec<Group> {
    let mut groups: BTreeMap<(Kind, Option<String>), BTreeSet<ObjectId>> = BTreeMap::new();
    for id in ids {
        groups.entry((Kind::of(id), id.namespace.clone())).or_default().insert(id.clone());
    }
    let request = |((kind, namespace), ids): ((Kind, Option<String>), BTreeSet<ObjectId>)| {
        let mut selection = Selection::within(namespace.as_deref());
        if let (Some(only), 1) = (ids.first(), ids.len()) {
            selection = selection.with_fields(format!("metadata.name={}", only.name));
        }
        if is_still(&kind) {
            selection = selection.metadata();
        }
        Group { kind, selection, ids }
    };
    groups.into_iter().map(request).collect()
}

/// What is there.
#[derive(Debug, Clone, Default)]
pub(super) struct Live {
    pub(super) objects: BTreeMap<ObjectId, Value>,
    /// All pods in the namespaces of our workloads.
    pub(super) pods: BTreeMap<ObjectId, Value>,
}

/// Reads everything once.
///
/// # Errors
/// Something cannot be read.
pub(super) async fn read(cluster: &Cluster, installed: &Installed) -> Result<Live, Error> {
    let groups = groups(installed.ids());
    read_groups(cluster, &groups, &pod_namespaces(installed)).await
}

async fn read_groups(
    cluster: &Cluster,
    groups: &[Group],
    namespaces: &BTreeSet<String>,
) -> Result<Live, Error> {
    let versions = groups.iter().map(|g| (g.kind.group.clone(), g.kind.version.clone()));
    cluster.discover(versions).await?;
    let pods = diagnose::pods();
    let (objects, pods) = futures_util::try_join!(
        try_join_all(groups.iter().map(|group| cluster.list(&group.kind, &group.selection))),
        try_join_all(namespaces.iter().map(|namespace| {
            let (pods, selection) = (&pods, Selection::within(Some(namespace)));
            async move { cluster.list(pods, &selection).await }
        })),
    )?;
    let ours: BTreeSet<&ObjectId> = groups.iter().flat_map(|group| &group.ids).collect();
    let mut objects = named(objects);
    objects.retain(|id, _| ours.contains(id));
    Ok(Live { objects, pods: named(pods) })
}

fn named(lists: Vec<Vec<Value>>) -> BTreeMap<ObjectId, Value> {
    lists.into_iter().flatten().filter_map(|body| Some((ObjectId::of(&body)?, body))).collect()
}

/// Where our workloads run.
fn pod_namespaces(installed: &Installed) -> BTreeSet<String> {
    let workloads = installed.ids().filter(|id| diagnose::is_workload(id));
    workloads.filter_map(|id| id.namespace.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_for_each_kind_and_namespace() {
        let secret = Kind::new("", "v1", "Secret");
        let deployment = Kind::new("apps", "v1", "Deployment");
        let ids = [
            secret.named(Some("a"), "x"),
            secret.named(Some("a"), "y"),
            secret.named(Some("b"), "x"),
            deployment.named(Some("a"), "x"),
        ];
        let groups = groups(ids.iter());
        assert_eq!(groups.len(), 3);
        let of = |kind: &Kind, namespace: &str| {
            groups
                .iter()
                .find(|g| g.kind == *kind && g.selection.namespace.as_deref() == Some(namespace))
                .unwrap()
        };
        assert!(of(&secret, "a").is_still() && of(&secret, "a").selection.fields.is_none());
        assert_eq!(of(&secret, "b").selection.fields.as_deref(), Some("metadata.name=x"));
        assert!(!of(&deployment, "a").is_still());
    }
}
