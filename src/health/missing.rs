//! The object that a container needs and that does not exist, or lacks a key.

use serde_json::Value;

use crate::object::ObjectId;

/// The object that a message of the kubelet names (`makeEnvironmentVariables` in
/// `pkg/kubelet/kubelet_pods.go`): `secret "a" not found`, `couldn't find key k in Secret ns/a`.
pub(super) fn object(pod: &Value, message: &str) -> Option<ObjectId> {
    let named = |kind: &str, name: &str| ObjectId {
        group: String::new(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
        namespace: pod["metadata"]["namespace"].as_str().map(str::to_owned),
        name: name.to_owned(),
    };
    for (kind, word) in [("Secret", "secret"), ("ConfigMap", "configmap")] {
        if let Some(rest) = message.strip_prefix(&format!("{word} \""))
            && let Some(name) = rest.strip_suffix("\" not found")
        {
            return Some(named(kind, name));
        }
        if message.starts_with("couldn't find key ")
            && let Some((_, full)) = message.rsplit_once(&format!(" in {kind} "))
            && let Some((_, name)) = full.rsplit_once('/')
        {
            return Some(named(kind, name));
        }
    }
    None
}
