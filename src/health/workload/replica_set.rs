//! `ReplicaSet`s.

use serde_json::Value;

use super::super::Health;
use super::super::number::count;
use super::{replica_failure, short_of, surplus, wanted, without_counters};

/// Healthy when the desired number of pods exists and all of them are available.
pub(in super::super) fn assess(live: &Value) -> Health {
    let status = &live["status"];
    let wanted = wanted(live);
    let total = count(&status["replicas"]);
    if let Some(health) = without_counters(live) {
        return health;
    }
    let short = surplus(total - wanted, "extra replica")
        .or_else(|| short_of(status, "readyReplicas", wanted, "ready"))
        .or_else(|| short_of(status, "availableReplicas", wanted, "available"));
    match short {
        Some(short) => replica_failure(live).unwrap_or_else(|| Health::progressing(short)),
        None => Health::Healthy,
    }
}
