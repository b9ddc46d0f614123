//! The pod network, the mesh, gateways, the application store, terminals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::section;
use super::{FreeForm, Switch, Workload};
use crate::object::kubesphere;

section! {
    /// Policies, address pools and topology of the pod network.
    #[derive(Eq)]
    Network {
        /// Isolation of projects and workspaces. Needs a network plugin that knows NetworkPolicy.
        networkpolicy: Switch,
        /// Pools of pod addresses.
        ippool: Ippool,
        /// The map of connections between Services.
        topology: Topology,
    }

    /// Pools of pod addresses.
    #[derive(Eq)]
    Ippool {
        /// Who manages the pools.
        r#type: IppoolType = IppoolType::None,
    }

    /// The map of connections between Services.
    #[derive(Eq)]
    Topology {
        /// Who draws the map.
        r#type: TopologyType = TopologyType::None,
    }

    /// Traffic management on Istio.
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
        /// The namespace in which gateways run.
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
        /// The image of terminals on nodes. It must hold the program nsenter.
        image?: text,
    }
}

/// Who manages pools of pod addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IppoolType {
    /// Nobody: pools are off.
    None,
    /// Calico.
    Calico,
}

/// Who draws the map of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TopologyType {
    /// Nobody: the map is off.
    None,
    /// Weave Scope.
    WeaveScope,
}
