//! What a caller chooses, and what it can see of a running controller.

use std::time::Duration;

use serde_json::Value;

/// How often everything is looked at again, if the caller does not say.
pub const RESYNC: Duration = Duration::from_secs(600);

/// What a caller chooses.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name of this process in the lock of a cluster.
    pub holder: String,
    /// How long a run may take.
    pub timeout: Duration,
    /// Whether a run waits until everything is healthy.
    pub wait: bool,
    /// How often everything is looked at again, give or take a tenth.
    pub resync: Duration,
    /// End after one run.
    pub once: bool,
}

/// What others can see of a running controller, such as its metrics.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Published {
    /// Whether the first lists of all watches are complete, or another replica leads.
    pub is_synced: bool,
    /// The status of the ClusterConfiguration; null as long as there is none.
    pub status: Value,
}
