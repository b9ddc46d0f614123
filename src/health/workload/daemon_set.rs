//! `DaemonSet`s.

use serde_json::Value;

use super::super::Health;
use super::super::number::{count, number};
use super::{is_unobserved, unobserved};
use crate::object::counted;

/// Healthy when every node that should run a pod has an available one from the current template. With
/// `OnDelete` old pods stay until somebody deletes them, so the template does not count.
pub(in super::super) fn assess(live: &Value) -> Health {
    let status = &live["status"];
    let Some(wanted) = number(&status["desiredNumberScheduled"]).filter(|_| !is_unobserved(live))
    else {
        return unobserved();
    };
    let by_hand = live["spec"]["updateStrategy"]["type"] == "OnDelete";
    let counters = [
        ("currentNumberScheduled", "scheduled"),
        ("updatedNumberScheduled", "updated"),
        ("numberReady", "ready"),
        ("numberAvailable", "available"),
    ];
    for (counter, state) in counters {
        let reached = count(&status[counter]);
        if reached < wanted && !(by_hand && counter == "updatedNumberScheduled") {
            return Health::progressing(format!("{reached} of {} {state}", counted(wanted, "pod")));
        }
    }
    Health::Healthy
}
