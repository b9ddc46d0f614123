//! What is wrong with a pod.

use serde::Serialize;
use serde_json::Value;

use super::condition::false_condition;
use super::number::{count, number};
use super::remedy;
use super::text::{clean, cut, line};
use crate::object::{ObjectId, is_terminating};

/// A problem of a pod, as Kubernetes reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// The pod.
    pub object: ObjectId,
    /// The container, if the problem is that of one container; init containers come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// `ImagePullBackOff`, `CrashLoopBackOff`, `Unschedulable`, `CreateContainerConfigError`,
    /// `OOMKilled`, …
    pub reason: String,
    /// The message of the kubelet or the scheduler; never output of the program itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The exit code of the last run, if the container ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// How often the container was restarted.
    pub restarts: u64,
    /// What to do next, one sentence.
    pub next_step: String,
}

/// Reasons after which the kubelet does not retry: waiting does not help.
const FINAL: &[&str] = &["InvalidImageName", "ErrImageNeverPull"];

impl Trouble {
    /// Whether it may resolve without a change to the pod: images get pulled, nodes get free, Secrets get
    /// created, and a program that crashed without its database may reach it later. Failed pods are
    /// never restarted.
    pub fn is_transient(&self) -> bool {
        !(self.is_pod_failure() || FINAL.contains(&self.reason.as_str()))
    }

    /// The next step if this message explains it better than its own.
    pub fn explained_by(&self, pod: &Value, message: &str) -> String {
        remedy::next_step(pod, self.container.as_deref(), &self.reason, &line(message))
    }

    /// Reasons that come from the pod's phase belong to the pod as a whole, not to a container.
    fn is_pod_failure(&self) -> bool {
        self.container.is_none()
            && !matches!(self.reason.as_str(), UNSCHEDULABLE | GATED | UNKNOWN | LOST)
    }
}

const UNSCHEDULABLE: &str = "Unschedulable";
const FAILED: &str = "Failed";
const GATED: &str = "SchedulingGated";
const UNKNOWN: &str = "Unknown";
const LOST: &str = "NodeLost";

/// Waiting reasons of a container that starts normally.
const STARTING: &[&str] = &["", "ContainerCreating", "PodInitializing"];

/// The problems of a pod; empty if there are none, or if the pod is terminating.
///
/// A container that is merely not ready yet is not a problem: only one that waits for a bad reason, has
/// failed, or has failed and is not ready again.
pub fn troubles(pod: &Value) -> Vec<Trouble> {
    let status = &pod["status"];
    let phase = status["phase"].as_str().unwrap_or_default();
    let Some(object) = ObjectId::of(pod) else { return Vec::new() };
    if phase == "Succeeded" || is_terminating(pod) {
        return Vec::new();
    }
    let whole = pod_trouble(pod, phase).map(|found| trouble(pod, &object, &Value::Null, &found));
    if phase == "Failed" {
        // The states of its containers are then only a consequence of its end.
        return whole.into_iter().collect();
    }
    let containers =
        failing_containers(pod).map(|(status, found)| trouble(pod, &object, status, &found));
    whole.into_iter().chain(containers).collect()
}

/// The containers that wait for a bad reason or have failed, init containers first.
fn failing_containers(pod: &Value) -> impl Iterator<Item = (&Value, Found)> {
    ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .filter_map(|list| pod["status"][list].as_array())
        .flatten()
        .filter_map(|status| Some((status, container_trouble(status)?)))
}

/// Reason, message and exit code of a problem. The message is whole: the next step goes by its words.
struct Found {
    reason: String,
    message: String,
    exit_code: Option<i64>,
}

/// The problem of the pod as a whole.
fn pod_trouble(pod: &Value, phase: &str) -> Option<Found> {
    let status = &pod["status"];
    let found = |reason: &str| Found {
        reason: reason.to_owned(),
        message: line(status["message"].as_str().unwrap_or_default()),
        exit_code: None,
    };
    match (phase, status["reason"].as_str()) {
        (_, Some(LOST)) => Some(found(LOST)),
        ("Unknown", _) => Some(found(UNKNOWN)),
        ("Failed", Some(reason)) => Some(found(reason)),
        ("Failed", None) => {
            let end = failing_containers(pod).next();
            Some(end.map_or(found(FAILED), |(status, end)| Found {
                reason: FAILED.to_owned(),
                message: format!("container {}: {}", name(status), clean(&end.reason)),
                exit_code: end.exit_code,
            }))
        }
        _ => {
            let waits = false_condition(pod, "PodScheduled")?;
            matches!(waits.reason(), UNSCHEDULABLE | GATED).then(|| Found {
                reason: waits.reason().to_owned(),
                message: line(&waits.message()),
                exit_code: None,
            })
        }
    }
}

/// The problem of one container, from its status.
fn container_trouble(status: &Value) -> Option<Found> {
    let (state, last) = (&status["state"], &status["lastState"]["terminated"]);
    let waiting = &state["waiting"];
    if waiting.is_object() {
        let reason = waiting["reason"].as_str().unwrap_or_default();
        if STARTING.contains(&reason) {
            return None;
        }
        let mut found = Found {
            reason: reason.to_owned(),
            message: line(waiting["message"].as_str().unwrap_or_default()),
            exit_code: number(&last["exitCode"]),
        };
        if reason == "CrashLoopBackOff" {
            refine_crash(&mut found, last);
        }
        return Some(found);
    }
    let ended = if state["terminated"].is_object() {
        &state["terminated"]
    } else if state["running"].is_object() && status["ready"] == false {
        last
    } else {
        return None;
    };
    let exit_code = number(&ended["exitCode"]).filter(|code| *code != 0)?;
    let reason = ended["reason"].as_str().unwrap_or("Error").to_owned();
    let message = runtime_message(ended).unwrap_or_default();
    Some(Found { reason, message, exit_code: Some(exit_code) })
}

/// An out-of-memory crash gets its own reason; a start error of the runtime gets its message.
fn refine_crash(found: &mut Found, last: &Value) {
    if last["reason"] == "OOMKilled" {
        "OOMKilled".clone_into(&mut found.reason);
    }
    if let Some(message) = runtime_message(last) {
        found.message = message;
    }
}

/// The message of the container runtime when it could not start a container. Otherwise the message is
/// the last output of the program, which may be anything, even a secret.
fn runtime_message(ended: &Value) -> Option<String> {
    let by_runtime = ["StartError", "ContainerCannotRun", "ContainerStatusUnknown"];
    let reason = ended["reason"].as_str().filter(|reason| by_runtime.contains(reason))?;
    Some(line(ended["message"].as_str().unwrap_or(reason)))
}

fn name(status: &Value) -> String {
    clean(status["name"].as_str().unwrap_or_default())
}

/// The problem of a container, or of the whole pod if `status` is null.
fn trouble(pod: &Value, object: &ObjectId, status: &Value, found: &Found) -> Trouble {
    let container = status.is_object().then(|| name(status));
    let reason = clean(&found.reason);
    Trouble {
        next_step: remedy::next_step(pod, container.as_deref(), &reason, &found.message),
        object: object.clone(),
        container,
        reason,
        message: cut(&found.message),
        exit_code: found.exit_code,
        restarts: count(&status["restartCount"]).try_into().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests;
