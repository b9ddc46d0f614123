//! Tower, to which members without a reachable API server connect.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::section::section;
use super::{Resources, ServiceType};

section! {
    /// Tower, to which members without a reachable API server connect.
    Tower {
        /// How agents reach Tower.
        service: TowerService,
        /// The authority that signs the certificates of the tunnels.
        ca: TowerCa,
        /// Whether a NetworkPolicy keeps other pods from the ports of members, on which Tower asks
        /// nobody who they are.
        network_policy: bool = true,
        /// Resources of Tower's container. Amounts that are left out keep their default.
        #[serde(deserialize_with = "over_tower")]
        resources: Resources = tower(),
        placement;
    }

    /// How agents reach Tower.
    #[derive(Eq)]
    TowerService {
        /// The type of Service tower.
        r#type: ServiceType = ServiceType::LoadBalancer,
        /// Annotations of the Service, as clouds ask for them.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        annotations: BTreeMap<String, String>,
        /// The port on every node; drawn by Kubernetes when absent.
        #[schemars(range(min = 1, max = 65535))]
        node_port?: u16,
        /// The address that the load balancer shall have, where it can be asked for one.
        #[serde(rename = "loadBalancerIP")]
        load_balancer_ip?: text,
        /// Address ranges that may reach the load balancer, for example `10.0.0.0/8`; all when
        /// absent.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        load_balancer_source_ranges: Vec<String>,
    }

    /// The authority that signs the certificates of the tunnels.
    #[derive(Eq)]
    TowerCa {
        /// A Secret of your own in namespace kubesphere-system with `tls.crt` and `tls.key` of an RSA
        /// authority. When empty, one is generated for this installation.
        secret_name?: text,
    }
}

fn tower() -> Resources {
    Resources::new(("100m", "128Mi"), ("500m", "256Mi"))
}

fn over_tower<'de, D: Deserializer<'de>>(source: D) -> Result<Resources, D::Error> {
    Ok(Resources::deserialize(source)?.over(&tower()))
}
