//! What the cluster is, asked of the cluster.

use serde_json::Value;

use super::exit::Failure;
use crate::cluster::{Cluster, Error, Kind, Selection};
use crate::facts::Facts;

/// Labels of nodes that run the control plane; the second is the name before Kubernetes 1.20.
const CONTROL_PLANE: [&str; 2] =
    ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

/// Reads what rendering depends on: version, number of nodes, an address of one.
///
/// # Errors
/// The cluster cannot be read, or says no version that can be understood.
pub(super) async fn observed_facts(cluster: &Cluster) -> Result<Facts, Failure> {
    let node = Kind::new("", "v1", "Node");
    let metadata = Selection::default().metadata();
    let (version, nodes) =
        futures_util::try_join!(cluster.read_path("/version"), cluster.list(&node, &metadata))?;
    let kubernetes = version["gitVersion"]
        .as_str()
        .unwrap_or_default()
        .parse()
        .map_err(|error| Failure::Io(format!("{} says: {error}", cluster.place())))?;
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
async fn address(cluster: &Cluster, node: &Kind, name: &str) -> Result<Option<String>, Error> {
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
