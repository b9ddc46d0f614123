//! The lock: a Lease that is renewed while a run writes.
//!
//! Whether another holder is alive is decided by whether we see it renew, never by comparing its clock
//! with ours: clocks differ.

mod claim;
mod errors;
mod held;
mod manifest;
mod moment;
mod terms;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use super::{Error, process};
use crate::cluster::{Cluster, ErrorKind, Kind, WriteLock as _};
use crate::object::{ObjectId, is_terminating, kubesphere};
use claim::Claim;
pub(super) use claim::Undoing;
pub(super) use errors::not_held;
use held::HeldLease;
use manifest::{id, manifest};
use moment::Moment;
pub(super) use terms::Terms;

/// How long to wait before the lock of a dead process is taken over: its last requests have ended by then.
const GRACE: Duration = Duration::from_secs(1);
/// How often a lock of another run is read again.
const POLL: Duration = Duration::from_millis(500);

/// A lock that is held, and renewed until it is released. Dropping it releases it, too, without anybody
/// waiting for that.
#[derive(Debug)]
pub(super) struct LeaseGuard {
    lease: Arc<HeldLease>,
    renewal: AbortHandle,
    cluster: Cluster,
    claim: Option<Claim>,
}

impl LeaseGuard {
    /// Takes the lock; also returns the namespace if it had to be created. If this future is dropped, the lock is
    /// released again: `undoing` knows when.
    pub(super) async fn acquire(
        cluster: &Cluster,
        holder: &str,
        terms: Terms,
        undoing: &Undoing,
    ) -> Result<(Self, Vec<ObjectId>), Error> {
        let mut made = Vec::new();
        let mut watched: Option<(Value, Instant)> = None;
        // The time counts from the request: the response may be slow.
        let (asked, claim) = loop {
            let Some(live) = cluster.get(&id()).await? else {
                made.extend(namespace(cluster).await?);
                let (asked, mut claim) = (Moment::now(), Claim::new(cluster, holder, undoing));
                let (body, client) = (manifest(holder, terms, None), cluster.clone());
                match claim.write(async move { client.create(&body, false).await }).await {
                    Ok(_) => break (asked, claim),
                    Err(error) if error.kind == ErrorKind::Exists => {
                        claim.disarm();
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
            let (asked, mut claim) = (Moment::now(), Claim::new(cluster, holder, undoing));
            let (body, client) = (manifest(holder, terms, version), cluster.clone());
            match claim.write(async move { client.replace(&body).await }).await {
                Ok(_) => break (asked, claim),
                Err(error) if error.kind == ErrorKind::Changed => claim.disarm(),
                Err(error) => return Err(error.into()),
            }
        };
        let lease = Arc::new(HeldLease::new(cluster, holder, terms, asked));
        let renewal = tokio::spawn(held::renew(Arc::clone(&lease))).abort_handle();
        Ok((Self { lease, renewal, cluster: cluster.clone(), claim: Some(claim) }, made))
    }

    /// The cluster for writes: they are sent only while the lock is held.
    pub(super) fn cluster(&self) -> Cluster {
        self.cluster.locked_by(Arc::clone(&self.lease) as _)
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
        let Some(claim) = self.claim.take() else { return };
        if self.lease.is_held().is_ok() {
            claim.undo().await;
        } else {
            claim.disarm();
        }
    }
}

impl Drop for LeaseGuard {
    fn drop(&mut self) {
        self.renewal.abort();
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
