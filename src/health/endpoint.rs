//! Where the console and Tower are reached, and by whom: the one answer that check, status, diagnosis
//! and the summary after an installation give.

use serde::Serialize;
use serde_json::Value;

use super::address::{Address, address};

/// Stands for the address of a node where none is known.
const ANY_NODE: &str = "NODE_ADDRESS";

/// Whether an endpoint can be reached from outside of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those who need it can connect.
    Reachable,
    /// They can connect, but what they send there can be read on the way.
    Unencrypted,
    /// There is no address: a state in which everything else works.
    None,
    /// The address that is set cannot work.
    Unreachable,
}

/// The answer for one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// The address of its Service.
    pub address: Address,
    /// Whether it can be reached.
    #[serde(skip)]
    pub reach: Reach,
    /// Where to connect.
    #[serde(skip)]
    pub url: Option<String>,
    /// What this means, in one sentence.
    pub message: String,
    /// What to do, where something should be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
}

/// Where agents of members connect to Tower.
///
/// `published` is `multicluster.proxyPublishAddress`; without it `KubeSphere` takes the address of the
/// load balancer (v3.4.1, `pkg/kapis/cluster/v1alpha1`). `node` is the address of a node, where one is
/// known.
pub fn tower(service: &Value, published: Option<&str>, node: Option<&str>) -> Endpoint {
    let address = address(service);
    let published = published.map(super::text::clean).filter(|text| !text.is_empty());
    if let Some(published) = published {
        return published_tower(address, &published, node_port(service));
    }
    if let Address::Given(given) = &address {
        let url = format!("http://{}:{}", host(given), port(service).unwrap_or(8080));
        let message = format!("agents of members connect to {url}, its load balancer");
        return Endpoint {
            reach: Reach::Reachable,
            url: Some(url),
            message,
            next_step: None,
            address,
        };
    }
    let (message, balancer) = match &address {
        Address::Pending { port, .. } => (
            "no load balancer has given Service tower an address: agents of members cannot connect",
            Some(*port),
        ),
        _ => (
            "Service tower has no load balancer and `multicluster.proxyPublishAddress` is not set: \
             agents of members cannot connect",
            None,
        ),
    };
    let forward = match node_port(service) {
        Some(port) => format!(
            "forward an address that members can reach to {}:{port}, set \
             `multicluster.proxyPublishAddress` to it and apply again: https:// with a TLS proxy in \
             front of Tower, http:// only on a private network",
            host(node.unwrap_or(ANY_NODE))
        ),
        None => {
            "set `multicluster.tower.service.type` to NodePort, forward an address that members \
                 can reach to its port, and set `multicluster.proxyPublishAddress` to that address"
                .to_owned()
        }
    };
    let next_step = match balancer {
        Some(port) => format!("install a load balancer for port {port}; or {forward}"),
        None => forward,
    };
    Endpoint {
        address,
        reach: Reach::None,
        url: None,
        message: format!("{message}; members that are connected directly need none"),
        next_step: Some(next_step),
    }
}

fn published_tower(address: Address, published: &str, node_port: Option<u64>) -> Endpoint {
    let (reach, next_step) = if published.starts_with("https://") {
        (Reach::Reachable, None)
    } else if published.starts_with("http://") {
        let next_step = "put a TLS proxy in front of Tower and set `multicluster.proxyPublishAddress` to \
                         its https:// address: over http, anyone on the way can read the agents' tokens";
        (Reach::Unencrypted, Some(next_step))
    } else {
        let next_step = "set `multicluster.proxyPublishAddress` to https://HOST:PORT";
        (Reach::Unreachable, Some(next_step))
    };
    let message = if reach == Reach::Unreachable {
        format!(
            "agents of members cannot connect to {published}: it begins with neither https:// nor http://"
        )
    } else {
        let port = node_port
            .map_or_else(String::new, |port| format!(" (Tower's port on every node is {port})"));
        let plain = if reach == Reach::Unencrypted { " without TLS" } else { "" };
        format!("agents of members connect to {published}{plain}{port}")
    };
    Endpoint {
        address,
        reach,
        url: (reach != Reach::Unreachable).then(|| published.to_owned()),
        message,
        next_step: next_step.map(str::to_owned),
    }
}

/// Where a browser opens the console.
pub fn console(service: &Value, node: Option<&str>) -> Endpoint {
    let address = address(service);
    let at_node =
        node_port(service).map(|port| format!("http://{}:{port}", host(node.unwrap_or(ANY_NODE))));
    let (reach, url, remark, next_step) = match &address {
        Address::Given(given) => {
            let url = match port(service) {
                None | Some(80) => format!("http://{}", host(given)),
                Some(port) => format!("http://{}:{port}", host(given)),
            };
            (Reach::Reachable, Some(url), String::new(), None)
        }
        Address::Pending { port, .. } => {
            let reach = if at_node.is_some() { Reach::Reachable } else { Reach::Unreachable };
            let pending = "its load balancer has no address yet";
            let remark =
                if at_node.is_some() { format!(" ({pending})") } else { pending.to_owned() };
            let next_step = format!("install a load balancer for port {port}");
            (reach, at_node, remark, Some(next_step))
        }
        Address::NotAsked => {
            if let Some(url) = at_node {
                (Reach::Reachable, Some(url), String::new(), None)
            } else {
                let port = port(service).unwrap_or(80);
                let remark = format!(
                    ", with `kubectl -n kubesphere-system port-forward service/ks-console 8080:{port}`"
                );
                (Reach::Reachable, Some("http://localhost:8080".to_owned()), remark, None)
            }
        }
    };
    let message = format!("{}{remark}", url.as_deref().unwrap_or_default());
    Endpoint { address, reach, url, message, next_step }
}

fn port(service: &Value) -> Option<u64> {
    service["spec"]["ports"][0]["port"].as_u64()
}

fn node_port(service: &Value) -> Option<u64> {
    service["spec"]["ports"][0]["nodePort"].as_u64().filter(|port| *port > 0)
}

/// An address as it is written in a URL.
fn host(address: &str) -> String {
    if address.contains(':') { format!("[{address}]") } else { address.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn service(kind: &str, port: &Value, ingress: &Value) -> Value {
        json!({"spec": {"type": kind, "ports": [port]}, "status": {"loadBalancer": {"ingress": ingress}}})
    }

    #[test]
    fn the_console_is_where_a_browser_finds_it() {
        let port = json!({"port": 80, "nodePort": 30880});
        let at = |kind, port: &Value, ingress: &Value, node| {
            console(&service(kind, port, ingress), node).message
        };
        let none = json!(null);
        assert_eq!(at("NodePort", &port, &none, Some("10.0.0.2")), "http://10.0.0.2:30880");
        assert_eq!(at("NodePort", &port, &none, Some("fd00::2")), "http://[fd00::2]:30880");
        assert_eq!(at("NodePort", &port, &none, None), "http://NODE_ADDRESS:30880");
        let given = json!([{"ip": "192.0.2.7"}]);
        assert_eq!(at("LoadBalancer", &port, &given, None), "http://192.0.2.7");
        let other = json!({"port": 8000, "nodePort": 30880});
        assert_eq!(at("LoadBalancer", &other, &given, None), "http://192.0.2.7:8000");
        assert_eq!(
            at("LoadBalancer", &port, &none, Some("10.0.0.2")),
            "http://10.0.0.2:30880 (its load balancer has no address yet)"
        );
        let inside = json!({"port": 80});
        assert!(at("ClusterIP", &inside, &none, None).contains("8080:80`"));
        let pending = console(&service("LoadBalancer", &inside, &none), None);
        assert_eq!(pending.message, "its load balancer has no address yet");
        assert_eq!(pending.reach, Reach::Unreachable);
    }

    #[test]
    fn tower_without_an_address_has_a_remedy_with_the_real_port() {
        let port = json!({"port": 8080, "nodePort": 30721});
        let none = json!(null);
        for kind in ["LoadBalancer", "NodePort"] {
            let found = tower(&service(kind, &port, &none), None, Some("192.0.2.1"));
            assert_eq!((found.reach, found.url), (Reach::None, None), "{kind}");
            let next_step = found.next_step.unwrap();
            assert!(next_step.contains("192.0.2.1:30721"), "{next_step}");
            // Never recommend what a check warns about.
            assert!(!next_step.contains("http://192"), "{next_step}");
        }
        let inside = service("ClusterIP", &json!({"port": 8080}), &none);
        let next_step = tower(&inside, None, None).next_step.unwrap();
        assert!(next_step.contains("tower.service.type"), "{next_step}");
    }

    #[test]
    fn what_is_published_wins() {
        let port = json!({"port": 8080, "nodePort": 30721});
        let given = json!([{"ip": "192.0.2.7"}]);
        let balanced = service("LoadBalancer", &port, &given);
        let found = tower(&balanced, None, None);
        assert_eq!(found.url.as_deref(), Some("http://192.0.2.7:8080"));
        assert_eq!(found.reach, Reach::Reachable);
        for (published, reach) in [
            ("https://t.example.com:443", Reach::Reachable),
            ("http://t.example.com:80", Reach::Unencrypted),
            ("t.example.com:80", Reach::Unreachable),
        ] {
            let found = tower(&balanced, Some(published), None);
            assert_eq!(found.reach, reach, "{published}");
            assert!(found.message.contains(published), "{}", found.message);
            assert_eq!(found.next_step.is_none(), reach == Reach::Reachable, "{published}");
        }
        assert_eq!(tower(&balanced, Some(""), None), found);
    }

    #[test]
    fn json_has_address_message_and_next_step() {
        let port = json!({"port": 8080});
        let given = json!([{"ip": "192.0.2.7"}]);
        let found = tower(&service("LoadBalancer", &port, &given), None, None);
        let expected = json!({
            "address": {"given": "192.0.2.7"},
            "message": "agents of members connect to http://192.0.2.7:8080, its load balancer",
        });
        assert_eq!(serde_json::to_value(found).unwrap(), expected);
    }
}
