//! What is known of a cluster beside the objects of the installation.

use serde::Serialize;

use super::installed::NAMESPACE;
use super::last_run::Lock;
use crate::cluster::{Cluster, Error, Kind};
use crate::object::embedded;

/// What is known of a cluster beside the objects of the installation.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// Its name and address.
    pub cluster: String,
    /// `host`, `member` or `none`, as in kubesphere-config.
    pub role: Option<String>,
    /// Where agents of members connect to, if it is set.
    pub publish_address: Option<String>,
    /// Who holds the lock.
    #[serde(skip)]
    pub lock: Option<Lock>,
    /// The address of a node.
    #[serde(skip)]
    pub node_address: Option<String>,
}

impl About {
    /// Reads kubesphere-config, and the lock and the address of a node where that is allowed.
    ///
    /// # Errors
    /// The cluster cannot be read.
    pub async fn read(cluster: &Cluster) -> Result<Self, Error> {
        let config = Kind::new("", "v1", "ConfigMap").named(Some(NAMESPACE), "kubesphere-config");
        let (config, nodes, lock) =
            futures_util::join!(cluster.get(&config), cluster.nodes(), Lock::read(cluster));
        let document = config?.and_then(|body| embedded::read(&body).ok()?).unwrap_or_default();
        let multicluster = &document["multicluster"];
        let text = |key: &str| {
            multicluster[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Ok(Self {
            cluster: cluster.place().to_owned(),
            role: text("clusterRole"),
            publish_address: text("proxyPublishAddress"),
            // Without the right to read it, the rest can still be shown.
            lock: lock.ok().flatten(),
            node_address: nodes.ok().and_then(|nodes| nodes.address),
        })
    }
}
