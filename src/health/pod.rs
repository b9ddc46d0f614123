//! Pods.

use serde_json::Value;

use super::Health;
use super::condition::{Condition, condition, false_condition};
use super::trouble::{Trouble, troubles};

/// A pod is healthy while it is ready, and once it has succeeded. The kubelet keeps retrying after most
/// troubles, so the pod recovers once their cause is fixed: only what is never retried counts as failed.
pub(super) fn assess(live: &Value) -> Health {
    let phase = live["status"]["phase"].as_str().unwrap_or_default();
    if phase == "Succeeded" {
        return Health::Healthy;
    }
    let ready = condition(live, "Ready").is_some_and(Condition::is_true);
    if phase == "Running" && ready {
        return Health::Healthy;
    }
    let troubles = troubles(live);
    if let Some(trouble) = troubles.iter().find(|t| !t.is_transient()).or(troubles.first()) {
        let text = describe(trouble);
        return if trouble.is_transient() {
            Health::progressing(text)
        } else {
            Health::failed(text)
        };
    }
    let unready = false_condition(live, "Ready").filter(|_| phase == "Running");
    match unready.or_else(|| false_condition(live, "Initialized")) {
        Some(condition) => Health::progressing(condition.message()),
        None if false_condition(live, "PodScheduled").is_some() || phase.is_empty() => {
            Health::progressing("waiting to be scheduled")
        }
        None => Health::progressing("containers are starting"),
    }
}

/// `container web: CrashLoopBackOff (exit code 2): …`.
fn describe(trouble: &Trouble) -> String {
    let mut text = String::new();
    if let Some(name) = &trouble.container {
        text.push_str("container ");
        text.push_str(name);
        text.push_str(": ");
    }
    text.push_str(&trouble.reason);
    if let Some(code) = trouble.exit_code {
        text.push_str(" (exit code ");
        text.push_str(&code.to_string());
        text.push(')');
    }
    if !trouble.message.is_empty() {
        text.push_str(": ");
        text.push_str(&trouble.message);
    }
    text
}
