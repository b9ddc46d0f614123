//! Deployments.

use serde_json::Value;

use super::super::Health;
use super::super::condition::{condition, denies, holds};
use super::super::number::count;
use super::{at_once, replica_failure, short_of, surplus, wanted};

/// As `kubectl rollout status`, and the reason why when it cannot go on.
///
/// A deadline that has passed is the controller's own word for a failure. All pods of the last
/// template must be available and none of an older one left: until then requests may reach either.
pub(in super::super) fn judge(live: &Value) -> Health {
    let status = &live["status"];
    let wanted = wanted(live);
    let total = count(&status["replicas"]);
    if let Some(health) = at_once(live) {
        return health;
    }
    if let Some(exceeded) = denies(live, "Progressing")
        && exceeded.reason() == "ProgressDeadlineExceeded"
    {
        let why = holds(live, "ReplicaFailure").unwrap_or(exceeded);
        return Health::failed(format!("its progress deadline has passed: {}", why.message()));
    }
    let short = short_of(status, "updatedReplicas", wanted, "of the last template")
        .or_else(|| surplus(total - count(&status["updatedReplicas"]), "older replica"))
        .or_else(|| surplus(total - wanted, "replica"))
        .or_else(|| short_of(status, "readyReplicas", wanted, "ready"))
        .or_else(|| short_of(status, "availableReplicas", wanted, "available"));
    let paused = live["spec"]["paused"] == true;
    match short {
        Some(short) => match replica_failure(live) {
            Some(failure) => failure,
            None if paused => Health::progressing(format!("{short}, and it is paused")),
            None => Health::progressing(short),
        },
        None => settled(live, paused),
    }
}

/// All counts are as wanted: the conditions must not say otherwise.
fn settled(live: &Value, paused: bool) -> Health {
    if let Some(available) = denies(live, "Available") {
        return Health::progressing(available.says());
    }
    // Absent when `progressDeadlineSeconds` is out of use; of another reason until the rollout is
    // written down as complete, and while it is paused.
    match condition(live, "Progressing") {
        Some(progressing) if !paused && progressing.reason() != "NewReplicaSetAvailable" => {
            Health::progressing(progressing.says())
        }
        _ => Health::Healthy,
    }
}
