//! Nodes at the edge.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::section;
use super::{Digits, Resources, Workload};

section! {
    /// Nodes at the edge.
    #[derive(Eq)]
    EdgeRuntime {
        /// Whether support for edge nodes is installed.
        enabled: bool,
        /// KubeEdge.
        kubeedge: Kubeedge,
    }

    /// KubeEdge.
    #[derive(Eq)]
    Kubeedge {
        /// Whether KubeEdge is installed.
        enabled: bool,
        /// The part of KubeEdge that runs in the cluster.
        cloud_core: CloudCore,
        /// Forwarding of ports to edge nodes, as the sample file spells it. KubeSphere 3.4 reads
        /// iptablesManager.
        #[serde(rename = "iptables-manager")]
        iptables_manager_hyphen?: IptablesManager,
        /// Forwarding of ports to edge nodes.
        iptables_manager?: IptablesManager,
        /// The service that the console asks about edge nodes.
        edge_service: Workload,
    }

    /// The part of KubeEdge that runs in the cluster.
    #[derive(Eq)]
    CloudCore {
        /// Where edge nodes find the cluster.
        cloud_hub: CloudHub,
        /// Ports on every node under which edge nodes reach the cluster.
        service: CloudService,
        /// Resources of its container.
        resources?: Resources,
        /// Whether it uses the node's network.
        #[serde(rename = "hostNetWork")]
        host_network: bool,
    }

    /// Where edge nodes find the cluster.
    #[derive(Eq)]
    CloudHub {
        /// Addresses that edge nodes can reach; at least one is needed.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        advertise_address: Vec<String>,
    }

    /// Ports on every node under which edge nodes reach the cluster.
    #[derive(Eq)]
    CloudService {
        /// Port of the WebSocket hub.
        cloudhub_node_port: Digits = Digits::new(30000),
        /// Port of the QUIC hub.
        cloudhub_quic_node_port: Digits = Digits::new(30001),
        /// Port of the HTTPS hub.
        cloudhub_https_node_port: Digits = Digits::new(30002),
        /// Port of the stream for logs and exec.
        cloudstream_node_port: Digits = Digits::new(30003),
        /// Port of the tunnel.
        tunnel_node_port: Digits = Digits::new(30004),
    }

    /// Forwarding of ports to edge nodes.
    #[derive(Eq)]
    IptablesManager {
        /// Whether it runs.
        enabled: bool = true,
        /// Where it runs.
        mode: IptablesMode = IptablesMode::External,
        /// Resources of its container.
        resources?: Resources,
    }
}

impl Kubeedge {
    /// The settings that count: the spelling that KubeSphere reads before the sample's.
    pub fn iptables(&self) -> IptablesManager {
        let given = self.iptables_manager.as_ref().or(self.iptables_manager_hyphen.as_ref());
        given.cloned().unwrap_or_default()
    }
}

/// Where the forwarding of ports to edge nodes runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IptablesMode {
    /// On every node.
    External,
    /// Beside the part of KubeEdge that runs in the cluster.
    Internal,
}
