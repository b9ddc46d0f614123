//! The lock: a Lease that is renewed while a run writes.
//!
//! Whether another holder is alive is decided by whether we see it renew, never by comparing its clock
//! with ours: clocks differ.

mod errors;
mod held;
mod manifest;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use super::{Error, process};
use crate::cluster::{Cluster, ErrorKind, Kind, WriteLock as _};
use crate::object::{ObjectId, is_terminating, kubesphere};
pub(super) use errors::not_held;
use held::HeldLease;
use manifest::{id, manifest};

/// How long to wait before the lock of a dead process is taken over: its last requests have ended by then.
const GRACE: Duration = Duration::from_secs(1);
/// How often a lock of another run is read again.
const POLL: Duration = Duration::from_millis(500);
/// How often a renewal in flight may conflict with a release.
const RELEASE_TRIES: u32 = 5;

/// How long a lock is valid, and how often it is renewed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// The time until it expires, in seconds.
    duration: u64,
    renewed_every: Duration,
    /// A holder stops writing well before others may take over.
    trusted: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            duration: 30,
            renewed_every: Duration::from_secs(10),
            trusted: Duration::from_secs(25),
        }
    }
}

/// A lock that is held, and renewed until it is released. Dropping it releases it, too, without anybody
/// waiting for that.
#[derive(Debug)]
pub(super) struct LeaseGuard {
    lease: Arc<HeldLease>,
    renewal: AbortHandle,
    releasing: Releasing,
}

impl LeaseGuard {
    /// Takes the lock; also returns the namespace if it had to be created.
    pub(super) async fn acquire(
        cluster: &Cluster,
        holder: &str,
        terms: Terms,
    ) -> Result<(Self, Vec<ObjectId>), Error> {
        let mut made = Vec::new();
        let mut watched: Option<(Value, Instant)> = None;
        // The time counts from the request: the response may be slow.
        let (asked, releasing) = loop {
            let Some(live) = cluster.get(&id()).await? else {
                made.extend(namespace(cluster).await?);
                // The request may succeed even if this future is dropped before the response.
                let (asked, releasing) = (Instant::now(), Releasing::new(cluster, holder));
                match cluster.create(&manifest(holder, terms, None), false).await {
                    Ok(_) => break (asked, releasing),
                    Err(error) if error.kind == ErrorKind::Exists => {
                        releasing.disarm();
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
            };
            let spec = &live["spec"];
            let other = spec["holderIdentity"].as_str().unwrap_or_default();
            let free = match &watched {
                _ if other.is_empty() || other == holder => true,
                Some((before, _)) if before != spec => {
                    return Err(errors::held_by_other(other, spec));
                }
                Some((_, since)) => {
                    let seconds = spec["leaseDurationSeconds"].as_u64().unwrap_or(terms.duration);
                    let runs_out = Duration::from_secs(seconds);
                    since.elapsed() >= runs_out
                        || (since.elapsed() >= GRACE && process::is_dead(&live))
                }
                None => false,
            };
            if !free {
                watched.get_or_insert_with(|| (spec.clone(), Instant::now()));
                if !cluster.lasts(POLL) {
                    return Err(errors::no_time_left(other, spec, terms));
                }
                sleep(POLL).await;
                continue;
            }
            let version = live["metadata"]["resourceVersion"].as_str();
            let (asked, releasing) = (Instant::now(), Releasing::new(cluster, holder));
            match cluster.replace(&manifest(holder, terms, version)).await {
                Ok(_) => break (asked, releasing),
                Err(error) if error.kind == ErrorKind::Changed => releasing.disarm(),
                Err(error) => return Err(error.into()),
            }
        };
        let lease = Arc::new(HeldLease::new(cluster.clone(), holder, terms, asked));
        let renewal = tokio::spawn(held::renew(Arc::clone(&lease))).abort_handle();
        Ok((Self { lease, renewal, releasing }, made))
    }

    /// The cluster for writes: they are sent only while the lock is held.
    pub(super) fn cluster(&self) -> Cluster {
        self.releasing.cluster.locked_by(Arc::clone(&self.lease) as _)
    }

    /// The lease, to check whether it is held.
    pub(super) fn lease(&self) -> Arc<HeldLease> {
        Arc::clone(&self.lease)
    }

    /// Stops renewing it: it is about to be deleted with its namespace.
    pub(super) fn stop_renewing(&self) {
        self.renewal.abort();
    }

    /// Releases it, if it is still ours.
    pub(super) async fn release(mut self) {
        self.renewal.abort();
        if self.lease.is_held().is_ok() {
            release(&self.releasing.cluster, &self.releasing.holder).await;
        }
        self.releasing.armed = false;
    }
}

impl Drop for LeaseGuard {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// Releases a lock that may be ours as soon as it is dropped, unless it is disarmed.
#[derive(Debug)]
struct Releasing {
    cluster: Cluster,
    holder: String,
    armed: bool,
}

impl Releasing {
    fn new(cluster: &Cluster, holder: &str) -> Self {
        Self { cluster: cluster.clone(), holder: holder.to_owned(), armed: true }
    }

    fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for Releasing {
    fn drop(&mut self) {
        // Without a runtime, the next run waits until it expires.
        let runtime = Handle::try_current();
        if let (true, Ok(runtime)) = (self.armed, runtime) {
            let (cluster, holder) = (self.cluster.clone(), std::mem::take(&mut self.holder));
            runtime.spawn(async move { release(&cluster, &holder).await });
        }
    }
}

/// Releases the lock of a holder. Errors are ignored: the next run waits until it expires.
async fn release(cluster: &Cluster, holder: &str) {
    for _ in 0..RELEASE_TRIES {
        let Ok(Some(live)) = cluster.get(&id()).await else { return };
        if live["spec"]["holderIdentity"] != holder {
            return;
        }
        let version = live["metadata"]["resourceVersion"].as_str();
        match cluster.replace(&manifest("", Terms::default(), version)).await {
            // A renewal in flight came first.
            Err(error) if error.kind == ErrorKind::Changed => {}
            _ => return,
        }
    }
}

/// Creates the namespace of the lock if it does not exist; the rest of it is applied later. If it is
/// terminating, waits as long as for any transient error.
async fn namespace(cluster: &Cluster) -> Result<Vec<ObjectId>, Error> {
    let id = Kind::new("", "v1", "Namespace").named(None, kubesphere::SYSTEM);
    let since = Instant::now();
    while let Some(live) = cluster.get(&id).await? {
        if !is_terminating(&live) {
            return Ok(Vec::new());
        }
        if since.elapsed() >= cluster.patience() || !cluster.lasts(POLL) {
            return Err(errors::namespace_terminating(&id, &live));
        }
        sleep(POLL).await;
    }
    let metadata = json!({"name": kubesphere::SYSTEM});
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
    match cluster.create(&body, false).await {
        Ok(_) => Ok(vec![id]),
        // It did not exist a moment ago: the response to our own request was lost, or another run created it.
        Err(error) if error.kind == ErrorKind::Exists => Ok(vec![id]),
        Err(error) => Err(error.into()),
    }
}
