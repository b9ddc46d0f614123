//! Kinds of KubeSphere 3.4 and `KubeFed` 0.10.

use serde_json::Value;

use super::Health;
use super::condition::{condition, false_condition, true_condition};

/// `KubeFed` runs a controller per type and reports it in the status; while propagation is disabled, it
/// runs none (v0.10.0, `pkg/controller/federatedtypeconfig/controller.go`).
///
/// A second controller collects status for the type `services` only, and only with a `statusType`: on
/// every other type `statusCollection: Enabled` has no effect, and waiting for it would never end.
pub(super) fn federated_type(live: &Value) -> Health {
    let (spec, status) = (&live["spec"], &live["status"]);
    let collects = live["metadata"]["name"] == "services"
        && spec["statusCollection"] == "Enabled"
        && spec["statusType"].is_object();
    let controllers = [
        ("propagation", spec["propagation"] != "Disabled", &status["propagationController"]),
        ("status", collects, &status["statusController"]),
    ];
    for (name, is_expected, state) in controllers {
        if is_expected && state != "Running" {
            let state = state.as_str().unwrap_or("not started");
            return Health::progressing(format!("{name} controller {}", describe(state)));
        }
    }
    Health::Healthy
}

/// `KubeFed` writes `NotRunning`.
fn describe(state: &str) -> &str {
    if state == "NotRunning" { "not running" } else { state }
}

/// `KubeFed` probes each cluster every ten seconds and writes only conditions that are true: `Ready` is
/// absent, not false, while `Offline` or `ConfigMalformed` is true. It also retries a malformed cluster,
/// which becomes ready as soon as its Secret exists (both observed with v0.10.0).
pub(super) fn federated_cluster(live: &Value) -> Health {
    for name in ["ConfigMalformed", "Offline"] {
        if let Some(bad) = true_condition(live, name) {
            return Health::progressing(bad.describe());
        }
    }
    match condition(live, "Ready") {
        Some(ready) if ready.is_true() => Health::Healthy,
        Some(ready) => Health::progressing(ready.describe()),
        None => Health::progressing("waiting for KubeFed to probe the cluster"),
    }
}

/// What a Cluster waits for, in this order: Tower assigns a port and a token to a cluster of type proxy
/// (`Initialized`) and reports whether its agent is connected, then ks-controller-manager joins it to
/// KubeFed (`Federated`) and probes it (`Ready`). The last two are set only with `spec.joinFederation`:
/// without it, ks-controller-manager ignores the cluster.
pub(super) fn cluster(live: &Value) -> Health {
    let spec = &live["spec"];
    if true_condition(live, "Ready").is_some() {
        return Health::Healthy;
    }
    for name in ["Initialized", "AgentAvailable", "Federated", "Ready"] {
        if let Some(unmet) = false_condition(live, name) {
            // Reasons are sentences here, sometimes the whole error, so the message alone is not enough.
            return Health::progressing(format!("{name} is False: {}", unmet.describe()));
        }
    }
    let by_proxy = spec["connection"]["type"] == "proxy";
    if by_proxy && true_condition(live, "Initialized").is_none() {
        return Health::progressing("waiting for Tower to assign a port and a token");
    }
    if by_proxy && true_condition(live, "AgentAvailable").is_none() {
        return Health::progressing("waiting for its agent to connect to Tower");
    }
    if spec["joinFederation"] != true {
        return Health::Healthy;
    }
    Health::progressing(if true_condition(live, "Federated").is_some() {
        "joined KubeFed, but not ready yet"
    } else {
        "waiting for ks-controller-manager to join it to KubeFed"
    })
}

/// ks-controller-manager hashes the password of a User, marks that with an annotation, and then
/// activates the User. A disabled User is healthy: somebody chose that.
pub(super) fn user(live: &Value) -> Health {
    let hashed = &live["metadata"]["annotations"]["iam.kubesphere.io/password-encrypted"];
    match live["status"]["state"].as_str().unwrap_or_default() {
        "Active" | "Disabled" => Health::Healthy,
        "AuthLimitExceeded" => {
            Health::progressing("temporarily locked after too many failed sign-ins")
        }
        "" if hashed == "true" => Health::progressing(
            "password hashed, waiting for ks-controller-manager to activate the user",
        ),
        "" => Health::progressing("waiting for ks-controller-manager to process the user"),
        state => Health::progressing(format!("state is {state}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::health::tests::{assert_assessed, changed};

    #[test]
    fn federated_types() {
        let of = |changes: &[(&str, Value)]| changed("federatedtypeconfig", changes);
        let collects = ("/spec/statusCollection", json!("Enabled"));
        let status_type = ("/spec/statusType", json!({"kind": "FederatedServiceStatus"}));
        assert_assessed(&[
            (of(&[("/status", json!(null))]), "progressing: propagation controller not started"),
            (
                of(&[("/status/propagationController", json!("NotRunning"))]),
                "progressing: propagation controller not running",
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
                "progressing: status controller not running",
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
        assert_assessed(&[
            (cluster("direct", json!([joined, ready])), "healthy"),
            (cluster("proxy", json!([initialized, connected, joined, ready])), "healthy"),
            (
                cluster("proxy", json!([])),
                "progressing: waiting for Tower to assign a port and a token",
            ),
            (
                cluster("proxy", json!([initialized])),
                "progressing: waiting for its agent to connect to Tower",
            ),
            (
                cluster(
                    "proxy",
                    json!([initialized, agent("False", "Agent has not connected to proxy.")]),
                ),
                "progressing: AgentAvailable is False: Why: Agent has not connected to proxy.",
            ),
            (cluster("direct", json!([joined])), "progressing: joined KubeFed, but not ready yet"),
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
        assert_assessed(&[
            (
                changed("user", &[("/status", json!(null))]),
                "progressing: waiting for ks-controller-manager to process the user",
            ),
            (
                hashed,
                "progressing: password hashed, waiting for ks-controller-manager to activate the user",
            ),
            (state("Disabled"), "healthy"),
            (
                state("AuthLimitExceeded"),
                "progressing: temporarily locked after too many failed sign-ins",
            ),
            (state("Odd"), "progressing: state is Odd"),
        ]);
    }
}
