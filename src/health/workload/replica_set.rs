//! `ReplicaSet`s.

use serde_json::Value;

use super::super::Health;
use super::super::number::count;
use super::{at_once, replica_failure, short_of, surplus, wanted};

/// As many pods as wanted, all of them available.
pub(in super::super) fn judge(live: &Value) -> Health {
    let status = &live["status"];
    let wanted = wanted(live);
    let total = count(&status["replicas"]);
    if let Some(health) = at_once(live) {
        return health;
    }
    let short = surplus(total - wanted, "replica")
        .or_else(|| short_of(status, "readyReplicas", wanted, "ready"))
        .or_else(|| short_of(status, "availableReplicas", wanted, "available"));
    match short {
        Some(short) => replica_failure(live).unwrap_or_else(|| Health::progressing(short)),
        None => Health::Healthy,
    }
}
