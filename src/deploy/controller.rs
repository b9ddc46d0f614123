//! The controller.

use serde_json::{Value, json};

use super::{Options, metadata, pod, selector};
use crate::object::kubesphere;

const COMPONENT: &str = "controller";

/// Its Deployment, Service and NetworkPolicy.
pub(super) fn objects(options: &Options) -> [Value; 3] {
    [deployment(options), service(), network_policy()]
}

fn deployment(options: &Options) -> Value {
    let mut template = pod::template(options, COMPONENT, &["controller"]);
    let container = &mut template["spec"]["containers"][0];
    container["ports"] = json!([
        {"name": "http", "containerPort": 8080, "protocol": "TCP"},
        {"name": "webhook", "containerPort": 9443, "protocol": "TCP"},
    ]);
    container["livenessProbe"] = probe("/livez");
    container["readinessProbe"] = probe("/readyz");
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(kubesphere::INSTALLER, COMPONENT),
        "spec": {
            "replicas": 1,
            // Two versions of ksi would take turns.
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": selector(COMPONENT)},
            "template": template,
        },
    })
}

fn probe(path: &str) -> Value {
    json!({"httpGet": {"path": path, "port": "http"}, "periodSeconds": 10, "timeoutSeconds": 5})
}

fn service() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(kubesphere::INSTALLER, COMPONENT),
        "spec": {
            "selector": selector(COMPONENT),
            "ports": [
                {"name": "webhook", "port": 443, "targetPort": "webhook", "protocol": "TCP"},
                {"name": "http", "port": 8080, "targetPort": "http", "protocol": "TCP"},
            ],
        },
    })
}

/// The API server calls the webhook from an address that no policy knows. The metrics are for Prometheus.
fn network_policy() -> Value {
    let prometheus = json!({"kubernetes.io/metadata.name": kubesphere::MONITORING});
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(kubesphere::INSTALLER, COMPONENT),
        "spec": {
            "podSelector": {"matchLabels": selector(COMPONENT)},
            "policyTypes": ["Ingress"],
            "ingress": [
                {"ports": [{"port": "webhook", "protocol": "TCP"}]},
                {
                    "from": [{"namespaceSelector": {"matchLabels": prometheus}}],
                    "ports": [{"port": "http", "protocol": "TCP"}],
                },
            ],
        },
    })
}
