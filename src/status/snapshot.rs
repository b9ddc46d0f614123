//! The objects of an installation as they are in the cluster.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde_json::Value;

use super::installed::Installed;
use crate::cluster::{Cluster, Error, ErrorKind, Kind, Selection};
use crate::diagnose;
use crate::object::ObjectId;

/// Groups of kinds whose objects are healthy when they exist. Of these only the metadata is read: less to
/// carry, and no value of a Secret.
const PASSIVE_GROUPS: [&str; 8] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "autoscaling",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];
const PASSIVE_KINDS: [&str; 5] =
    ["ConfigMap", "LimitRange", "ResourceQuota", "Secret", "ServiceAccount"];

/// Whether objects of a kind are healthy when they exist: only their metadata is read.
pub(super) fn is_passive(kind: &Kind) -> bool {
    PASSIVE_GROUPS.contains(&kind.group.as_str())
        || (kind.group.is_empty() && PASSIVE_KINDS.contains(&kind.kind.as_str()))
}

/// What is in the cluster.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Objects of the installation; of passive kinds only the metadata.
    pub objects: BTreeMap<ObjectId, Value>,
    /// All pods in the namespaces of its workloads.
    pub pods: BTreeMap<ObjectId, Value>,
    /// Objects of which nothing is known: this user has no right to list them.
    pub unreadable: BTreeSet<ObjectId>,
}

impl Snapshot {
    /// Reads everything once.
    ///
    /// # Errors
    /// Something cannot be read.
    pub async fn read(cluster: &Cluster, installed: &Installed) -> Result<Self, Error> {
        let groups = groups(installed.ids());
        Self::of(cluster, &groups, &pod_namespaces(installed)).await
    }

    /// Reads some groups of objects, and the pods of some namespaces.
    ///
    /// # Errors
    /// Something cannot be read.
    pub(super) async fn of(
        cluster: &Cluster,
        groups: &[Group],
        pod_namespaces: &BTreeSet<String>,
    ) -> Result<Self, Error> {
        cluster.discover(versions(groups)).await?;
        let pods = diagnose::pods();
        let (lists, pods) = futures_util::try_join!(
            try_join_all(groups.iter().map(|group| listed(cluster, group))),
            try_join_all(pod_namespaces.iter().map(|namespace| {
                let (pods, selection) = (&pods, Selection::within(Some(namespace)));
                async move { cluster.list(pods, &selection).await }
            })),
        )?;
        let ours: BTreeSet<&ObjectId> = groups.iter().flat_map(|group| &group.ids).collect();
        let unreadable = groups.iter().zip(&lists).filter(|(_, list)| list.is_none());
        let unreadable = unreadable.flat_map(|(group, _)| group.ids.iter().cloned()).collect();
        let mut objects = by_id(lists.into_iter().flatten().collect());
        objects.retain(|id, _| ours.contains(id));
        Ok(Self { objects, pods: by_id(pods), unreadable })
    }
}

/// The objects of a group; `None` without the right to list them.
async fn listed(cluster: &Cluster, group: &Group) -> Result<Option<Vec<Value>>, Error> {
    match cluster.list(&group.kind, &group.selection).await {
        Err(error) if error.kind == ErrorKind::Forbidden => Ok(None),
        answer => answer.map(Some),
    }
}

fn by_id(lists: Vec<Vec<Value>>) -> BTreeMap<ObjectId, Value> {
    lists.into_iter().flatten().filter_map(|body| Some((ObjectId::of(&body)?, body))).collect()
}

/// Objects of one kind in one namespace, which are read with one request.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) kind: Kind,
    pub(super) selection: Selection,
    pub(super) ids: BTreeSet<ObjectId>,
}

impl Group {
    /// Whether its objects are healthy when they exist.
    pub(super) fn is_passive(&self) -> bool {
        self.selection.metadata_only
    }
}

/// The requests for these objects.
pub(super) fn groups<'i>(ids: impl Iterator<Item = &'i ObjectId>) -> Vec<Group> {
    let mut groups: BTreeMap<(Kind, Option<String>), BTreeSet<ObjectId>> = BTreeMap::new();
    for id in ids {
        groups.entry((Kind::of(id), id.namespace.clone())).or_default().insert(id.clone());
    }
    let request = |((kind, namespace), ids): ((Kind, Option<String>), BTreeSet<ObjectId>)| {
        let mut selection = match (ids.first(), ids.len()) {
            (Some(only), 1) => Selection::named(namespace.as_deref(), &only.name),
            _ => Selection::within(namespace.as_deref()),
        };
        if is_passive(&kind) {
            selection = selection.metadata();
        }
        Group { kind, selection, ids }
    };
    groups.into_iter().map(request).collect()
}

/// The versions of the API that these groups need.
pub(super) fn versions(groups: &[Group]) -> impl Iterator<Item = (String, String)> {
    groups.iter().map(|g| (g.kind.group.clone(), g.kind.version.clone()))
}

/// Where the workloads of an installation run.
pub(super) fn pod_namespaces(installed: &Installed) -> BTreeSet<String> {
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
        assert!(of(&secret, "a").is_passive() && of(&secret, "a").selection.fields.is_none());
        assert_eq!(of(&secret, "b").selection.fields.as_deref(), Some("metadata.name=x"));
        assert!(!of(&deployment, "a").is_passive());
    }
}
