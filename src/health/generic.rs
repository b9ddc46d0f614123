//! Kinds that nothing is known of, by the conventions of custom resources.

use serde_json::Value;

use super::Health;
use super::condition::{condition, holds};

/// `Stalled`, `Reconciling` and `Ready` mean what kstatus says that they mean; who has none of them is
/// healthy by being there.
pub(super) fn judge(live: &Value) -> Health {
    if let Some(stalled) = holds(live, "Stalled") {
        return Health::failed(stalled.says());
    }
    if let Some(reconciling) = holds(live, "Reconciling") {
        return Health::progressing(reconciling.says());
    }
    match condition(live, "Ready") {
        None => Health::Healthy,
        Some(ready) if ready.is_stale() => {
            Health::progressing("its condition Ready is of an older generation")
        }
        Some(ready) if ready.is_true() => Health::Healthy,
        Some(ready) => Health::progressing(ready.says()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::health::tests::assert_judged;

    #[test]
    fn by_convention() {
        let object = |conditions: serde_json::Value| {
            json!({
                "apiVersion": "example.io/v1", "kind": "Thing",
                "metadata": {"name": "a", "generation": 2}, "status": {"conditions": conditions},
            })
        };
        assert_judged(&[
            (object(json!(null)), "healthy"),
            (object(json!([{"type": "Synced", "status": "False"}])), "healthy"),
            (object(json!([{"type": "Ready", "status": "True"}])), "healthy"),
            (object(json!([{"type": "Ready", "status": true}])), "healthy"),
            (
                object(json!([{"type": "Ready", "status": "True", "observedGeneration": 1}])),
                "progressing: its condition Ready is of an older generation",
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
