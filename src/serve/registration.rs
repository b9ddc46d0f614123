//! The configuration by which the API server knows the webhook.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::webhook;
use crate::cluster::{self, Apply, Cluster, Kind};
use crate::config;
use crate::object::kubesphere;

/// Its name, and that of the webhook in it.
pub const NAME: &str = "clusterconfigurations.installer.kubesphere.io";
/// The port of Service ks-installer that leads to the webhook.
const PORT: &str = "webhook";
/// How long the API server waits. If the webhook is away, the object is stored unchecked.
const TIMEOUT_SECONDS: u8 = 3;

/// What became of the registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Registered {
    /// It is as it has to be.
    Unchanged,
    /// It was written.
    Written,
    /// No Service leads to the webhook.
    NoService,
}

/// Registers the webhook, if a Service leads to it.
pub(super) async fn register(
    cluster: &Cluster,
    authority: &str,
) -> Result<Registered, cluster::Error> {
    let Some(port) = service_port(cluster).await? else { return Ok(Registered::NoService) };
    let role = Kind::new("rbac.authorization.k8s.io", "v1", "ClusterRole");
    let role = cluster.get(&role.named(None, kubesphere::INSTALLER)).await?;
    let wanted = configuration(authority, port, role.as_ref());
    if cluster.get(&id()).await?.is_some_and(|live| has(&live, &wanted)) {
        return Ok(Registered::Unchanged);
    }
    // Nobody else has a use for it: who changed it made a mistake.
    cluster.apply(&wanted, Apply { force: true, ..Apply::default() }).await?;
    Ok(Registered::Written)
}

/// The configuration's kind and name.
pub(super) fn id() -> crate::object::ObjectId {
    kind().named(None, NAME)
}

/// The configuration's kind.
pub(super) fn kind() -> Kind {
    Kind::new("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration")
}

async fn service_port(cluster: &Cluster) -> Result<Option<u64>, cluster::Error> {
    let id = Kind::new("", "v1", "Service").named(Some(kubesphere::SYSTEM), kubesphere::INSTALLER);
    let service = cluster.get(&id).await?;
    Ok(service.and_then(|service| {
        let ports = service["spec"]["ports"].as_array()?;
        ports.iter().find(|port| port["name"] == PORT)?["port"].as_u64()
    }))
}

/// It belongs to the `ClusterRole` of the controller: whoever deletes `deploy/` deletes it, too.
fn configuration(authority: &str, port: u64, owner: Option<&Value>) -> Value {
    let mut configuration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": NAME, "labels": {"app.kubernetes.io/managed-by": "ksi"}},
        "webhooks": [{
            "name": NAME,
            "admissionReviewVersions": ["v1"],
            "clientConfig": {
                "caBundle": STANDARD.encode(authority),
                "service": {
                    "namespace": kubesphere::SYSTEM,
                    "name": kubesphere::INSTALLER,
                    "port": port,
                    "path": webhook::PATH,
                },
            },
            // In every namespace: ksi reads only one, and says so.
            "rules": [{
                "apiGroups": [config::GROUP],
                "apiVersions": ["*"],
                "operations": ["CREATE", "UPDATE"],
                "resources": ["clusterconfigurations"],
                "scope": "Namespaced",
            }],
            "failurePolicy": "Ignore",
            "sideEffects": "None",
            "timeoutSeconds": TIMEOUT_SECONDS,
        }],
    });
    if let Some(owner) = owner {
        configuration["metadata"]["ownerReferences"] = json!([{
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
        }]);
    }
    configuration
}

/// Whether a live value has everything that is wanted; more may be there, such as defaults.
fn has(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| live.get(key).is_some_and(|live| has(live, wanted)))
        }
        (Value::Array(live), Value::Array(wanted)) => {
            live.len() == wanted.len()
                && live.iter().zip(wanted).all(|(live, wanted)| has(live, wanted))
        }
        _ => live == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_no_change_and_everything_else_is() {
        let wanted = configuration("PEM", 443, None);
        let mut live = wanted.clone();
        live["metadata"]["uid"] = "1".into();
        live["webhooks"][0]["matchPolicy"] = "Equivalent".into();
        assert!(has(&live, &wanted));
        for other in [configuration("other", 443, None), configuration("PEM", 8443, None)] {
            assert!(!has(&live, &other));
        }
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": "ks-installer", "uid": "2"}});
        assert!(!has(&live, &configuration("PEM", 443, Some(&role))));
        live["webhooks"] = json!([live["webhooks"][0], live["webhooks"][0]]);
        assert!(!has(&live, &wanted));
    }
}
