//! One run against one target.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::Error;
use crate::cluster::Cluster;
use crate::engine::{self, Runner, Stop};
use crate::target::{ClusterTarget, Target};

/// The time now, to the second.
pub(super) fn now() -> String {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now).format(&Rfc3339).unwrap_or_default()
}

/// One run against one target: how long it may take, and the wish to cancel it. Two sessions share nothing,
/// also when they work at the same time in one process.
#[derive(Debug)]
pub struct Session<T> {
    target: Arc<T>,
    /// The same target, where it is a cluster.
    cluster: Option<Arc<ClusterTarget>>,
    timeout: Duration,
    stop: Stop,
}

impl<T: Target> Session<T> {
    /// A run against a target where nothing runs beside ksi, such as a directory.
    pub fn new(target: T, timeout: Duration, stop: Stop) -> Self {
        Self { target: Arc::new(target), cluster: None, timeout, stop }
    }

    /// Where it works.
    pub fn target(&self) -> &T {
        &self.target
    }

    /// The name of the target, for messages.
    pub fn place(&self) -> String {
        self.target.place()
    }

    /// The connection, where it works on a cluster.
    pub fn connection(&self) -> Option<&Cluster> {
        self.cluster.as_ref().map(|target| target.cluster())
    }

    /// Whether it works on a cluster.
    pub fn is_on_cluster(&self) -> bool {
        self.cluster.is_some()
    }

    /// The wish to cancel it.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// How long a review may take, and an execution.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The target, where it is a cluster.
    pub(super) fn cluster_target(&self) -> Option<&ClusterTarget> {
        self.cluster.as_deref()
    }

    /// Who runs it, where that is recorded.
    pub(super) fn runner(&self) -> Option<Runner> {
        let by = self.cluster.as_ref()?.user().to_owned();
        Some(Runner { by, now })
    }

    /// Starts the timeout. The time in which a user reads a review does not count.
    pub fn start_clock(&self) {
        if let Some(target) = &self.cluster {
            target.cluster().end_in(self.timeout);
        }
    }

    /// The result of a future, unless the session is cancelled before.
    pub(super) async fn unless_cancelled<O>(
        &self,
        future: impl Future<Output = Result<O, Error>>,
    ) -> Result<O, Error> {
        let mut future = std::pin::pin!(future);
        tokio::select! {
            answer = &mut future => answer,
            () = self.stop.requested() => Err(engine::Error::Interrupted.into()),
        }
    }
}

impl Session<ClusterTarget> {
    /// A run against a cluster, with a deadline, warnings and cancellation of its own, even if others use the
    /// connection. `holder` names it to others that find the lock taken.
    pub fn on_cluster(cluster: &Cluster, holder: String, timeout: Duration, stop: Stop) -> Self {
        let target = Arc::new(ClusterTarget::new(cluster.session(), holder));
        Self { cluster: Some(Arc::clone(&target)), target, timeout, stop }
    }

    /// The connection.
    pub fn cluster(&self) -> &Cluster {
        self.target.cluster()
    }
}
