//! `StatefulSet`s.

use serde_json::Value;

use super::super::Health;
use super::super::number::{count, number};
use super::{short_of, surplus, wanted, without_counters};

/// Healthy when all replicas are available, and those above the partition have the current revision.
///
/// With `OnDelete` pods are replaced only when somebody deletes them, so their revision does not count.
/// `availableReplicas` exists since Kubernetes 1.22; older versions only report ready replicas.
pub(in super::super) fn assess(live: &Value) -> Health {
    let (spec, status) = (&live["spec"], &live["status"]);
    let wanted = wanted(live);
    let total = count(&status["replicas"]);
    if let Some(health) = without_counters(live) {
        return health;
    }
    let available =
        if status["availableReplicas"].is_null() { "readyReplicas" } else { "availableReplicas" };
    let short = short_of(status, "replicas", wanted, "created")
        .or_else(|| surplus(total - wanted, "extra replica"))
        .or_else(|| outdated(spec, status, wanted))
        .or_else(|| short_of(status, "readyReplicas", wanted, "ready"))
        .or_else(|| short_of(status, available, wanted, "available"));
    short.map_or(Health::Healthy, Health::progressing)
}

fn outdated(spec: &Value, status: &Value, wanted: i64) -> Option<String> {
    let strategy = &spec["updateStrategy"];
    if strategy["type"] == "OnDelete" {
        return None;
    }
    let (current, update) = (&status["currentRevision"], &status["updateRevision"]);
    if current == update {
        return None;
    }
    let partition = number(&strategy["rollingUpdate"]["partition"]).unwrap_or(0).max(0);
    let short = short_of(status, "updatedReplicas", wanted.saturating_sub(partition), "updated");
    // Below a partition the old revision stays; without one, `currentRevision` is set at the end.
    short.or_else(|| (partition == 0).then(|| "rolling update not complete".to_owned()))
}
