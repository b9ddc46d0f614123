//! Jobs.

use serde_json::Value;

use super::Health;
use super::condition::holds;
use super::number::{count, counted, is_or_are, number};

/// A Job is healthy when it is done: what waits for it needs its work, not its pods.
pub(super) fn judge(live: &Value) -> Health {
    // Since Kubernetes 1.31 FailureTarget comes first, while pods of the failed Job still end.
    if let Some(failed) = holds(live, "Failed").or_else(|| holds(live, "FailureTarget")) {
        return Health::failed(failed.says());
    }
    if holds(live, "Complete").is_some() {
        return Health::Healthy;
    }
    let (spec, status) = (&live["spec"], &live["status"]);
    if spec["suspend"] == true {
        return Health::progressing("is suspended");
    }
    if holds(live, "SuccessCriteriaMet").is_some() {
        return Health::progressing("is done, and its last pods end");
    }
    let succeeded = count(&status["succeeded"]);
    let done = match number(&spec["completions"]) {
        Some(wanted) => {
            format!("{succeeded} of {} {} done", counted(wanted, "pod"), is_or_are(wanted))
        }
        None => format!("{} {} done", counted(succeeded, "pod"), is_or_are(succeeded)),
    };
    let others = ["active", "failed"].map(|state| match count(&status[state]) {
        0 => String::new(),
        pods => format!(", {pods} {state}"),
    });
    Health::progressing(done + &others.concat())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::health::tests::{assert_judged, changed};

    #[test]
    fn on_their_way() {
        let job = |path: &str, value: serde_json::Value| changed("job-running", &[(path, value)]);
        let condition = |name: &str| json!([{"type": name, "status": "True", "reason": "Why"}]);
        assert_judged(&[
            (job("/status", json!({})), "progressing: 0 of 1 pod is done"),
            (
                job("/status", json!({"active": 1, "failed": 2, "succeeded": 1})),
                "progressing: 1 of 1 pod is done, 1 active, 2 failed",
            ),
            (job("/spec/completions", json!(null)), "progressing: 0 pods are done, 1 active"),
            (job("/spec/suspend", json!(true)), "progressing: is suspended"),
            (
                job("/status/conditions", condition("SuccessCriteriaMet")),
                "progressing: is done, and its last pods end",
            ),
            (job("/status/conditions", condition("FailureTarget")), "failed: Why"),
            (job("/status/conditions", condition("Complete")), "healthy"),
        ]);
    }
}
