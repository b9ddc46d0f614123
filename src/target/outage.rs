//! Times in which a target does not answer.

use std::time::Duration;

use crate::cluster;

/// The target does not answer, and requests are retried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// Why not.
    pub cause: String,
    /// For how long it has not answered.
    pub silence: Duration,
    /// How much longer requests are retried; `None` if there is no end.
    pub retries: Option<Duration>,
}

impl From<cluster::Outage> for Outage {
    fn from(outage: cluster::Outage) -> Self {
        let cluster::Outage { cause, silence, retries } = outage;
        Self { cause, silence, retries }
    }
}
