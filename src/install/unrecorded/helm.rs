//! Helm's releases of ks-installer, as Helm 3 stores them: a Secret for each revision.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use futures_util::future::try_join_all;
use serde_json::Value;

use super::Error;
use crate::cluster::{self, Cluster, Kind, Selection};
use crate::diagnostic::Sources;
use crate::object::{ObjectId, kubesphere};
use crate::yaml;

/// The releases that ks-installer 3.3 and 3.4 makes in namespaces of its own. Those in namespaces that are not
/// KubeSphere's stay: users may need the mesh, the edge nodes, Argo CD, policies or snapshots without KubeSphere.
const RELEASES: &[(&str, &[&str])] = &[
    (kubesphere::SYSTEM, &["ks-core", "ks-minio", "ks-openldap", "ks-redis"]),
    (kubesphere::FEDERATION, &["kubefed"]),
    (kubesphere::MONITORING, &["gpu-dcgm-exporter", "notification-manager"]),
    (
        "kubesphere-logging-system",
        &[
            "elasticsearch-logging",
            "elasticsearch-logging-curator",
            "ks-events",
            "kube-auditing",
            "logsidecar-injector",
            "opensearch-dashboard",
            "opensearch-data",
            "opensearch-logging-curator",
            "opensearch-master",
        ],
    ),
    ("kubesphere-devops-system", &["devops"]),
];
/// How large the manifest of a release may be.
const LARGEST: u64 = 64 << 20;

/// A release.
pub(super) struct Release {
    pub(super) name: String,
    namespace: String,
    /// The Secrets of all its revisions.
    pub(super) secrets: Vec<ObjectId>,
    /// The objects in the manifest of its latest revision.
    pub(super) objects: BTreeSet<ObjectId>,
}

impl Release {
    /// Whether a live object says that this release made it.
    pub(super) fn made(&self, live: &Value) -> bool {
        let annotations = &live["metadata"]["annotations"];
        annotations["meta.helm.sh/release-name"] == *self.name
            && annotations["meta.helm.sh/release-namespace"] == *self.namespace
    }
}

/// The releases of ks-installer in a cluster.
pub(super) async fn releases(cluster: &Cluster) -> Result<Vec<Release>, Error> {
    let found = RELEASES.iter().map(|(namespace, names)| in_namespace(cluster, namespace, names));
    Ok(try_join_all(found).await?.into_iter().flatten().collect())
}

async fn in_namespace(
    cluster: &Cluster,
    namespace: &str,
    names: &[&str],
) -> Result<Vec<Release>, cluster::Error> {
    let selection = Selection::within(Some(namespace)).labelled("owner=helm").metadata();
    let all = cluster.list(&Kind::new("", "v1", "Secret"), &selection).await?;
    let label = |live: &Value, name: &str| {
        live["metadata"]["labels"][name].as_str().unwrap_or_default().to_owned()
    };
    let mut revisions: BTreeMap<String, Vec<(u32, ObjectId)>> = BTreeMap::new();
    for live in &all {
        let (name, revision) = (label(live, "name"), label(live, "version").parse().unwrap_or(0));
        if let Some(id) = ObjectId::of(live).filter(|_| names.contains(&name.as_str())) {
            revisions.entry(name).or_default().push((revision, id));
        }
    }
    let releases = revisions.into_iter().map(|(name, mut secrets)| async move {
        secrets.sort();
        let latest = match secrets.last() {
            Some((_, id)) => cluster.get(id).await?,
            None => None,
        };
        let manifest = latest.as_ref().and_then(manifest).unwrap_or_default();
        let objects = objects(cluster, namespace, &manifest).await?;
        let secrets = secrets.into_iter().map(|(_, id)| id).collect();
        Ok(Release { name, namespace: namespace.to_owned(), secrets, objects })
    });
    try_join_all(releases).await
}

/// The manifest of a revision: JSON, compressed, and encoded twice. `None` if it is damaged.
fn manifest(secret: &Value) -> Option<String> {
    let once = STANDARD.decode(secret["data"]["release"].as_str()?).ok()?;
    let compressed = STANDARD.decode(once).ok()?;
    let mut text = String::new();
    GzDecoder::new(&*compressed).take(LARGEST).read_to_string(&mut text).ok()?;
    let release: Value = serde_json::from_str(&text).ok()?;
    release["manifest"].as_str().map(str::to_owned)
}

/// The objects of a manifest, in their namespaces.
async fn objects(
    cluster: &Cluster,
    namespace: &str,
    manifest: &str,
) -> Result<BTreeSet<ObjectId>, cluster::Error> {
    let ids: Vec<ObjectId> = documents(manifest).iter().filter_map(ObjectId::of).collect();
    let placed = ids.into_iter().map(|mut id| async move {
        let Some(resource) = cluster.resource(&Kind::of(&id)).await? else { return Ok(None) };
        let given = id.namespace.take().unwrap_or_else(|| namespace.to_owned());
        id.namespace = resource.namespaced.then_some(given);
        Ok(Some(id))
    });
    let placed: Vec<Option<ObjectId>> = try_join_all(placed).await?;
    Ok(placed.into_iter().flatten().collect())
}

fn documents(manifest: &str) -> Vec<Value> {
    let mut sources = Sources::default();
    let id = sources.add("manifest", manifest);
    yaml::parse(&sources, id).0.into_iter().map(yaml::Node::into_json).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::json;

    use super::*;

    fn secret(release: &Value) -> Value {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(release.to_string().as_bytes()).unwrap();
        let once = STANDARD.encode(encoder.finish().unwrap());
        json!({"data": {"release": STANDARD.encode(once)}})
    }

    #[test]
    fn a_revision_is_read_as_helm_writes_it() {
        let text = "---\n# Source: a.yaml\nkind: Role\napiVersion: rbac.authorization.k8s.io/v1\n\
                    metadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: place}\n";
        let read = manifest(&secret(&json!({"name": "ks-core", "manifest": text}))).unwrap();
        let ids: Vec<String> =
            documents(&read).iter().filter_map(ObjectId::of).map(|id| id.to_string()).collect();
        assert_eq!(ids, ["Role/a", "ConfigMap/place/b"]);
        assert_eq!(manifest(&json!({"data": {"release": "bm90IGl0"}})), None);
    }

    #[test]
    fn an_object_is_of_a_release_if_both_say_so() {
        let release = Release {
            name: "ks-core".into(),
            namespace: "kubesphere-system".into(),
            secrets: Vec::new(),
            objects: BTreeSet::new(),
        };
        let live = |name: &str| {
            json!({"metadata": {"annotations": {"meta.helm.sh/release-name": name,
                "meta.helm.sh/release-namespace": "kubesphere-system"}}})
        };
        assert!(release.made(&live("ks-core")));
        assert!(!release.made(&live("mine")) && !release.made(&json!({"metadata": {}})));
    }
}
