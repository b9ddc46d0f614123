//! Edge nodes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::section;
use super::{Digits, Resources, Workload};

section! {
    /// Edge nodes.
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
        /// CloudCore, the part of KubeEdge that runs in the cluster.
        cloud_core: CloudCore,
        /// Port forwarding to edge nodes, in the spelling of the sample file. KubeSphere 3.4 reads
        /// iptablesManager.
        #[serde(rename = "iptables-manager")]
        iptables_manager_hyphen?: IptablesManager,
        /// Port forwarding to edge nodes.
        iptables_manager?: IptablesManager,
        /// The service that the console queries about edge nodes.
        edge_service: Workload,
    }

    /// CloudCore, the part of KubeEdge that runs in the cluster.
    #[derive(Eq)]
    CloudCore {
        /// The addresses at which edge nodes reach the cluster.
        cloud_hub: CloudHub,
        /// The NodePorts through which edge nodes reach the cluster.
        service: CloudService,
        /// Resources of its container.
        resources?: Resources,
        /// Whether it uses the host network.
        #[serde(rename = "hostNetWork")]
        host_network: bool,
    }

    /// The addresses at which edge nodes reach the cluster.
    #[derive(Eq)]
    CloudHub {
        /// Addresses that edge nodes can reach; at least one is needed.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        advertise_address: Vec<String>,
    }

    /// The NodePorts through which edge nodes reach the cluster.
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

    /// Port forwarding to edge nodes.
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
    /// The effective settings: the spelling that KubeSphere reads takes precedence.
    pub fn iptables(&self) -> IptablesManager {
        let given = self.iptables_manager.as_ref().or(self.iptables_manager_hyphen.as_ref());
        given.cloned().unwrap_or_default()
    }
}

/// Where the port forwarding to edge nodes runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IptablesMode {
    /// On every node.
    External,
    /// In the pod of CloudCore.
    Internal,
}
