//! What a Service without an address means for the console or for Tower.

use serde_json::Value;

use crate::cluster::{Cluster, Kind};
use crate::health::{self, Endpoint};
use crate::object::{ObjectId, embedded};

const NAMESPACE: &str = "kubesphere-system";

/// The evaluation that `check` and `status` make of the same Service; `None` for other Services.
pub(super) async fn of(cluster: &Cluster, id: &ObjectId, service: &Value) -> Option<Endpoint> {
    if id.kind != "Service" || id.namespace.as_deref() != Some(NAMESPACE) {
        return None;
    }
    let node = async { cluster.nodes().await.ok()?.address };
    match id.name.as_str() {
        "ks-console" => Some(health::console(service, node.await.as_deref())),
        "tower" => {
            let (published, node) = futures_util::join!(published(cluster), node);
            Some(health::tower(service, published.as_deref(), node.as_deref()))
        }
        _ => None,
    }
}

/// The address that `KubeSphere` gives to agents of members.
async fn published(cluster: &Cluster) -> Option<String> {
    let config = Kind::new("", "v1", "ConfigMap").named(Some(NAMESPACE), "kubesphere-config");
    let document = embedded::read(&cluster.get(&config).await.ok()??).ok()??;
    document["multicluster"]["proxyPublishAddress"].as_str().map(str::to_owned)
}
