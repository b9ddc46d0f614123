//! The cluster's role and the links between clusters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::section;
use super::{Resources, Tower};

section! {
    /// The cluster's role and the links between clusters.
    Multicluster {
        /// What this cluster is among others. Changing it later is dangerous for what users have on
        /// the members.
        cluster_role: Role = Role::None,
        /// Host only: the address under which agents of members reach Tower, as
        /// `http[s]://host:port`. When empty, that of Service tower's load balancer.
        proxy_publish_address?: text,
        /// Host only: the name of the host among its clusters; `host` when empty. Cannot be changed
        /// after the first start.
        host_cluster_name?: text,
        /// Host only: how often members are looked at, for example `120s`.
        cluster_controller_resync_period?: text,
        /// The name under which this cluster is known to its host. Written to kubesphere-config, so
        /// that the host has no reason to rewrite it.
        cluster_name?: text,
        /// Host only: the image of the agent that members run. That of Tower when empty.
        agent_image?: text,
        /// Host only: Tower, to which members without a reachable API server connect.
        tower: Tower,
        /// Host only: KubeFed, which carries objects to members.
        kubefed: Kubefed,
        placement;
    }

    /// KubeFed, which carries objects to members.
    Kubefed {
        /// Whether KubeFed is installed. Without it members can be seen, but nothing is distributed.
        enabled: bool = true,
        /// How many controllers run. By the number of nodes when absent.
        #[schemars(range(min = 1))]
        replicas?: u32,
        /// The types that are distributed, for example `deployments.apps`; all that KubeSphere uses
        /// when absent.
        federated_types?: Vec<String>,
        /// Resources of the controllers' and the webhook's containers.
        resources?: Resources,
        placement;
    }
}

/// What a cluster is among others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Manages members.
    Host,
    /// Is managed by a host.
    Member,
    /// Stands alone.
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
