//! A member as its host has it: the `Cluster` object, and what KubeFed says.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::HOST_LABEL;

/// How a host reaches a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The host connects to the API server of the member.
    Direct,
    /// An agent in the member connects to Tower in the host.
    Agent,
}

impl Mode {
    /// `direct` or `agent`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Agent => "agent",
        }
    }

    /// `spec.connection.type` of a Cluster.
    pub(super) fn connection_type(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Agent => "proxy",
        }
    }
}

/// A condition, of a Cluster or of a `KubeFedCluster`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Whether its status is `True`.
    pub is_true: bool,
    /// Reason and message, as far as they are set.
    pub why: String,
}

/// The condition of this type, if the object has it.
fn condition(object: &Value, kind: &str) -> Option<Condition> {
    let all = object["status"]["conditions"].as_array()?;
    let found = all.iter().find(|condition| condition["type"] == kind)?;
    let text = |key: &str| found[key].as_str().filter(|text| !text.is_empty());
    let why: Vec<&str> = ["reason", "message"].into_iter().filter_map(text).collect();
    Some(Condition { is_true: found["status"] == "True", why: why.join(": ") })
}

/// A `Cluster` object (cluster.kubesphere.io/v1alpha1, KubeSphere 3.4.1).
#[derive(Clone)]
pub struct Registered {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub mode: Mode,
    /// Whether it is the host itself.
    pub is_host: bool,
    /// `spec.joinFederation`: without it neither Tower nor the controller looks at it.
    pub is_enabled: bool,
    /// Whether it is being deleted.
    pub is_terminating: bool,
    /// The kubeconfig to it.
    pub kubeconfig: Option<String>,
    /// The token that its agent shows.
    pub token: Option<String>,
    /// The port on which Tower serves its Kubernetes API; that of KubeSphere is 10000 higher.
    pub port: Option<u16>,
    /// `spec.connection.kubernetesAPIEndpoint`.
    pub endpoint: Option<String>,
    /// The UID of its namespace kube-system.
    pub uid: Option<String>,
    /// Its version of Kubernetes, as the controller last saw it.
    pub kubernetes_version: Option<String>,
    /// Its version of KubeSphere.
    pub kubesphere_version: Option<String>,
    /// Condition Initialized, of Tower.
    pub initialized: Option<Condition>,
    /// Condition `AgentAvailable`, of Tower.
    pub agent_available: Option<Condition>,
    /// Condition Federated, of ks-controller-manager.
    pub federated: Option<Condition>,
    /// Condition Ready, of ks-controller-manager.
    pub ready: Option<Condition>,
}

/// Without credentials.
impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registered")
            .field("name", &self.name)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl Registered {
    /// Reads a Cluster object.
    pub fn of(cluster: &Value) -> Self {
        let metadata = &cluster["metadata"];
        let connection = &cluster["spec"]["connection"];
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(Into::into);
        let kubeconfig = text(&connection["kubeconfig"]).and_then(|encoded: String| {
            String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()
        });
        let port = connection["kubernetesAPIServerPort"].as_u64();
        Self {
            name: metadata["name"].as_str().unwrap_or_default().to_owned(),
            mode: match connection["type"].as_str() {
                Some("proxy") => Mode::Agent,
                _ => Mode::Direct,
            },
            is_host: metadata["labels"].get(HOST_LABEL).is_some(),
            is_enabled: cluster["spec"]["joinFederation"] == true,
            is_terminating: !metadata["deletionTimestamp"].is_null(),
            kubeconfig,
            token: text(&connection["token"]),
            port: port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0),
            endpoint: text(&connection["kubernetesAPIEndpoint"]),
            uid: text(&cluster["status"]["uid"]),
            kubernetes_version: text(&cluster["status"]["kubernetesVersion"]),
            kubesphere_version: text(&cluster["status"]["kubeSphereVersion"]),
            initialized: condition(cluster, "Initialized"),
            agent_available: condition(cluster, "AgentAvailable"),
            federated: condition(cluster, "Federated"),
            ready: condition(cluster, "Ready"),
        }
    }
}

/// What KubeFed, which probes its members every ten seconds, says of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubefedState {
    /// Condition Ready: it answers and is healthy. A member that does not answer has Offline instead.
    pub ready: Option<Condition>,
    /// Condition Offline: it does not answer.
    pub offline: Option<Condition>,
    /// The time of the last probe, RFC 3339.
    pub last_probe: Option<String>,
    /// The time since which it answers or does not.
    pub since: Option<String>,
}

impl KubefedState {
    /// Whether KubeFed reaches it; otherwise why not. `None` before the first probe.
    pub fn reaches(&self) -> Option<Result<(), &str>> {
        match (&self.ready, &self.offline) {
            (Some(ready), _) if ready.is_true => Some(Ok(())),
            (_, Some(offline)) if offline.is_true => Some(Err(&offline.why)),
            (Some(ready), _) => Some(Err(&ready.why)),
            _ => None,
        }
    }

    /// Reads a `KubeFedCluster` (core.kubefed.io/v1beta1).
    pub fn of(cluster: &Value) -> Self {
        let all = cluster["status"]["conditions"].as_array();
        let time = |key: &str| {
            let times = all.into_iter().flatten().filter_map(|one| one[key].as_str());
            times.max().map(str::to_owned)
        };
        Self {
            ready: condition(cluster, "Ready"),
            offline: condition(cluster, "Offline"),
            last_probe: time("lastProbeTime"),
            since: time("lastTransitionTime"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cluster_of_the_console() {
        let member = Registered::of(&json!({
            "metadata": {"name": "m1"},
            "spec": {"joinFederation": true, "connection": {"type": "proxy", "token": "t",
                "kubernetesAPIServerPort": 6198, "kubeconfig": "a3ViZQ=="}},
            "status": {"uid": "u", "conditions": [
                {"type": "Ready", "status": "True", "reason": "Ready", "message": "Cluster is available now"},
                {"type": "AgentAvailable", "status": "False", "message": "gone"}]},
        }));
        assert_eq!((member.mode, member.port, member.is_host), (Mode::Agent, Some(6198), false));
        assert_eq!(member.kubeconfig.as_deref(), Some("kube"));
        assert_eq!(member.agent_available.unwrap().why, "gone");
        assert!(member.ready.unwrap().is_true && member.federated.is_none());
    }

    #[test]
    fn credentials_are_not_printed() {
        let member = Registered::of(&json!({"spec": {"connection": {"token": "hunter2"}}}));
        assert!(!format!("{member:?}").contains("hunter2"));
    }

    #[test]
    fn what_kubefed_says() {
        let state = KubefedState::of(&json!({"status": {"conditions": [
            {"type": "Offline", "status": "True", "lastProbeTime": "2026-01-01T00:00:10Z",
             "lastTransitionTime": "2026-01-01T00:00:00Z", "reason": "ClusterNotReachable"}]}}));
        assert_eq!(state.last_probe.as_deref(), Some("2026-01-01T00:00:10Z"));
        assert_eq!(state.reaches(), Some(Err("ClusterNotReachable")));
        let ready = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        assert_eq!(KubefedState::of(&ready).reaches(), Some(Ok(())));
        assert_eq!(KubefedState::of(&json!({})).reaches(), None);
    }
}
