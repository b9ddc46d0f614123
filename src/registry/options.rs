//! What a caller sets.

use std::collections::BTreeSet;
use std::time::Duration;

use super::credentials::Credentials;

/// How registries are reached.
#[derive(Debug, Clone)]
pub struct Options {
    /// The registries (host and port) that are reached without TLS.
    pub plain_http: BTreeSet<String>,
    /// Authorities beside those of the system, as PEM.
    pub authorities: Vec<u8>,
    /// How to log in.
    pub credentials: Credentials,
    /// How long a request that fails for a passing reason, or that a rate limit refuses, is tried again.
    pub patience: Duration,
    /// How long a name and a connection may take, each.
    pub connect_limit: Duration,
    /// How long a response, or the next piece of a body, may take.
    pub request_limit: Duration,
    /// How many requests may wait for a response of one server. Bodies under way do not count.
    pub concurrency: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            plain_http: BTreeSet::new(),
            authorities: Vec::new(),
            credentials: Credentials::default(),
            patience: Duration::from_secs(120),
            connect_limit: Duration::from_secs(5),
            request_limit: Duration::from_secs(30),
            concurrency: 8,
        }
    }
}
