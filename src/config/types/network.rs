//! The pod network, the service mesh, gateways, the application store and terminals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::section;
use super::{FreeForm, Switch, Workload};
use crate::object::kubesphere;

section! {
    /// Policies, address pools and topology of the pod network.
    #[derive(Eq)]
    Network {
        /// Isolation of projects and workspaces. Needs a network plugin that supports NetworkPolicy.
        networkpolicy: Switch,
        /// Pod IP pools.
        ippool: Ippool,
        /// The topology map of connections between Services.
        topology: Topology,
    }

    /// Pod IP pools.
    #[derive(Eq)]
    Ippool {
        /// What manages the pools.
        r#type: IppoolType = IppoolType::None,
    }

    /// The topology map of connections between Services.
    #[derive(Eq)]
    Topology {
        /// What draws the map.
        r#type: TopologyType = TopologyType::None,
    }

    /// Traffic management with Istio.
    ServiceMesh {
        /// Whether the service mesh is installed.
        enabled: bool,
        /// Settings merged into the spec of the IstioOperator, as Istio documents them.
        istio?: FreeForm,
        /// Jaeger, which stores traces.
        jaeger: Workload,
        /// Jaeger's operator.
        #[serde(rename = "jaeger_operator")]
        jaeger_operator: Workload,
        placement;
    }

    /// Gateways of projects and workspaces.
    #[derive(Eq)]
    Gateway {
        /// The namespace of the gateways.
        namespace: String = kubesphere::CONTROLS.into(),
    }

    /// The application store.
    #[derive(Eq)]
    Openpitrix {
        /// The application store.
        store: Switch,
    }

    /// Web terminals.
    #[derive(Eq)]
    Terminal {
        /// Seconds after which an idle terminal is closed; 0 means never.
        timeout: u32 = 600,
        /// The image of terminals on nodes. It must contain the program nsenter.
        image?: text,
    }
}

/// What manages pod IP pools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IppoolType {
    /// Pod IP pools are disabled.
    None,
    /// Calico.
    Calico,
}

/// What draws the topology map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TopologyType {
    /// The map is disabled.
    None,
    /// Weave Scope.
    WeaveScope,
}
