//! The pod that reads a node's images, and its Secret.

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::Held;

/// How long the pod may run before Kubernetes ends it, even if ksi was killed.
pub(super) const DEADLINE: Duration = Duration::from_secs(3600);
const CONTENT: &str = "io.containerd.content.v1.content";

/// How the pod runs.
#[derive(Clone)]
pub struct Settings {
    /// Its namespace; it has to allow volumes of the node.
    pub namespace: String,
    /// The image of ksi.
    pub image: String,
    /// The directory of containerd on the node.
    pub containerd: String,
    /// Where the images go, as `--to` has it.
    pub to: String,
    /// Registries that the pod reaches without TLS.
    pub plain_http: Vec<String>,
    /// Credentials for the target registry, in the format of Docker.
    pub credentials: Option<Vec<u8>>,
    /// Authorities that the pod trusts, as PEM.
    pub authorities: Option<Vec<u8>>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("to", &self.to).finish_non_exhaustive()
    }
}

impl Settings {
    fn files(&self) -> Vec<(&'static str, &'static str, &[u8])> {
        let credentials = self.credentials.as_deref();
        let authorities = self.authorities.as_deref();
        credentials
            .map(|text| ("--registry-config", "config.json", text))
            .into_iter()
            .chain(authorities.map(|text| ("--registry-ca-file", "ca.crt", text)))
            .collect()
    }
}

/// The pod. It is bound to the node, since a scheduler would avoid one that is full or cordoned.
pub(super) fn pod(settings: &Settings, name: &str, held: &Held) -> Value {
    let mut arguments: Vec<String> =
        ["images", "copy", "--quiet", "--output", "json", "--from", "containerd:/content", "--to"]
            .map(str::to_owned)
            .to_vec();
    // A node has only the parts of an image that it runs itself.
    arguments.extend([settings.to.clone(), "--platform".to_owned(), held.node.platform.clone()]);
    for registry in &settings.plain_http {
        arguments.extend(["--plain-http".to_owned(), registry.clone()]);
    }
    let files = settings.files();
    for (flag, file, _) in &files {
        arguments.extend([(*flag).to_owned(), format!("/registry/{file}")]);
    }
    arguments.push(held.image.to_string());
    let path = format!("{}/{CONTENT}", settings.containerd.trim_end_matches('/'));
    let mut volumes =
        vec![json!({"name": "content", "hostPath": {"path": path, "type": "Directory"}})];
    let mut mounts = vec![json!({"name": "content", "mountPath": "/content", "readOnly": true})];
    if !files.is_empty() {
        volumes.push(json!({"name": "registry", "secret": {"secretName": name}}));
        mounts.push(json!({"name": "registry", "mountPath": "/registry", "readOnly": true}));
    }
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": settings.namespace,
            "labels": {"app.kubernetes.io/name": "ksi-rescue", "app.kubernetes.io/managed-by": "ksi"},
        },
        "spec": {
            "nodeName": held.node.name,
            "restartPolicy": "Never",
            "activeDeadlineSeconds": DEADLINE.as_secs(),
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "tolerations": [{"operator": "Exists"}],
            "containers": [{
                "name": "ksi",
                "image": settings.image,
                "args": arguments,
                // The files of containerd belong to root; more than to read them is not needed.
                "securityContext": {
                    "runAsUser": 0,
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]},
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "volumeMounts": mounts,
            }],
            "volumes": volumes,
        },
    })
}

/// What the pod needs to reach the registry; `None` if it needs nothing. It belongs to the pod: it goes
/// when that runs, or with it if ksi was killed.
pub(super) fn secret(settings: &Settings, name: &str, pod: &Value) -> Option<Value> {
    let files = settings.files();
    let data: serde_json::Map<String, Value> = files
        .iter()
        .map(|(_, file, text)| ((*file).to_owned(), BASE64_STANDARD.encode(text).into()))
        .collect();
    (!data.is_empty()).then(|| {
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": name,
                "namespace": settings.namespace,
                "labels": {"app.kubernetes.io/managed-by": "ksi"},
                "ownerReferences": [{
                    "apiVersion": "v1", "kind": "Pod", "name": name, "uid": pod["metadata"]["uid"],
                }],
            },
            "data": data,
        })
    })
}
