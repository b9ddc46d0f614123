//! What is known of the cluster: from the caller, from the cluster itself, from KubeKey's document.

use super::error::Error;
use crate::cluster::Cluster;
use crate::config::Loaded;
use crate::facts::{Facts, KubernetesVersion};

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
    let (version, nodes) = futures_util::try_join!(cluster.read_path("/version"), cluster.nodes())?;
    let kubernetes = version["gitVersion"]
        .as_str()
        .unwrap_or_default()
        .parse()
        .map_err(|cause: String| Error::Version { place: cluster.place().to_owned(), cause })?;
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Facts {
        kubernetes,
        nodes: count(nodes.total),
        control_plane_nodes: count(nodes.control_plane),
        node_address: nodes.address,
    })
}
