//! How live objects are, until the room that judges them is here.

use serde_json::Value;

pub(super) enum Health {
    Healthy,
    Progressing { reason: String },
    Failed { reason: String },
}

pub(super) fn judge(live: &Value) -> Health {
    let deadline = |c: &&Value| c["reason"] == "ProgressDeadlineExceeded";
    let conditions = live["status"]["conditions"].as_array();
    if let Some(condition) = conditions.into_iter().flatten().find(deadline) {
        return Health::Failed { reason: condition["message"].as_str().unwrap_or("").to_owned() };
    }
    let (generation, seen) =
        (&live["metadata"]["generation"], &live["status"]["observedGeneration"]);
    if !live.is_object() {
        return Health::Progressing { reason: "is not there".into() };
    }
    if !seen.is_null() && seen != generation {
        return Health::Progressing {
            reason: format!("its controller has seen generation {seen} of {generation}"),
        };
    }
    Health::Healthy
}
