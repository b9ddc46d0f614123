//! What the cluster is, asked of the cluster.

use super::exit::Failure;
use crate::cluster::Cluster;
use crate::facts::Facts;

/// Reads what rendering depends on: version, number of nodes, an address of one.
///
/// # Errors
/// The cluster cannot be read, or says no version that can be understood.
pub(super) async fn observed_facts(cluster: &Cluster) -> Result<Facts, Failure> {
    let (version, nodes) = futures_util::try_join!(cluster.read_path("/version"), cluster.nodes())?;
    let kubernetes = version["gitVersion"]
        .as_str()
        .unwrap_or_default()
        .parse()
        .map_err(|error| Failure::Io(format!("{} says: {error}", cluster.place())))?;
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Facts {
        kubernetes,
        nodes: count(nodes.total),
        control_plane_nodes: count(nodes.control_plane),
        node_address: nodes.address,
    })
}
