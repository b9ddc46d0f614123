//! Workloads that are not healthy yet, derived from healthy ones.

use serde_json::{Value, json};

use crate::health::tests::{assert_assessed, changed};

#[test]
fn deployments() {
    let of = |changes: &[(&str, Value)]| changed("deployment-available", changes);
    let status = |counter: &str, count: i64| of(&[(&format!("/status/{counter}"), json!(count))]);
    let condition = |name: &str, status: &str, reason: &str| {
        let condition = json!([{"type": name, "status": status, "reason": reason}]);
        of(&[("/status/conditions", condition)])
    };
    assert_assessed(&[
        (status("updatedReplicas", 1), "progressing: 1 of 2 replicas updated"),
        (status("replicas", 3), "progressing: 1 old replica still running"),
        (status("readyReplicas", 1), "progressing: 1 of 2 replicas ready"),
        (status("availableReplicas", 1), "progressing: 1 of 2 replicas available"),
        (
            of(&[("/status/replicas", json!(3)), ("/status/updatedReplicas", json!(3))]),
            "progressing: 1 extra replica still running",
        ),
        (of(&[("/spec/replicas", json!(0))]), "progressing: 2 extra replicas still running"),
        (
            of(&[("/spec/paused", json!(true)), ("/status/updatedReplicas", json!(0))]),
            "progressing: 0 of 2 replicas updated (rollout paused)",
        ),
        (condition("Available", "False", "Minimum"), "progressing: Minimum"),
        (condition("Progressing", "True", "ReplicaSetUpdated"), "progressing: ReplicaSetUpdated"),
        (condition("Progressing", "True", "NewReplicaSetAvailable"), "healthy"),
        (of(&[("/status/conditions", json!([]))]), "healthy"),
        (
            of(&[
                ("/spec/paused", json!(true)),
                (
                    "/status/conditions",
                    json!([{"type": "Progressing", "status": "Unknown",
                    "reason": "DeploymentPaused"}]),
                ),
            ]),
            "healthy",
        ),
        // With the deadline the cause is known best by who could not make the pods.
        (
            changed(
                "deployment-quota",
                &[
                    ("/status/conditions/0/status", json!("False")),
                    ("/status/conditions/0/reason", json!("ProgressDeadlineExceeded")),
                ],
            ),
            "failed: progress deadline exceeded: pods \"blocked-5b78c8b7b8-pfpzg\" is forbidden: \
             exceeded quota…",
        ),
        // A rollout that is complete was not hindered by what an older one met.
        (
            of(&[("/status/conditions/2", json!({"type": "ReplicaFailure", "status": "True"}))]),
            "healthy",
        ),
    ]);
}

#[test]
fn replica_sets() {
    let status = |counter: &str, count: i64| {
        changed("replicaset-available", &[(&format!("/status/{counter}"), json!(count))])
    };
    assert_assessed(&[
        (status("replicas", 3), "progressing: 1 extra replica still running"),
        (status("readyReplicas", 0), "progressing: 0 of 2 replicas ready"),
        (status("availableReplicas", 1), "progressing: 1 of 2 replicas available"),
        (
            changed(
                "replicaset-available",
                &[("/spec/replicas", json!(0)), ("/status", json!({"replicas": 0}))],
            ),
            "healthy",
        ),
    ]);
}

#[test]
fn stateful_sets() {
    let of = |changes: &[(&str, Value)]| changed("statefulset-available", changes);
    let rolling = |changes: &[(&str, Value)]| changed("statefulset-rolling", changes);
    let all_ready = [("/status/readyReplicas", json!(2)), ("/status/availableReplicas", json!(2))];
    let with = |more: &[(&str, Value)]| rolling(&[&all_ready[..], more].concat());
    let partition = ("/spec/updateStrategy/rollingUpdate/partition", json!(1));
    assert_assessed(&[
        (of(&[("/status/replicas", json!(1))]), "progressing: 1 of 2 replicas created"),
        (of(&[("/spec/replicas", json!(1))]), "progressing: 1 extra replica still running"),
        (of(&[("/status/readyReplicas", json!(1))]), "progressing: 1 of 2 replicas ready"),
        (of(&[("/status/availableReplicas", json!(0))]), "progressing: 0 of 2 replicas available"),
        (of(&[("/status/availableReplicas", json!(null))]), "healthy"),
        (with(&[]), "progressing: 1 of 2 replicas updated"),
        (
            with(&[("/status/updatedReplicas", json!(2))]),
            "progressing: rolling update not complete",
        ),
        (with(std::slice::from_ref(&partition)), "healthy"),
        (
            with(&[partition, ("/status/updatedReplicas", json!(0))]),
            "progressing: 0 of 1 replica updated",
        ),
        (with(&[("/spec/updateStrategy", json!({"type": "OnDelete"}))]), "healthy"),
        (
            rolling(&[("/spec/updateStrategy", json!({"type": "OnDelete"}))]),
            "progressing: 1 of 2 replicas ready",
        ),
    ]);
}

#[test]
fn daemon_sets() {
    let of = |changes: &[(&str, Value)]| changed("daemonset-available", changes);
    let nodes = |counter: &str, count: i64| {
        let status = json!({"observedGeneration": 1, "desiredNumberScheduled": 3,
            "currentNumberScheduled": 3, "updatedNumberScheduled": 3, "numberReady": 3,
            "numberAvailable": 3});
        of(&[("/status", status), (&format!("/status/{counter}"), json!(count))])
    };
    assert_assessed(&[
        (nodes("currentNumberScheduled", 2), "progressing: 2 of 3 pods scheduled"),
        (nodes("updatedNumberScheduled", 2), "progressing: 2 of 3 pods updated"),
        (nodes("numberReady", 0), "progressing: 0 of 3 pods ready"),
        (nodes("numberAvailable", 1), "progressing: 1 of 3 pods available"),
        (nodes("desiredNumberScheduled", 0), "healthy"),
        (
            of(&[
                ("/spec/updateStrategy", json!({"type": "OnDelete"})),
                ("/status/updatedNumberScheduled", json!(0)),
            ]),
            "healthy",
        ),
    ]);
}
