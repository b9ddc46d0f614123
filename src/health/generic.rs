//! Kinds without rules of their own, by the conventions for custom resources.

use serde_json::Value;

use super::Health;
use super::condition::{condition, true_condition};

/// `Stalled`, `Reconciling` and `Ready` mean what kstatus defines; an object without any of them is
/// healthy as soon as it exists.
pub(super) fn assess(live: &Value) -> Health {
    if let Some(stalled) = true_condition(live, "Stalled") {
        return Health::failed(stalled.describe());
    }
    if let Some(reconciling) = true_condition(live, "Reconciling") {
        return Health::progressing(reconciling.describe());
    }
    match condition(live, "Ready") {
        None => Health::Healthy,
        Some(ready) if ready.is_stale() => {
            Health::progressing("condition Ready is from an older generation")
        }
        Some(ready) if ready.is_true() => Health::Healthy,
        Some(ready) => Health::progressing(ready.describe()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::health::tests::assert_assessed;

    #[test]
    fn by_convention() {
        let object = |conditions: serde_json::Value| {
            json!({
                "apiVersion": "example.io/v1", "kind": "Thing",
                "metadata": {"name": "a", "generation": 2}, "status": {"conditions": conditions},
            })
        };
        assert_assessed(&[
            (object(json!(null)), "healthy"),
            (object(json!([{"type": "Synced", "status": "False"}])), "healthy"),
            (object(json!([{"type": "Ready", "status": "True"}])), "healthy"),
            (object(json!([{"type": "Ready", "status": true}])), "healthy"),
            (
                object(json!([{"type": "Ready", "status": "True", "observedGeneration": 1}])),
                "progressing: condition Ready is from an older generation",
            ),
            (
                object(json!([{"type": "Ready", "status": "False", "reason": "Issuing",
                    "message": "waits for the issuer"}])),
                "progressing: Issuing: waits for the issuer",
            ),
            (
                object(json!([{"type": "Ready", "status": "Unknown"}])),
                "progressing: condition Ready is Unknown",
            ),
            (
                object(json!([{"type": "Ready", "status": "True"},
                    {"type": "Reconciling", "status": "True", "reason": "Progressing"}])),
                "progressing: Progressing",
            ),
            (
                object(json!([{"type": "Ready", "status": "False"},
                    {"type": "Stalled", "status": "True", "message": "gave up"}])),
                "failed: gave up",
            ),
        ]);
    }
}
