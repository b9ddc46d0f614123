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
        /// ks-apiserver, which answers the console.
        apiserver: Apiserver,
        /// ks-controller-manager, which acts on KubeSphere's objects.
        controller_manager: ControllerManager,
        placement node;
    }

    /// The web console.
    Console {
        /// Whether one account may be signed in from several places at once.
        enable_multi_login: bool = true,
        /// The port on every node under which a browser reaches the console, where type has one.
        #[schemars(range(min = 1, max = 65535))]
        port: u16 = 30880,
        /// How the console is reached.
        r#type: ServiceType = ServiceType::NodePort,
        /// Further volumes of the pod, as in a pod's `spec.volumes`.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        extra_volumes: Vec<FreeForm>,
        /// Where the further volumes are mounted, as in a container's `volumeMounts`.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        extra_volume_mounts: Vec<FreeForm>,
        /// Resources of the console's container.
        resources?: Resources,
        placement both;
    }

    /// ks-apiserver, which answers the console.
    Apiserver {
        /// Resources of its container. Amounts that are left out keep their default.
        #[serde(deserialize_with = "over_apiserver")]
        resources: Resources = apiserver(),
        placement both;
    }

    /// ks-controller-manager, which acts on KubeSphere's objects.
    ControllerManager {
        /// Resources of its container. Amounts that are left out keep their default.
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

/// How a Service is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ServiceType {
    /// From inside the cluster only.
    #[serde(rename = "ClusterIP")]
    ClusterIp,
    /// By a port on every node.
    NodePort,
    /// By an address of the cloud's or cluster's load balancer, and by a port on every node.
    LoadBalancer,
}
