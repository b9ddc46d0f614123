//! Explains conflicts of node ports.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Error, ErrorKind};
use crate::cluster::{Cluster, Kind, Selection};
use crate::object::ObjectId;

/// The message of Kubernetes (`portallocator`).
const TAKEN: &str = "provided port is already allocated";

/// Explains a rejected write. A port may belong to another Service, or to none: the API server allocates the
/// ports of a new Service before it stores the Service (`generic/registry/store.go`). If it is interrupted in
/// between, they stay allocated until a repair loop, which runs every three minutes, has found them
/// without an owner three times.
pub(super) async fn explained(cluster: &Cluster, body: &Value, error: Error) -> Error {
    if body["kind"] != "Service" || !error.cause.contains(TAKEN) {
        return error;
    }
    let services = cluster.list(&Kind::new("", "v1", "Service"), &Selection::default()).await;
    match services {
        Ok(services) => described(body, &services, error),
        Err(_) => error,
    }
}

fn described(body: &Value, services: &[Value], error: Error) -> Error {
    let wanted = ports(body);
    let other = services.iter().find_map(|service| {
        let port = ports(service).intersection(&wanted).next().copied()?;
        Some((port, ObjectId::of(service)?))
    });
    match other {
        Some((port, owner)) => Error {
            cause: format!("node port {port} belongs to {owner}"),
            help: "choose another port in the configuration, or free this one".to_owned(),
            ..error
        },
        None => Error {
            kind: ErrorKind::Held,
            cause: format!(
                "no Service has node port {}, but Kubernetes still has it allocated for an interrupted write",
                wanted.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
            ),
            help: "run again in ten minutes: Kubernetes frees it by then".to_owned(),
            ..error
        },
    }
}

fn ports(service: &Value) -> BTreeSet<u64> {
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    ports.filter_map(|port| port["nodePort"].as_u64()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn service(name: &str, port: u64) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "a"},
            "spec": {"ports": [{"port": 80, "nodePort": port}, {"port": 81}]},
        })
    }

    #[test]
    fn a_port_belongs_to_another_service_or_to_none() {
        let refused = || {
            let cause = format!("spec.ports[0].nodePort: Invalid value: 30880: {TAKEN}");
            Error::new(ErrorKind::Invalid, "apply", "Service/a/ours", cause, "")
        };
        let ours = service("ours", 30880);
        let owned = described(&ours, &[service("x", 30001), service("theirs", 30880)], refused());
        assert_eq!(owned.kind, ErrorKind::Invalid);
        assert_eq!(owned.cause, "node port 30880 belongs to Service/a/theirs");
        let held = described(&ours, &[service("x", 30001)], refused());
        assert_eq!(held.kind, ErrorKind::Held);
        assert!(held.cause.starts_with("no Service has node port 30880"), "{}", held.cause);
    }
}
