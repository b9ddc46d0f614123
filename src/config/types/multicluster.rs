//! The role of the cluster and its connections to other clusters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::section;
use super::{Resources, Tower};

section! {
    /// The role of the cluster and its connections to other clusters.
    Multicluster {
        /// The role of this cluster in a multi-cluster system. Changing it later endangers what users
        /// run on the members.
        cluster_role: Role = Role::None,
        /// Host only: the URL at which the agents of members reach Tower, for example
        /// `https://tower.example.com`. Without a port it is 443, or 80 with `http`. If empty, the load
        /// balancer address of Service tower is used.
        proxy_publish_address?: text,
        /// Host only: the name of the host cluster. If empty, `host`. Cannot be changed after the
        /// first start.
        host_cluster_name?: text,
        /// Host only: how often members are checked, for example `120s`.
        cluster_controller_resync_period?: text,
        /// The name of this cluster on its host. Written to kubesphere-config, so that the host has
        /// no reason to rewrite it.
        cluster_name?: text,
        /// Host only: the image of the agent on members. If empty, the image of Tower is used.
        agent_image?: text,
        /// Host only: Tower, to which members without a reachable API server connect.
        tower: Tower,
        /// Host only: KubeFed, which propagates objects to members.
        kubefed: Kubefed,
        placement;
    }

    /// KubeFed, which propagates objects to members.
    Kubefed {
        /// Whether KubeFed is installed. Without it the host shows its members, but propagates nothing.
        enabled: bool = true,
        /// The number of controller replicas. If not set, it depends on the number of nodes.
        #[schemars(range(min = 1))]
        replicas?: u32,
        /// The types that are propagated, for example `deployments.apps`. If not set, all types that
        /// KubeSphere uses.
        federated_types?: Vec<String>,
        /// Resources of the containers of the controllers and the webhook.
        resources?: Resources,
        placement;
    }
}

/// The role of a cluster in a multi-cluster system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Manages members.
    Host,
    /// Managed by a host.
    Member,
    /// A standalone cluster.
    #[default]
    None,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Host => "host",
            Self::Member => "member",
            Self::None => "none",
        })
    }
}
