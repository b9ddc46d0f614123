//! What a person wants to know after a successful run: where the console is, and how to get in.

use serde_json::Value;

use crate::engine::View;
use crate::health::{Address, address};
use crate::install::Prepared;
use crate::object::{Object, ObjectId};
use crate::target::Target;

const NAMESPACE: &str = "kubesphere-system";
const CONSOLE: &str = "ks-console";
const TOWER: &str = "tower";

/// The words after a run; none where nothing runs.
pub(super) async fn words<T: Target>(
    target: &T,
    view: &View,
    checked: &Prepared,
) -> Option<String> {
    let objects = &view.desired.objects;
    let services: Vec<&ObjectId> =
        [CONSOLE, TOWER].iter().filter_map(|name| Some(&service(objects, name)?.id)).collect();
    let ids: Vec<ObjectId> = services.into_iter().cloned().collect();
    // What the services got is worth a look, but no error: the run itself went well.
    let live = target.live(&ids).await.unwrap_or_default()?;
    let live = |name: &str| {
        let desired = service(objects, name)?;
        Some(live.get(&desired.id).unwrap_or(&desired.body))
    };
    let node = checked.facts.node_address.as_deref();
    let published = checked.configuration.multicluster.proxy_publish_address.as_deref();
    let lines = [
        live(CONSOLE).map(|service| format!("Console:   {}", console(service, node))),
        live(CONSOLE).map(|_| account(objects)),
        live(TOWER).map(|service| format!("Tower:     {}", tower(service, node, published))),
    ];
    let lines: Vec<String> = lines.into_iter().flatten().collect();
    (!lines.is_empty()).then(|| format!("\n{}", lines.join("\n")))
}

fn service<'o>(objects: &'o [Object], name: &str) -> Option<&'o Object> {
    objects.iter().find(|object| {
        object.id.kind == "Service"
            && object.id.name == name
            && object.id.namespace.as_deref() == Some(NAMESPACE)
    })
}

/// Where a browser finds the console.
fn console(service: &Value, node: Option<&str>) -> String {
    let port = &service["spec"]["ports"][0];
    let at_node = || {
        let port = port["nodePort"].as_u64()?;
        Some(format!("http://{}:{port}", host(node.unwrap_or("ADDRESS-OF-A-NODE"))))
    };
    match address(service) {
        Address::Given(given) => match port["port"].as_u64() {
            None | Some(80) => format!("http://{}", host(&given)),
            Some(port) => format!("http://{}:{port}", host(&given)),
        },
        Address::Pending { .. } => at_node().map_or_else(
            || "its load balancer has no address yet".to_owned(),
            |url| format!("{url} (its load balancer has no address yet)"),
        ),
        Address::NotAsked => at_node().unwrap_or_else(|| {
            let port = port["port"].as_u64().unwrap_or(80);
            format!(
                "http://localhost:8080, with \
                 `kubectl -n {NAMESPACE} port-forward service/{CONSOLE} 8080:{port}`"
            )
        }),
    }
}

/// Who gets in, and with what: the command, never the password.
fn account(objects: &[Object]) -> String {
    let first = objects.iter().find_map(|object| {
        let named = object.id.kind == "Secret" && object.id.name == "kubesphere-secret";
        object.body["data"]["initAdminPassword"].as_str().filter(|_| named)
    });
    let password = match first {
        Some(_) => format!(
            "\n  kubectl -n {NAMESPACE} get secret kubesphere-secret \
             -o jsonpath='{{.data.initAdminPassword}}' | base64 -d"
        ),
        None => " the one that was given, or that was there".to_owned(),
    };
    format!("Account:   admin\nPassword:  the first one, until it is changed:{password}")
}

/// Where agents of members find Tower, and what to do where they cannot.
fn tower(service: &Value, node: Option<&str>, published: Option<&str>) -> String {
    let node_port = service["spec"]["ports"][0]["nodePort"].as_u64();
    if let Some(published) = published.filter(|published| !published.is_empty()) {
        let port = node_port
            .map_or_else(String::new, |port| format!("; its port on every node is {port}"));
        return format!("published as {published}{port}");
    }
    let port = service["spec"]["ports"][0]["port"].as_u64().unwrap_or(8080);
    if let Address::Given(given) = address(service) {
        return format!("{}:{port}, from its load balancer", host(&given));
    }
    let Some(node_port) = node_port else {
        return "no address that agents can reach: see `ksi explain multicluster.tower.service`"
            .to_owned();
    };
    let node = host(node.unwrap_or("ADDRESS-OF-A-NODE"));
    format!(
        "no address that agents of members can reach; members that join directly need none\n  \
         Its port on every node is {node_port}. Forward an address to {node}:{node_port}, put it into\n  \
         `multicluster.proxyPublishAddress` and apply again: `ksi explain multicluster.proxyPublishAddress`"
    )
}

/// An address as it stands in a URL.
fn host(address: &str) -> String {
    if address.contains(':') { format!("[{address}]") } else { address.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of_type(kind: &str, port: &Value, ingress: &Value) -> Value {
        json!({"spec": {"type": kind, "ports": [port]}, "status": {"loadBalancer": {"ingress": ingress}}})
    }

    #[test]
    fn the_console_is_where_a_browser_finds_it() {
        let port = json!({"port": 80, "nodePort": 30880});
        let at = |kind, port: &Value, ingress: &Value, node| {
            console(&of_type(kind, port, ingress), node)
        };
        let none = json!(null);
        assert_eq!(at("NodePort", &port, &none, Some("10.0.0.2")), "http://10.0.0.2:30880");
        assert_eq!(at("NodePort", &port, &none, Some("fd00::2")), "http://[fd00::2]:30880");
        assert_eq!(at("NodePort", &port, &none, None), "http://ADDRESS-OF-A-NODE:30880");
        let given = json!([{"ip": "192.0.2.7"}]);
        assert_eq!(at("LoadBalancer", &port, &given, None), "http://192.0.2.7");
        let other = json!({"port": 8000, "nodePort": 30880});
        assert_eq!(at("LoadBalancer", &other, &given, None), "http://192.0.2.7:8000");
        assert_eq!(
            at("LoadBalancer", &port, &none, Some("10.0.0.2")),
            "http://10.0.0.2:30880 (its load balancer has no address yet)"
        );
        assert!(at("ClusterIP", &json!({"port": 80}), &none, None).contains("8080:80`"));
    }

    #[test]
    fn tower_says_what_is_missing() {
        let port = json!({"port": 8080, "nodePort": 30721});
        let none = json!(null);
        let pending = of_type("LoadBalancer", &port, &none);
        assert!(tower(&pending, Some("10.0.0.2"), None).contains("10.0.0.2:30721"));
        assert_eq!(
            tower(&pending, None, Some("https://t.example.com:443")),
            "published as https://t.example.com:443; its port on every node is 30721"
        );
        let given = of_type("LoadBalancer", &port, &json!([{"ip": "192.0.2.7"}]));
        assert_eq!(tower(&given, None, None), "192.0.2.7:8080, from its load balancer");
        let inside = of_type("ClusterIP", &json!({"port": 8080}), &none);
        assert!(tower(&inside, None, None).contains("ksi explain"));
    }

    #[test]
    fn the_password_is_never_shown() {
        let body = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "kubesphere-secret", "namespace": NAMESPACE},
            "data": {"initAdminPassword": "Q0FOQVJZ"},
        });
        let (id, policy) = (ObjectId::of(&body).unwrap(), crate::object::Policy::Apply);
        let secret = Object { id, component: "ks-core".into(), policy, body };
        let text = account(&[secret]);
        assert!(text.contains("kubectl") && !text.contains("Q0FOQVJZ"), "{text}");
        assert!(!account(&[]).contains("kubectl"));
    }
}
