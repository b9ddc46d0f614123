//! What is known of a host before anything is said about a member.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::Error;
use super::webhook::{self, Webhook};
use crate::check::ReadError;
use crate::cluster::{Cluster, Kind, Selection};
use crate::health::{self, Endpoint};
use crate::member::{KubefedState, Registered};
use crate::object::{embedded, kubesphere};
use crate::values;

/// A host, as it was read.
#[derive(Clone)]
pub struct Host {
    /// The connection.
    pub cluster: Cluster,
    /// The UID of its namespace kube-system.
    pub uid: String,
    /// What its tokens are signed with.
    pub(super) jwt_secret: String,
    /// Its members, and itself.
    pub clusters: Vec<Registered>,
    /// What KubeFed says, by the name of the member.
    pub kubefed: BTreeMap<String, KubefedState>,
    /// Where agents connect to.
    pub tower: Endpoint,
    /// A pod of Tower that is ready.
    pub(super) tower_pod: Option<String>,
    /// Since when that pod is ready.
    pub(super) tower_since: Option<OffsetDateTime>,
    /// The Services of members behind Tower, by name.
    pub(super) services: BTreeMap<String, Value>,
    /// Whether the webhook of Clusters is asked about them.
    pub(super) webhook: Result<Webhook, ReadError>,
    /// The name under which this run pauses it.
    pub(super) holder: String,
    /// The kinds that KubeFed places on members.
    pub(super) types: Vec<Kind>,
    /// Its time.
    pub(super) now: OffsetDateTime,
}

/// Without the jwtSecret.
impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("cluster", &self.cluster).finish_non_exhaustive()
    }
}

impl Host {
    /// Reads a host.
    ///
    /// # Errors
    /// The cluster is no host, or cannot be read.
    pub async fn read(cluster: &Cluster) -> Result<Self, Error> {
        let config = cluster.get(&config_id()).await?;
        let document = config.as_ref().and_then(|config| embedded::read(config).ok().flatten());
        let Some(document) = document else {
            return Err(Error::NoKubesphere(cluster.place().to_owned()));
        };
        let multicluster = &document["multicluster"];
        let role = multicluster["clusterRole"].as_str().unwrap_or("none");
        let jwt_secret = values::jwt_secret_in_use(config.as_ref());
        let (Some(jwt_secret), "host") = (jwt_secret, role) else {
            let place = cluster.place().to_owned();
            return Err(Error::NotHost { place, role: role.to_owned() });
        };
        let system = Selection::within(Some(kubesphere::SYSTEM));
        let pods = system.clone().labelled("app=tower,app.kubernetes.io/name=tower");
        let everywhere = Selection::default();
        let kinds = [cluster_kind(), kubefed_kind(), service_kind(), federated_type_kind()];
        let [clusters, kubefed, services, types] = &kinds;
        let pod = Kind::new("", "v1", "Pod");
        let (uid, clusters, kubefed, services, pods, types, nodes, asked) = futures_util::try_join!(
            uid(cluster),
            cluster.list(clusters, &everywhere),
            cluster.list(kubefed, &everywhere),
            cluster.list(services, &system),
            cluster.list(&pod, &pods),
            cluster.list(types, &everywhere),
            async { Ok(cluster.nodes().await.ok()) },
            // Without the right to read it, the rest can still be told.
            async { Ok(webhook::state(cluster).await) },
        )?;
        let services: BTreeMap<String, Value> =
            services.into_iter().map(|service| (name(&service), service)).collect();
        let node = nodes.and_then(|nodes| nodes.address);
        let published = multicluster["proxyPublishAddress"].as_str();
        let tower = services.get(kubesphere::TOWER).unwrap_or(&Value::Null);
        let tower = health::tower(tower, published, node.as_deref());
        Ok(Self {
            uid,
            jwt_secret,
            clusters: clusters.iter().map(Registered::of).collect(),
            kubefed: kubefed.iter().map(|one| (name(one), KubefedState::of(one))).collect(),
            tower,
            webhook: asked.map_err(|error| ReadError(error.cause())),
            holder: format!("{:016x}", fastrand::u64(..)),
            tower_pod: pods.iter().find(|pod| is_ready(pod)).map(name),
            tower_since: pods.iter().find(|pod| is_ready(pod)).and_then(ready_since),
            services,
            types: types
                .iter()
                .filter_map(target_type)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            now: cluster.server_time().unwrap_or_else(OffsetDateTime::now_utc),
            cluster: cluster.clone(),
        })
    }

    /// Whether the webhook of Clusters is paused, by a command that runs or by one that was killed.
    pub fn has_webhook_paused(&self) -> bool {
        matches!(self.webhook, Ok(Webhook::Paused | Webhook::Abandoned))
    }

    /// How long the pod of Tower is ready.
    pub(super) fn tower_age(&self) -> Option<time::Duration> {
        Some(self.now - self.tower_since?)
    }

    /// Where it is, for a [`Step`](super::Step).
    pub(super) fn place(&self) -> String {
        self.cluster.place().to_owned()
    }

    /// The member of this name.
    ///
    /// # Errors
    /// There is none, or it is the host itself.
    pub fn member(&self, name: &str) -> Result<&Registered, Error> {
        match self.clusters.iter().find(|cluster| cluster.name == name) {
            Some(member) if !member.is_host => Ok(member),
            Some(_) => Err(Error::IsHost(name.to_owned())),
            None => {
                let known = self.members().map(|member| member.name.clone()).collect();
                Err(Error::NoMember { name: name.to_owned(), known })
            }
        }
    }

    /// All members, without the host itself.
    pub fn members(&self) -> impl Iterator<Item = &Registered> {
        self.clusters.iter().filter(|cluster| !cluster.is_host)
    }

    /// Its version of KubeSphere, once ks-controller-manager has seen it.
    pub(super) fn version(&self) -> Option<&str> {
        let own = self.clusters.iter().find(|cluster| cluster.is_host)?;
        own.kubesphere_version.as_deref()
    }

    /// The name of the host's own Cluster.
    pub fn name(&self) -> &str {
        self.clusters.iter().find(|cluster| cluster.is_host).map_or("host", |host| &host.name)
    }
}

/// The UID of namespace kube-system, which identifies a cluster for KubeSphere.
pub(super) async fn uid(cluster: &Cluster) -> Result<String, crate::cluster::Error> {
    let system = cluster.get(&Kind::new("", "v1", "Namespace").named(None, "kube-system")).await?;
    let uid = system.as_ref().and_then(|system| system["metadata"]["uid"].as_str());
    Ok(uid.unwrap_or_default().to_owned())
}

pub(super) fn cluster_kind() -> Kind {
    Kind::new("cluster.kubesphere.io", "v1alpha1", "Cluster")
}

pub(super) fn kubefed_kind() -> Kind {
    Kind::new("core.kubefed.io", "v1beta1", "KubeFedCluster")
}

pub(super) fn service_kind() -> Kind {
    Kind::new("", "v1", "Service")
}

pub(super) fn federated_type_kind() -> Kind {
    Kind::new("core.kubefed.io", "v1beta1", "FederatedTypeConfig")
}

pub(super) fn config_id() -> crate::object::ObjectId {
    Kind::new("", "v1", "ConfigMap").named(Some(kubesphere::SYSTEM), kubesphere::CONFIG)
}

pub(super) fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}

pub(super) fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    let is_deleted = !pod["metadata"]["deletionTimestamp"].is_null();
    !is_deleted
        && conditions.into_iter().flatten().any(|c| c["type"] == "Ready" && c["status"] == "True")
}

/// Since when a pod is ready.
fn ready_since(pod: &Value) -> Option<OffsetDateTime> {
    let mut conditions = pod["status"]["conditions"].as_array()?.iter();
    let ready = conditions.find(|one| one["type"] == "Ready" && one["status"] == "True")?;
    OffsetDateTime::parse(ready["lastTransitionTime"].as_str()?, &Rfc3339).ok()
}

/// The kind that a `FederatedTypeConfig` places on members.
fn target_type(config: &Value) -> Option<Kind> {
    if config["spec"]["propagation"] == "Disabled" {
        return None;
    }
    kind_of(&config["spec"]["targetType"])
}

/// A kind by the names that a `FederatedTypeConfig` has for it.
pub(super) fn kind_of(names: &Value) -> Option<Kind> {
    let text = |key: &str| names[key].as_str();
    Some(Kind::new(text("group").unwrap_or_default(), text("version")?, text("kind")?))
}
