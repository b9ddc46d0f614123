//! The pod that runs ksi.

use serde_json::{Map, Value, json};

use super::{Options, labels};
use crate::object::kubesphere;

/// The name of the only container, as ks-installer's.
pub(super) const CONTAINER: &str = "installer";
/// The user of the image.
const USER: u32 = 65532;

/// The template of a pod that runs ksi with these arguments. It passes the Pod Security level `restricted`.
pub(super) fn template(options: &Options, component: &str, arguments: &[&str]) -> Value {
    let mut spec = json!({
        "serviceAccountName": kubesphere::INSTALLER,
        // Variables for each Service, which ksi does not read.
        "enableServiceLinks": false,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": USER,
            "runAsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [{
            "name": CONTAINER,
            "image": options.image.reference(),
            "imagePullPolicy": "IfNotPresent",
            "args": arguments,
            "resources": options.resources.to_json(),
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true,
                "capabilities": {"drop": ["ALL"]},
            },
        }],
        "nodeSelector": node_selector(options),
    });
    if !options.tolerations.is_empty() {
        let list = options.tolerations.iter().map(super::Toleration::to_json);
        spec["tolerations"] = list.collect();
    }
    if !options.pull_secrets.is_empty() {
        let names = options.pull_secrets.iter().map(|name| json!({"name": name}));
        spec["imagePullSecrets"] = names.collect();
    }
    json!({"metadata": {"labels": labels(component)}, "spec": spec})
}

fn node_selector(options: &Options) -> Value {
    let mut labels = Map::from_iter([("kubernetes.io/os".to_owned(), Value::from("linux"))]);
    labels.extend(
        options.node_selector.iter().map(|(key, value)| (key.clone(), value.as_str().into())),
    );
    Value::Object(labels)
}
