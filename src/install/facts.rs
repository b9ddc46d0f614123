//! What is known of the cluster: from the caller, from the cluster itself, from KubeKey's document.

use serde_json::Value;

use super::error::Error;
use crate::cluster::{self, Cluster, Kind, Selection};
use crate::config::Loaded;
use crate::facts::{Facts, KubernetesVersion};

/// Labels of nodes that run the control plane; the second is the name before Kubernetes 1.20.
const CONTROL_PLANE: [&str; 2] =
    ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

/// What the caller says about the cluster. It wins over what the cluster says.
#[derive(Debug, Clone, Default)]
pub struct FactOverrides {
    /// The Kubernetes version.
    pub kubernetes: Option<KubernetesVersion>,
    /// The number of nodes.
    pub nodes: Option<u32>,
    /// The number of control-plane nodes.
    pub control_plane_nodes: Option<u32>,
    /// An address under which a browser reaches a node.
    pub node_address: Option<String>,
}

impl FactOverrides {
    /// The caller's facts, then those that were observed, then those of the KubeKey document, then
    /// assumptions.
    pub(super) fn over(&self, observed: Option<Facts>, loaded: &Loaded) -> Facts {
        let documented =
            || loaded.kubekey.as_ref().map_or_else(Facts::default, |k| k.facts(Facts::default()));
        let base = observed.unwrap_or_else(documented);
        let nodes = self.nodes.unwrap_or(base.nodes);
        let control_plane_nodes = base.control_plane_nodes.min(nodes);
        Facts {
            kubernetes: self.kubernetes.unwrap_or(base.kubernetes),
            nodes,
            control_plane_nodes: self.control_plane_nodes.unwrap_or(control_plane_nodes),
            node_address: self.node_address.clone().or(base.node_address),
        }
    }
}

/// Reads the facts that rendering depends on: version, number of nodes, an address of one.
///
/// # Errors
/// The cluster cannot be read, or gives a version that cannot be parsed.
pub async fn observe_facts(cluster: &Cluster) -> Result<Facts, Error> {
    let node = Kind::new("", "v1", "Node");
    let metadata = Selection::default().metadata();
    let (version, nodes) =
        futures_util::try_join!(cluster.read_path("/version"), cluster.list(&node, &metadata))?;
    let version = version["gitVersion"].as_str().unwrap_or_default();
    let kubernetes = version
        .parse()
        .map_err(|cause: String| Error::Version { place: cluster.place().to_owned(), cause })?;
    let is_control_plane = |node: &&Value| {
        CONTROL_PLANE.iter().any(|label| !node["metadata"]["labels"][label].is_null())
    };
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let first = nodes.iter().find(is_control_plane).or(nodes.first());
    Ok(Facts {
        kubernetes,
        nodes: count(nodes.len()),
        control_plane_nodes: count(nodes.iter().filter(is_control_plane).count()),
        node_address: match first.and_then(|node| node["metadata"]["name"].as_str()) {
            Some(name) => address(cluster, &node, name).await?,
            None => None,
        },
    })
}

/// The address under which a browser most likely reaches a node.
async fn address(
    cluster: &Cluster,
    node: &Kind,
    name: &str,
) -> Result<Option<String>, cluster::Error> {
    let Some(node) = cluster.get(&node.named(None, name)).await? else {
        return Ok(None);
    };
    let addresses = node["status"]["addresses"].as_array().map_or(&[][..], Vec::as_slice);
    let of = |kind: &str| {
        let address = addresses.iter().find(|address| address["type"] == kind)?;
        address["address"].as_str().map(str::to_owned)
    };
    Ok(of("ExternalIP").or_else(|| of("InternalIP")))
}
