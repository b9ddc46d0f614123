//! What is wrong with a pod.

use serde::Serialize;
use serde_json::Value;

use super::condition::denies;
use super::number::{count, number};
use super::remedy;
use super::text::clean;
use crate::object::{ObjectId, is_departing};

/// What is wrong with a pod, in the words of Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// The pod.
    pub object: ObjectId,
    /// The container, where it is one container's trouble; containers that initialise come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// `ImagePullBackOff`, `CrashLoopBackOff`, `Unschedulable`, `CreateContainerConfigError`,
    /// `OOMKilled`, …
    pub reason: String,
    /// What the kubelet or the scheduler says of it; never what the program itself wrote.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// How the container ended the last time, where it ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// How often the container was started again.
    pub restarts: u64,
    /// One sentence: what a person does next.
    pub next_step: String,
}

/// Reasons of which nobody tries again what failed: by waiting nothing becomes better.
const FINAL: &[&str] = &["InvalidImageName", "ErrImageNeverPull"];

impl Trouble {
    /// Whether waiting alone may cure it: images get pulled, nodes get free, Secrets get made, and what
    /// crashed without its database may find it. Pods that have failed are never started again.
    pub fn may_pass(&self) -> bool {
        !(self.is_of_failed_pod() || FINAL.contains(&self.reason.as_str()))
    }

    /// Only pods as a whole have reasons that come from the pod's phase.
    fn is_of_failed_pod(&self) -> bool {
        self.container.is_none()
            && !matches!(self.reason.as_str(), UNSCHEDULABLE | GATED | UNKNOWN | LOST)
    }
}

const UNSCHEDULABLE: &str = "Unschedulable";
const FAILED: &str = "Failed";
const GATED: &str = "SchedulingGated";
const UNKNOWN: &str = "Unknown";
const LOST: &str = "NodeLost";

/// What a container waits for when all is well.
const STARTING: &[&str] = &["", "ContainerCreating", "PodInitializing"];

/// What is wrong with a pod; empty when nothing is, or when the pod is on its way out.
///
/// A container that is merely not ready yet is no trouble: only one that waits for a bad reason, has
/// ended badly, or has done so and is not ready again.
pub fn troubles(pod: &Value) -> Vec<Trouble> {
    let status = &pod["status"];
    let phase = status["phase"].as_str().unwrap_or_default();
    let Some(object) = ObjectId::of(pod) else { return Vec::new() };
    if phase == "Succeeded" || is_departing(pod) {
        return Vec::new();
    }
    let whole = whole(pod, phase).map(|found| trouble(pod, &object, &Value::Null, &found));
    if phase == "Failed" {
        // What its containers are said to be then is noise of its end.
        return whole.into_iter().collect();
    }
    let containers = bad_ends(pod).map(|(status, found)| trouble(pod, &object, status, &found));
    whole.into_iter().chain(containers).collect()
}

/// The containers that wait or ended for a bad reason, those that initialise first.
fn bad_ends(pod: &Value) -> impl Iterator<Item = (&Value, Found)> {
    ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .filter_map(|list| pod["status"][list].as_array())
        .flatten()
        .filter_map(|status| Some((status, ended_badly(status)?)))
}

/// What was found: reason, message and exit code.
struct Found {
    reason: String,
    message: String,
    exit_code: Option<i64>,
}

/// The trouble of the pod as a whole.
fn whole(pod: &Value, phase: &str) -> Option<Found> {
    let status = &pod["status"];
    let said = |reason: &str| Found {
        reason: reason.to_owned(),
        message: clean(status["message"].as_str().unwrap_or_default()),
        exit_code: None,
    };
    match (phase, status["reason"].as_str()) {
        (_, Some(LOST)) => Some(said(LOST)),
        ("Unknown", _) => Some(said(UNKNOWN)),
        ("Failed", Some(reason)) => Some(said(reason)),
        ("Failed", None) => {
            let end = bad_ends(pod).next();
            Some(end.map_or(said(FAILED), |(status, end)| Found {
                reason: FAILED.to_owned(),
                message: format!("container {}: {}", name(status), clean(&end.reason)),
                exit_code: end.exit_code,
            }))
        }
        _ => {
            let waits = denies(pod, "PodScheduled")?;
            matches!(waits.reason(), UNSCHEDULABLE | GATED).then(|| Found {
                reason: waits.reason().to_owned(),
                message: clean(&waits.message()),
                exit_code: None,
            })
        }
    }
}

/// The trouble of one container, from its status.
fn ended_badly(status: &Value) -> Option<Found> {
    let (state, last) = (&status["state"], &status["lastState"]["terminated"]);
    let waiting = &state["waiting"];
    if waiting.is_object() {
        let reason = waiting["reason"].as_str().unwrap_or_default();
        if STARTING.contains(&reason) {
            return None;
        }
        let mut found = Found {
            reason: reason.to_owned(),
            message: clean(waiting["message"].as_str().unwrap_or_default()),
            exit_code: number(&last["exitCode"]),
        };
        if reason == "CrashLoopBackOff" {
            name_the_crash(&mut found, last);
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

/// A crash by lack of memory has a name of its own; one of the runtime has its words.
fn name_the_crash(found: &mut Found, last: &Value) {
    if last["reason"] == "OOMKilled" {
        "OOMKilled".clone_into(&mut found.reason);
    }
    if let Some(message) = runtime_message(last) {
        found.message = message;
    }
}

/// What the container runtime said when it could not start a container. Of other ends the message is
/// what the program wrote last, and that may be anything, also a secret.
fn runtime_message(ended: &Value) -> Option<String> {
    let by_runtime = ["StartError", "ContainerCannotRun", "ContainerStatusUnknown"];
    let reason = ended["reason"].as_str().filter(|reason| by_runtime.contains(reason))?;
    Some(clean(ended["message"].as_str().unwrap_or(reason)))
}

fn name(status: &Value) -> String {
    clean(status["name"].as_str().unwrap_or_default())
}

/// Of a container by its status, or of the whole pod by none.
fn trouble(pod: &Value, object: &ObjectId, status: &Value, found: &Found) -> Trouble {
    let container = status.is_object().then(|| name(status));
    let reason = clean(&found.reason);
    Trouble {
        next_step: remedy::next_step(pod, container.as_deref(), &reason, &found.message),
        object: object.clone(),
        container,
        reason,
        message: found.message.clone(),
        exit_code: found.exit_code,
        restarts: count(&status["restartCount"]).try_into().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests;
