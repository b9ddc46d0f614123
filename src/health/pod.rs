//! Pods.

use serde_json::Value;

use super::Health;
use super::condition::{Condition, condition, denies};
use super::trouble::{Trouble, troubles};

/// A pod is healthy while it is ready, and when it has succeeded. Its troubles mostly pass once somebody
/// mends their cause, which a kubelet tries again and again: only what is never tried again is failed.
pub(super) fn judge(live: &Value) -> Health {
    let phase = live["status"]["phase"].as_str().unwrap_or_default();
    if phase == "Succeeded" {
        return Health::Healthy;
    }
    let ready = condition(live, "Ready").is_some_and(Condition::is_true);
    if phase == "Running" && ready {
        return Health::Healthy;
    }
    let troubles = troubles(live);
    if let Some(trouble) = troubles.iter().find(|t| !t.may_pass()).or(troubles.first()) {
        let said = said(trouble);
        return if trouble.may_pass() { Health::progressing(said) } else { Health::failed(said) };
    }
    let unready = denies(live, "Ready").filter(|_| phase == "Running");
    match unready.or_else(|| denies(live, "Initialized")) {
        Some(condition) => Health::progressing(condition.message()),
        None if denies(live, "PodScheduled").is_some() || phase.is_empty() => {
            Health::progressing("waits for a node")
        }
        None => Health::progressing("its containers start"),
    }
}

/// `container web: CrashLoopBackOff (exit code 2): …`.
fn said(trouble: &Trouble) -> String {
    let mut said = String::new();
    if let Some(name) = &trouble.container {
        said.push_str("container ");
        said.push_str(name);
        said.push_str(": ");
    }
    said.push_str(&trouble.reason);
    if let Some(code) = trouble.exit_code {
        said.push_str(" (exit code ");
        said.push_str(&code.to_string());
        said.push(')');
    }
    if !trouble.message.is_empty() {
        said.push_str(": ");
        said.push_str(&trouble.message);
    }
    said
}
