//! The last runs in the status.

use serde_json::{Value, json};

use crate::controller::decision::Cause;
use crate::controller::progress::{Progress, Stage};
use crate::controller::state::State;

/// How many runs the status has.
const MOST: usize = 5;

/// The last run, and the last few, the newest first.
pub(super) fn list(state: &State, old: &Value) -> (Value, Value) {
    let before = old["operations"].as_array().map_or(&[][..], Vec::as_slice);
    let Some(operation) = &state.operation else {
        return (old["lastOperation"].clone(), before.iter().cloned().collect());
    };
    let last = last(operation);
    let others = before.iter().filter(|one| one["id"] != operation.id.as_str());
    let short = json!({
        "id": operation.id, "kind": kind(operation.cause), "phase": operation.stage.as_str(),
        "requestedBy": operation.requested_by, "startedAt": operation.started,
        "finishedAt": operation.ended, "changes": operation.done,
    });
    let others = others.cloned().map(|mut one| {
        // Its controller was killed.
        if one["finishedAt"].is_null() {
            one["phase"] = Stage::Interrupted.as_str().into();
        }
        one
    });
    let all = std::iter::once(short).chain(others).take(MOST).collect();
    (last, all)
}

fn last(operation: &Progress) -> Value {
    let mut last = json!({
        "id": operation.id, "kind": kind(operation.cause), "phase": operation.stage.as_str(),
        "done": operation.done, "total": operation.total,
        "startedAt": operation.started, "requestedBy": operation.requested_by,
    });
    if let Some(reason) = &operation.reason {
        last["reason"] = reason.as_str().into();
    }
    if let Some(waiting) = operation.waiting_for() {
        last["waitingFor"] = waiting.into();
    }
    if let Some(ended) = &operation.ended {
        last["finishedAt"] = ended.as_str().into();
    }
    last
}

/// What a run is, in a word.
fn kind(cause: Cause) -> &'static str {
    match cause {
        Cause::Drift => "Repair",
        Cause::Resync => "Resync",
        _ => "Apply",
    }
}
