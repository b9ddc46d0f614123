//! What a collection works with.

use std::time::Duration;

use time::OffsetDateTime;

use crate::cluster::Cluster;
use crate::status::Installed;

/// Reads for an archive.
pub(super) struct Collector<'c> {
    pub(super) cluster: &'c Cluster,
    pub(super) installed: Installed,
    pub(super) since: Duration,
    /// Without the logs of what is healthy.
    pub(super) quick: bool,
    pub(super) now: OffsetDateTime,
}

/// What could not be read, and why.
#[derive(Debug, Default)]
pub(super) struct Missing(pub(super) Vec<String>);

impl Missing {
    /// What was read; an error is noted.
    pub(super) fn unless<T, E: ToString>(&mut self, read: Result<T, E>) -> Option<T> {
        read.inspect_err(|error| self.0.push(error.to_string())).ok()
    }
}
