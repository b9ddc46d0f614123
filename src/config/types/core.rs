//! KubeSphere's core.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::section::section;
use super::{FreeForm, Resources};

section! {
    /// KubeSphere's core: console, ks-apiserver, ks-controller-manager.
    Core {
        /// The web console.
        console: Console,
        /// ks-apiserver, the API behind the console.
        apiserver: Apiserver,
        /// ks-controller-manager, which reconciles KubeSphere's objects.
        controller_manager: ControllerManager,
        placement node;
    }

    /// The web console.
    Console {
        /// Whether a user may be signed in several times at once.
        enable_multi_login: bool = true,
        /// The NodePort of the console. Has no effect with type `ClusterIP`.
        #[schemars(range(min = 1, max = 65535))]
        port: u16 = 30880,
        /// The type of the Service of the console.
        r#type: ServiceType = ServiceType::NodePort,
        /// Additional volumes of the pod, as in a pod's `spec.volumes`.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        extra_volumes: Vec<FreeForm>,
        /// Mounts of the additional volumes, as in a container's `volumeMounts`.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        extra_volume_mounts: Vec<FreeForm>,
        /// Resources of the console's container.
        resources?: Resources,
        placement both;
    }

    /// ks-apiserver, the API behind the console.
    Apiserver {
        /// Resources of its container. Values that are not set keep their default.
        #[serde(deserialize_with = "over_apiserver")]
        resources: Resources = apiserver(),
        placement both;
    }

    /// ks-controller-manager, which reconciles KubeSphere's objects.
    ControllerManager {
        /// Resources of its container. Values that are not set keep their default.
        #[serde(deserialize_with = "over_controller_manager")]
        resources: Resources = controller_manager(),
        placement both;
    }
}

fn apiserver() -> Resources {
    Resources::new(("20m", "100Mi"), ("1", "1024Mi"))
}

fn controller_manager() -> Resources {
    Resources::new(("30m", "50Mi"), ("1", "1000Mi"))
}

fn over_apiserver<'de, D: Deserializer<'de>>(source: D) -> Result<Resources, D::Error> {
    Ok(Resources::deserialize(source)?.over(&apiserver()))
}

fn over_controller_manager<'de, D: Deserializer<'de>>(source: D) -> Result<Resources, D::Error> {
    Ok(Resources::deserialize(source)?.over(&controller_manager()))
}

/// The type of a Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ServiceType {
    /// Reachable from inside the cluster only.
    #[serde(rename = "ClusterIP")]
    ClusterIp,
    /// Reachable through a port on every node.
    NodePort,
    /// Reachable through a load balancer, and through a port on every node.
    LoadBalancer,
}
