//! How long a lock is valid.

use std::time::Duration;

/// How long a lock is valid, and how often it is renewed. All times count from the request of the last renewal.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Terms {
    /// When others may take it over, in seconds.
    pub(super) duration: u64,
    pub(super) renewed_every: Duration,
    /// When the last write begins.
    pub(super) writes_begin: Duration,
    /// When the last write has ended: well before others may take the lock over.
    pub(super) writes_end: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            duration: 30,
            renewed_every: Duration::from_secs(10),
            writes_begin: Duration::from_secs(20),
            writes_end: Duration::from_secs(27),
        }
    }
}
