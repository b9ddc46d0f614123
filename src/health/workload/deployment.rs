//! Deployments.

use serde_json::Value;

use super::super::Health;
use super::super::condition::{condition, false_condition, true_condition};
use super::super::number::count;
use super::{replica_failure, short_of, surplus, wanted, without_counters};

/// Like `kubectl rollout status`, with the cause when the rollout is stuck.
///
/// A Deployment fails when its controller reports that the progress deadline is exceeded. It is healthy
/// when all pods of the current template are available and no older pod is left: until then requests
/// may reach either.
pub(in super::super) fn assess(live: &Value) -> Health {
    let status = &live["status"];
    let wanted = wanted(live);
    let total = count(&status["replicas"]);
    if let Some(health) = without_counters(live) {
        return health;
    }
    if let Some(exceeded) = false_condition(live, "Progressing")
        && exceeded.reason() == "ProgressDeadlineExceeded"
    {
        let why = true_condition(live, "ReplicaFailure").unwrap_or(exceeded);
        return Health::failed(format!("progress deadline exceeded: {}", why.message()));
    }
    let short = short_of(status, "updatedReplicas", wanted, "updated")
        .or_else(|| surplus(total - count(&status["updatedReplicas"]), "old replica"))
        .or_else(|| surplus(total - wanted, "extra replica"))
        .or_else(|| short_of(status, "readyReplicas", wanted, "ready"))
        .or_else(|| short_of(status, "availableReplicas", wanted, "available"));
    let paused = live["spec"]["paused"] == true;
    match short {
        Some(short) => match replica_failure(live) {
            Some(failure) => failure,
            None if paused => Health::progressing(format!("{short} (rollout paused)")),
            None => Health::progressing(short),
        },
        None => settled(live, paused),
    }
}

/// All counters have reached their targets: the conditions must not contradict that.
fn settled(live: &Value, paused: bool) -> Health {
    if let Some(available) = false_condition(live, "Available") {
        return Health::progressing(available.describe());
    }
    // Absent when `progressDeadlineSeconds` is not used; it has another reason until the rollout is
    // recorded as complete, and while it is paused.
    match condition(live, "Progressing") {
        Some(progressing) if !paused && progressing.reason() != "NewReplicaSetAvailable" => {
            Health::progressing(progressing.describe())
        }
        _ => Health::Healthy,
    }
}
