//! Jobs.

use serde_json::Value;

use super::Health;
use super::condition::true_condition;
use super::number::{count, number};
use crate::object::counted;

/// A Job is healthy when it is complete: whatever waits for it needs its result, not its pods.
pub(super) fn assess(live: &Value) -> Health {
    // Since Kubernetes 1.31 FailureTarget is set first, while pods of the failed Job still terminate.
    if let Some(failed) =
        true_condition(live, "Failed").or_else(|| true_condition(live, "FailureTarget"))
    {
        return Health::failed(failed.describe());
    }
    if true_condition(live, "Complete").is_some() {
        return Health::Healthy;
    }
    let (spec, status) = (&live["spec"], &live["status"]);
    if spec["suspend"] == true {
        return Health::progressing("suspended");
    }
    if true_condition(live, "SuccessCriteriaMet").is_some() {
        return Health::progressing("complete, last pods still terminating");
    }
    let succeeded = count(&status["succeeded"]);
    let done = match number(&spec["completions"]) {
        Some(wanted) => format!("{succeeded} of {} succeeded", counted(wanted, "pod")),
        None => format!("{} succeeded", counted(succeeded, "pod")),
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

    use crate::health::tests::{assert_assessed, changed};

    #[test]
    fn jobs() {
        let job = |path: &str, value: serde_json::Value| changed("job-running", &[(path, value)]);
        let condition = |name: &str| json!([{"type": name, "status": "True", "reason": "Why"}]);
        assert_assessed(&[
            (job("/status", json!({})), "progressing: 0 of 1 pod succeeded"),
            (
                job("/status", json!({"active": 1, "failed": 2, "succeeded": 1})),
                "progressing: 1 of 1 pod succeeded, 1 active, 2 failed",
            ),
            (job("/spec/completions", json!(null)), "progressing: 0 pods succeeded, 1 active"),
            (job("/spec/suspend", json!(true)), "progressing: suspended"),
            (
                job("/status/conditions", condition("SuccessCriteriaMet")),
                "progressing: complete, last pods still terminating",
            ),
            (job("/status/conditions", condition("FailureTarget")), "failed: Why"),
            (job("/status/conditions", condition("Complete")), "healthy"),
        ]);
    }
}
