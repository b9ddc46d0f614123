//! `DaemonSet`s.

use serde_json::Value;

use super::super::Health;
use super::super::number::{count, number};
use super::{is_unseen, unseen};

/// An available pod of the last template on every node that should have one; none is fine when no
/// node should. With `OnDelete` the template is not awaited.
pub(in super::super) fn judge(live: &Value) -> Health {
    let status = &live["status"];
    let Some(wanted) = number(&status["desiredNumberScheduled"]).filter(|_| !is_unseen(live))
    else {
        return unseen();
    };
    let by_hand = live["spec"]["updateStrategy"]["type"] == "OnDelete";
    let counters = [
        ("currentNumberScheduled", "have a pod"),
        ("updatedNumberScheduled", "have a pod of the last template"),
        ("numberReady", "have a ready pod"),
        ("numberAvailable", "have an available pod"),
    ];
    for (counter, state) in counters {
        let reached = count(&status[counter]);
        if reached < wanted && !(by_hand && counter == "updatedNumberScheduled") {
            let noun = if wanted == 1 { "node" } else { "nodes" };
            let state = if wanted == 1 { state.replacen("have", "has", 1) } else { state.into() };
            return Health::progressing(format!("{reached} of {wanted} {noun} {state}"));
        }
    }
    Health::Healthy
}
