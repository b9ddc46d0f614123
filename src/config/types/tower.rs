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
        /// The certificate authority of the tunnels.
        ca: TowerCa,
        /// Whether a NetworkPolicy blocks other pods from the ports of members on Tower, which have no
        /// authentication.
        network_policy: bool = true,
        /// Resources of Tower's container. Values that are not set keep their default.
        #[serde(deserialize_with = "over_tower")]
        resources: Resources = tower(),
        placement;
    }

    /// How agents reach Tower.
    #[derive(Eq)]
    TowerService {
        /// The type of Service tower.
        r#type: ServiceType = ServiceType::LoadBalancer,
        /// Annotations of the Service, for example for the load balancer of a cloud.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        annotations: BTreeMap<String, String>,
        /// The NodePort. If not set, Kubernetes chooses one.
        #[schemars(range(min = 1, max = 65535))]
        node_port?: u16,
        /// The address to request from the load balancer, if it supports that.
        #[serde(rename = "loadBalancerIP")]
        load_balancer_ip?: text,
        /// Address ranges that may reach the load balancer, for example `10.0.0.0/8`. If not set,
        /// all.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        load_balancer_source_ranges: Vec<String>,
    }

    /// The certificate authority of the tunnels.
    #[derive(Eq)]
    TowerCa {
        /// Your own Secret in namespace kubesphere-system with `tls.crt` and `tls.key` of an RSA
        /// certificate authority. If empty, one is generated for this installation.
        secret_name?: text,
    }
}

fn tower() -> Resources {
    Resources::new(("100m", "128Mi"), ("500m", "256Mi"))
}

fn over_tower<'de, D: Deserializer<'de>>(source: D) -> Result<Resources, D::Error> {
    Ok(Resources::deserialize(source)?.over(&tower()))
}
