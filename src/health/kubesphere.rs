//! Kinds of KubeSphere 3.4 and `KubeFed` 0.10.

use serde_json::Value;

use super::Health;
use super::condition::{condition, denies, holds};

/// `KubeFed` runs a controller per type, and says so in the status; where propagation is disabled it runs
/// none (v0.10.0, `pkg/controller/federatedtypeconfig/controller.go`).
///
/// A second controller collects status for the type `services` alone, and only with a `statusType`: on
/// every other type `statusCollection: Enabled` changes nothing, and waiting for it would not end.
pub(super) fn federated_type(live: &Value) -> Health {
    let (spec, status) = (&live["spec"], &live["status"]);
    let collects = live["metadata"]["name"] == "services"
        && spec["statusCollection"] == "Enabled"
        && spec["statusType"].is_object();
    let awaited = [
        ("propagation", spec["propagation"] != "Disabled", &status["propagationController"]),
        ("status", collects, &status["statusController"]),
    ];
    for (name, is_awaited, state) in awaited {
        if is_awaited && state != "Running" {
            let state = state.as_str().unwrap_or("not started");
            return Health::progressing(format!("its {name} controller is {}", spoken(state)));
        }
    }
    Health::Healthy
}

/// `NotRunning` is how `KubeFed` writes it.
fn spoken(state: &str) -> &str {
    if state == "NotRunning" { "not running" } else { state }
}

/// `KubeFed` asks each cluster for its health every ten seconds and writes only what is so: `Ready` is
/// gone, not false, while `Offline` or `ConfigMalformed` is true. It looks again also at a malformed
/// one, which is well as soon as its Secret is there (both seen with v0.10.0).
pub(super) fn federated_cluster(live: &Value) -> Health {
    for name in ["ConfigMalformed", "Offline"] {
        if let Some(bad) = holds(live, name) {
            return Health::progressing(bad.says());
        }
    }
    match condition(live, "Ready") {
        Some(ready) if ready.is_true() => Health::Healthy,
        Some(ready) => Health::progressing(ready.says()),
        None => Health::progressing("KubeFed has not looked at it yet"),
    }
}

/// What a Cluster waits for, in the order in which it comes: Tower gives a cluster of type proxy its
/// port and token (`Initialized`) and says whether its agent is there, then ks-controller-manager joins it
/// (`Federated`) and looks at it (`Ready`). The last two only come with `spec.joinFederation`: without
/// it ks-controller-manager leaves a cluster alone.
pub(super) fn cluster(live: &Value) -> Health {
    let spec = &live["spec"];
    if holds(live, "Ready").is_some() {
        return Health::Healthy;
    }
    for name in ["Initialized", "AgentAvailable", "Federated", "Ready"] {
        if let Some(denied) = denies(live, name) {
            // Reasons are sentences here, sometimes the whole error: both are needed.
            return Health::progressing(format!("{name} is False: {}", denied.says()));
        }
    }
    let by_proxy = spec["connection"]["type"] == "proxy";
    if by_proxy && holds(live, "Initialized").is_none() {
        return Health::progressing("Tower has not looked at it yet");
    }
    if by_proxy && holds(live, "AgentAvailable").is_none() {
        return Health::progressing("its agent has not connected to Tower yet");
    }
    if spec["joinFederation"] != true {
        return Health::Healthy;
    }
    Health::progressing(if holds(live, "Federated").is_some() {
        "has joined KubeFed, and is not ready yet"
    } else {
        "ks-controller-manager has not looked at it yet"
    })
}

/// Who may log in. ks-controller-manager hashes the password, marks that by an annotation, and then makes
/// the User active. To be disabled is somebody's will.
pub(super) fn user(live: &Value) -> Health {
    let hashed = &live["metadata"]["annotations"]["iam.kubesphere.io/password-encrypted"];
    match live["status"]["state"].as_str().unwrap_or_default() {
        "Active" | "Disabled" => Health::Healthy,
        "AuthLimitExceeded" => {
            Health::progressing("is locked for a while after too many failed logins")
        }
        "" if hashed == "true" => Health::progressing(
            "its password is hashed, and ks-controller-manager has not made it active yet",
        ),
        "" => Health::progressing("ks-controller-manager has not looked at it yet"),
        state => Health::progressing(format!("its state is {state}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::health::tests::{assert_judged, changed};

    #[test]
    fn federated_types() {
        let of = |changes: &[(&str, Value)]| changed("federatedtypeconfig", changes);
        let collects = ("/spec/statusCollection", json!("Enabled"));
        let status_type = ("/spec/statusType", json!({"kind": "FederatedServiceStatus"}));
        assert_judged(&[
            (
                of(&[("/status", json!(null))]),
                "progressing: its propagation controller is not started",
            ),
            (
                of(&[("/status/propagationController", json!("NotRunning"))]),
                "progressing: its propagation controller is not running",
            ),
            (
                of(&[
                    ("/spec/propagation", json!("Disabled")),
                    ("/status/propagationController", json!("NotRunning")),
                ]),
                "healthy",
            ),
            (of(std::slice::from_ref(&collects)), "healthy"),
            (
                of(&[collects.clone(), status_type.clone()]),
                "progressing: its status controller is not running",
            ),
            (
                of(&[collects, status_type, ("/status/statusController", json!("Running"))]),
                "healthy",
            ),
        ]);
    }

    /// Conditions as Tower v0.2 and ks-controller-manager v3.4.1 write them.
    #[test]
    fn clusters() {
        let cluster = |kind: &str, conditions: Value| {
            changed(
                "cluster-fresh",
                &[("/spec/connection/type", json!(kind)), ("/status/conditions", conditions)],
            )
        };
        let of = |name: &str, status: &str, reason: &str, message: &str| json!({"type": name, "status": status, "reason": reason, "message": message});
        let initialized = of("Initialized", "True", "Initialized", "Cluster has been initialized");
        let agent = |status: &str, message: &str| of("AgentAvailable", status, "Why", message);
        let connected = agent("True", "Agent has connected to proxy successfully.");
        let joined = of(
            "Federated",
            "True",
            "Joined",
            "Cluster has joined federation control plane successfully",
        );
        let refused = of(
            "Federated",
            "False",
            "The workspace X is found in the target member cluster Y",
            "Cluster can not join federation control plane",
        );
        let ready = of("Ready", "True", "Ready", "Cluster is available now");
        assert_judged(&[
            (cluster("direct", json!([joined, ready])), "healthy"),
            (cluster("proxy", json!([initialized, connected, joined, ready])), "healthy"),
            (cluster("proxy", json!([])), "progressing: Tower has not looked at it yet"),
            (
                cluster("proxy", json!([initialized])),
                "progressing: its agent has not connected to Tower yet",
            ),
            (
                cluster(
                    "proxy",
                    json!([initialized, agent("False", "Agent has not connected to proxy.")]),
                ),
                "progressing: AgentAvailable is False: Why: Agent has not connected to proxy.",
            ),
            (
                cluster("direct", json!([joined])),
                "progressing: has joined KubeFed, and is not ready yet",
            ),
            (
                cluster(
                    "direct",
                    json!([
                        of(
                            "Ready",
                            "False",
                            "Cluster join federation control plane \
                    failed",
                            "Cluster is Not Ready now"
                        ),
                        refused
                    ]),
                ),
                "progressing: Federated is False: The workspace X is found in the target member \
                 cluster Y: Cluster can not join federation control plane",
            ),
            (changed("cluster-fresh", &[("/spec/joinFederation", json!(false))]), "healthy"),
        ]);
    }

    #[test]
    fn users() {
        let state = |state: &str| changed("user", &[("/status/state", json!(state))]);
        let mut hashed = changed("user", &[("/status", json!(null))]);
        hashed["metadata"]["annotations"]["iam.kubesphere.io/password-encrypted"] = json!("true");
        assert_judged(&[
            (
                changed("user", &[("/status", json!(null))]),
                "progressing: ks-controller-manager has not looked at it yet",
            ),
            (
                hashed,
                "progressing: its password is hashed, and ks-controller-manager has not made it \
                 active yet",
            ),
            (state("Disabled"), "healthy"),
            (
                state("AuthLimitExceeded"),
                "progressing: is locked for a while after too many failed logins",
            ),
            (state("Odd"), "progressing: its state is Odd"),
        ]);
    }
}
