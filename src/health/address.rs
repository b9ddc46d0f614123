//! Where a Service of type LoadBalancer is reached.

use serde::Serialize;
use serde_json::Value;

/// The address of a Service to the world outside of its cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Address {
    /// It is no Service of type LoadBalancer.
    NotAsked,
    /// An IP address or a host name, without a port.
    Given(String),
    /// Nobody has given it one; on bare metal nobody will.
    Pending {
        /// The port of its first port on every node, where it has one.
        node_port: Option<u16>,
        /// Its first port.
        port: u16,
    },
}

/// The address situation of a Service.
///
/// ks-apiserver chooses Tower's address by the same rule (v3.4.1, `pkg/kapis/cluster/v1alpha1`): of
/// several entries the last one with a value wins, an IP address before a host name.
pub fn address(service: &Value) -> Address {
    if service["spec"]["type"] != "LoadBalancer" {
        return Address::NotAsked;
    }
    let entries = service["status"]["loadBalancer"]["ingress"].as_array();
    let given = entries.into_iter().flatten().rev().find_map(|entry| {
        let value = |key: &str| entry[key].as_str().filter(|value| !value.is_empty());
        value("ip").or_else(|| value("hostname"))
    });
    if let Some(given) = given {
        return Address::Given(super::text::clean(given));
    }
    let port = |value: &Value| {
        super::number(value).and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
    };
    let first = &service["spec"]["ports"][0];
    Address::Pending {
        node_port: port(&first["nodePort"]),
        port: port(&first["port"]).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tower(ingress: &Value) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "tower", "namespace": "kubesphere-system"},
            "spec": {
                "type": "LoadBalancer", "clusterIP": "10.96.7.7",
                "ports": [{"port": 8080, "targetPort": 8080, "nodePort": 30721}],
            },
            "status": {"loadBalancer": {"ingress": ingress}},
        })
    }

    #[test]
    fn the_address_that_kubesphere_would_take() {
        let given = |text: &str| Address::Given(text.to_owned());
        let pending = Address::Pending { node_port: Some(30721), port: 8080 };
        let cases = [
            (json!(null), pending.clone()),
            (json!([]), pending.clone()),
            (json!([{"ip": ""}]), pending),
            (json!([{"ip": "192.0.2.7"}]), given("192.0.2.7")),
            (json!([{"hostname": "lb.example.com"}]), given("lb.example.com")),
            (json!([{"hostname": "lb.example.com", "ip": "192.0.2.7"}]), given("192.0.2.7")),
            (json!([{"ip": "192.0.2.7"}, {"hostname": "b.example.com"}]), given("b.example.com")),
        ];
        for (ingress, expected) in cases {
            assert_eq!(address(&tower(&ingress)), expected, "{ingress}");
        }
    }

    #[test]
    fn other_services_do_not_ask() {
        let mut service = tower(&json!(null));
        service["spec"]["type"] = json!("NodePort");
        assert_eq!(address(&service), Address::NotAsked);
        assert_eq!(address(&json!(null)), Address::NotAsked);
        let odd = json!({"spec": {"type": "LoadBalancer", "ports": [{"port": 99999}]}});
        assert_eq!(address(&odd), Address::Pending { node_port: None, port: 0 });
    }

    #[test]
    fn as_json() {
        let shown = serde_json::to_value(address(&tower(&json!(null)))).unwrap();
        assert_eq!(shown, json!({"pending": {"nodePort": 30721, "port": 8080}}));
        assert_eq!(serde_json::to_value(Address::NotAsked).unwrap(), json!("notAsked"));
    }
}
