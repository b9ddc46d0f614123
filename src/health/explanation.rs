//! Why a workload is not healthy: what is wrong with its pods and their volume claims.

use serde_json::Value;

use super::cause::{Cause, Passing, Surroundings};
use super::current::current_pods;
use super::number::count;
use super::trouble::{Trouble, troubles};
use super::{claim, missing};
use crate::object::ObjectId;

/// Why a workload, or a volume claim, is not healthy, as far as its current pods show. What is certain comes
/// first.
pub fn cause(live: &Value, around: &Surroundings) -> Option<Cause> {
    if live["kind"] == "PersistentVolumeClaim" {
        return claim::cause(live, around);
    }
    let mut causes: Vec<Cause> = current_pods(live, &around.replica_sets, &around.pods)
        .into_iter()
        .filter_map(|pod| of_pod(pod, around))
        .collect();
    let certain = causes.iter().position(|cause| cause.passing != Passing::Possible).unwrap_or(0);
    (!causes.is_empty()).then(|| causes.swap_remove(certain))
}

fn of_pod(pod: &Value, around: &Surroundings) -> Option<Cause> {
    let object = ObjectId::of(pod)?;
    let trouble = troubles(pod).into_iter().next();
    let is_unscheduled = pod["spec"]["nodeName"].is_null()
        && trouble.as_ref().is_none_or(|trouble| trouble.reason == "Unschedulable");
    // The scheduler says only that some claim is not bound.
    let unbound = is_unscheduled.then(|| claim::of_pod(pod, around)).flatten();
    match (unbound, trouble) {
        (Some(unbound), _) => Some(Cause { object, reason: "Unschedulable".to_owned(), ..unbound }),
        (None, Some(trouble)) => Some(of_trouble(pod, trouble)),
        (None, None) => None,
    }
}

/// The problem of a container, or of a pod as a whole.
fn of_trouble(pod: &Value, trouble: Trouble) -> Cause {
    let passing = match trouble.reason.as_str() {
        "InvalidImageName" => Passing::Impossible,
        "CreateContainerConfigError" if trouble.message.contains("runAsNonRoot and image") => {
            Passing::Impossible
        }
        "CreateContainerConfigError" => {
            missing::object(pod, &trouble.message).map_or(Passing::Possible, Passing::Needs)
        }
        _ => Passing::Possible,
    };
    let container = trouble.container.as_ref().map(|name| format!("container {name}"));
    let exit = trouble.exit_code.map(|code| format!("exit code {code}"));
    // The kubelet repeats the names of pod and container, and when it tries again.
    let says_more = !trouble.message.is_empty() && !trouble.message.starts_with("back-off ");
    let message = says_more.then_some(trouble.message);
    let parts: Vec<String> = [container, exit, message].into_iter().flatten().collect();
    Cause {
        object: trouble.object,
        reason: trouble.reason,
        message: parts.join(", "),
        next_step: trouble.next_step,
        passing,
    }
}

/// Whether a pod waits for what only events explain: a volume, a network, a sandbox.
pub fn is_starting(pod: &Value) -> bool {
    pod["status"]["phase"] == "Pending"
        && !pod["spec"]["nodeName"].is_null()
        && pod["status"]["containerStatuses"].as_array().is_none_or(|statuses| {
            statuses.iter().all(|status| count(&status["restartCount"]) == 0)
        })
        && troubles(pod).is_empty()
}

#[cfg(test)]
mod tests;
