//! Workloads of the group apps.

mod daemon_set;
mod deployment;
mod replica_set;
mod stateful_set;

use serde_json::Value;

use super::Health;
use super::condition::{Condition, true_condition};
use super::number::{count, number};
use crate::object::counted;

pub(super) use daemon_set::assess as daemon_set;
pub(super) use deployment::assess as deployment;
pub(super) use replica_set::assess as replica_set;
pub(super) use stateful_set::assess as stateful_set;

/// The desired number of replicas: one if the object does not set it.
fn wanted(live: &Value) -> i64 {
    number(&live["spec"]["replicas"]).unwrap_or(1)
}

/// The health that needs no counters: no replicas are desired and none are left, or there is no status
/// yet, since workload controllers always write the generation that they have observed.
fn without_counters(live: &Value) -> Option<Health> {
    if wanted(live) == 0 && count(&live["status"]["replicas"]) == 0 {
        return Some(Health::Healthy);
    }
    is_unobserved(live).then(unobserved)
}

fn is_unobserved(live: &Value) -> bool {
    number(&live["status"]["observedGeneration"]).is_none()
}

fn unobserved() -> Health {
    Health::progressing("not yet observed by its controller")
}

/// `Some` while a counter of the status is below its target: `1 of 2 replicas ready`.
fn short_of(status: &Value, counter: &str, target: i64, state: &str) -> Option<String> {
    let reached = count(&status[counter]);
    let noun = if target == 1 { "replica" } else { "replicas" };
    (reached < target).then(|| format!("{reached} of {target} {noun} {state}"))
}

/// `Some` while replicas run that are to be removed: `1 old replica still running`.
fn surplus(count: i64, which: &str) -> Option<String> {
    (count > 0).then(|| format!("{} still running", counted(count, which)))
}

/// The health while pods cannot be created: a quota, a webhook, a missing ServiceAccount. The controller
/// retries, and all of these can be fixed from outside; pods that Pod Security or API validation rejects
/// are rejected again.
fn replica_failure(live: &Value) -> Option<Health> {
    let failure = true_condition(live, "ReplicaFailure")?;
    Some(if is_final(failure) {
        Health::failed(failure.describe())
    } else {
        Health::progressing(failure.describe())
    })
}

fn is_final(failure: Condition<'_>) -> bool {
    let message = failure.message();
    message.contains("violates PodSecurity") || message.contains(" is invalid: ")
}

#[cfg(test)]
mod tests;
