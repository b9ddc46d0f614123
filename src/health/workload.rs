//! Workloads: what runs pods for ever.

mod daemon_set;
mod deployment;
mod replica_set;
mod stateful_set;

use serde_json::Value;

use super::Health;
use super::condition::{Condition, holds};
use super::number::{count, counted, is_or_are, number};

pub(super) use daemon_set::judge as daemon_set;
pub(super) use deployment::judge as deployment;
pub(super) use replica_set::judge as replica_set;
pub(super) use stateful_set::judge as stateful_set;

/// How many replicas are wanted: one when the object does not say.
fn wanted(live: &Value) -> i64 {
    number(&live["spec"]["replicas"]).unwrap_or(1)
}

/// What can be said before any count: nothing is wanted and nothing is left; or there is no status to
/// believe yet, since controllers of workloads always write the generation that they have seen.
fn at_once(live: &Value) -> Option<Health> {
    if wanted(live) == 0 && count(&live["status"]["replicas"]) == 0 {
        return Some(Health::Healthy);
    }
    is_unseen(live).then(unseen)
}

fn is_unseen(live: &Value) -> bool {
    number(&live["status"]["observedGeneration"]).is_none()
}

fn unseen() -> Health {
    Health::progressing("its controller has not looked at it yet")
}

/// `Some` while a counter of the status is below what it should reach: `1 of 2 replicas are ready`.
fn short_of(status: &Value, counter: &str, target: i64, state: &str) -> Option<String> {
    let reached = count(&status[counter]);
    let noun = if target == 1 { "replica" } else { "replicas" };
    (reached < target)
        .then(|| format!("{reached} of {target} {noun} {} {state}", is_or_are(target)))
}

/// `Some` while more replicas run than are wanted.
fn surplus(count: i64, which: &str) -> Option<String> {
    let verb = if count == 1 { "has" } else { "have" };
    (count > 0).then(|| format!("{} {verb} to end", counted(count, which)))
}

/// What to say while pods cannot be made: a quota, a webhook, a missing ServiceAccount. The controller
/// tries again, and all of these may be mended from outside; what Pod Security or the API's own
/// validation refuses is refused again.
fn replica_failure(live: &Value) -> Option<Health> {
    let failure = holds(live, "ReplicaFailure")?;
    Some(if is_final(failure) {
        Health::failed(failure.says())
    } else {
        Health::progressing(failure.says())
    })
}

fn is_final(failure: Condition<'_>) -> bool {
    let message = failure.message();
    message.contains("violates PodSecurity") || message.contains(" is invalid: ")
}

#[cfg(test)]
mod tests;
