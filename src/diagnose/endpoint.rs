//! A Service that waits for an address of a load balancer.

use serde_json::Value;

use super::finding::{self, Finding};
use crate::cluster::{Cluster, Kind};
use crate::health::{self, Endpoint};
use crate::object::{ObjectId, embedded};

const NAMESPACE: &str = "kubesphere-system";

/// The finding about a Service without an address from a load balancer; `None` if agents connect to
/// another address. The console and Tower are evaluated as everywhere else, from the address that is
/// published for Tower and the address of a node.
pub fn pending_address(
    id: &ObjectId,
    service: &Value,
    published: Option<&str>,
    node: Option<&str>,
) -> Option<Finding> {
    let Some(endpoint) = endpoint(id, service, published, node) else {
        return Some(finding::no_address(id, service));
    };
    let next_step = endpoint.next_step?;
    Some(finding::of_endpoint(id, &endpoint.message, next_step))
}

/// Reads what the evaluation depends on, and evaluates it.
pub(super) async fn finding(cluster: &Cluster, id: &ObjectId, service: &Value) -> Option<Finding> {
    if !is_ours(id) {
        return pending_address(id, service, None, None);
    }
    let (published, nodes) = futures_util::join!(published(cluster), cluster.nodes());
    let node = nodes.ok().and_then(|nodes| nodes.address);
    pending_address(id, service, published.as_deref(), node.as_deref())
}

fn is_ours(id: &ObjectId) -> bool {
    id.namespace.as_deref() == Some(NAMESPACE)
        && ["ks-console", "tower"].contains(&id.name.as_str())
}

fn endpoint(
    id: &ObjectId,
    service: &Value,
    published: Option<&str>,
    node: Option<&str>,
) -> Option<Endpoint> {
    is_ours(id).then(|| match id.name.as_str() {
        "tower" => health::tower(service, published, node),
        _ => health::console(service, node),
    })
}

/// The address that `KubeSphere` gives to agents of members.
async fn published(cluster: &Cluster) -> Option<String> {
    let config = Kind::new("", "v1", "ConfigMap").named(Some(NAMESPACE), "kubesphere-config");
    let document = embedded::read(&cluster.get(&config).await.ok()??).ok()??;
    document["multicluster"]["proxyPublishAddress"].as_str().map(str::to_owned)
}
