//! Flags about the cluster.

use clap::Args;

use crate::facts::KubernetesVersion;
use crate::install::FactOverrides;

/// What an offline run cannot see of the cluster.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Facts about the cluster")]
pub(super) struct FactsArgs {
    /// Kubernetes version, for instance 1.34
    #[arg(long, value_name = "VERSION", env = "KSI_KUBE_VERSION")]
    kube_version: Option<KubernetesVersion>,
    /// Number of nodes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    nodes: Option<u32>,
    /// Number of control-plane nodes
    #[arg(long, value_name = "N")]
    control_plane_nodes: Option<u32>,
    /// Address under which a browser reaches a node
    #[arg(long, value_name = "ADDRESS")]
    node_address: Option<String>,
}

impl FactsArgs {
    /// The same for the use cases.
    pub(super) fn overrides(&self) -> FactOverrides {
        let Self { kube_version, nodes, control_plane_nodes, node_address } = self.clone();
        FactOverrides { kubernetes: kube_version, nodes, control_plane_nodes, node_address }
    }
}
