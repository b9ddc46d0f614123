//! Flags that describe a cluster.

use clap::Args;

use crate::facts::KubernetesVersion;
use crate::install::FactOverrides;

const HEADING: &str = "Cluster facts (default: read from the cluster, or assumed)";

/// What an offline run cannot read from the cluster.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct FactsArgs {
    /// Kubernetes version, for example 1.34
    #[arg(help_heading = HEADING, long, value_name = "VERSION", env = "KSI_KUBE_VERSION")]
    kube_version: Option<KubernetesVersion>,
    /// Number of nodes
    #[arg(help_heading = HEADING, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    nodes: Option<u32>,
    /// Number of control plane nodes
    #[arg(help_heading = HEADING, long, value_name = "N")]
    control_plane_nodes: Option<u32>,
    /// Address of a node that browsers can reach
    #[arg(help_heading = HEADING, long, value_name = "ADDRESS")]
    node_address: Option<String>,
}

impl FactsArgs {
    /// The same for use cases.
    pub(in crate::cli) fn overrides(&self) -> FactOverrides {
        let Self { kube_version, nodes, control_plane_nodes, node_address } = self.clone();
        FactOverrides { kubernetes: kube_version, nodes, control_plane_nodes, node_address }
    }
}
