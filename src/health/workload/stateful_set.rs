//! `StatefulSet`s.

use serde_json::Value;

use super::super::Health;
use super::super::number::{count, number};
use super::{at_once, short_of, surplus, wanted};

/// All replicas available, and those above the partition of the last revision.
///
/// With `OnDelete` pods are replaced when somebody deletes them: their revision is not awaited.
/// `availableReplicas` exists since Kubernetes 1.22; before it, ready is the best there is.
pub(in super::super) fn judge(live: &Value) -> Health {
    let (spec, status) = (&live["spec"], &live["status"]);
    let wanted = wanted(live);
    let total = count(&status["replicas"]);
    if let Some(health) = at_once(live) {
        return health;
    }
    let available =
        if status["availableReplicas"].is_null() { "readyReplicas" } else { "availableReplicas" };
    let short = short_of(status, "replicas", wanted, "there")
        .or_else(|| surplus(total - wanted, "replica"))
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
    let short = short_of(
        status,
        "updatedReplicas",
        wanted.saturating_sub(partition),
        "of the last revision",
    );
    // Below a partition the old revision stays; without one `currentRevision` follows in the end.
    short.or_else(|| (partition == 0).then(|| "its update is not completed yet".to_owned()))
}
