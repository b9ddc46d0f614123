//! A Lease that this run took: whether it still holds it.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep};

use super::manifest::{id, now};
use super::{Terms, errors};
use crate::cluster::{Cluster, Error, ErrorKind, WriteLock};

/// What is known of a lock that was taken.
#[derive(Debug)]
pub(in super::super) struct HeldLease {
    cluster: Cluster,
    holder: String,
    terms: Terms,
    /// When it was last renewed, by our clock; `None` once somebody else has it.
    renewed: Mutex<Option<Instant>>,
    /// Many writes wait for one answer.
    renewing: tokio::sync::Mutex<()>,
}

impl HeldLease {
    pub(super) fn new(cluster: Cluster, holder: &str, terms: Terms, renewed: Instant) -> Self {
        Self {
            cluster,
            holder: holder.to_owned(),
            terms,
            renewed: Mutex::new(Some(renewed)),
            renewing: tokio::sync::Mutex::default(),
        }
    }

    /// Renews it, if it is still ours. If it is not, the run is over: everything that it still asks fails.
    async fn renew(&self) -> Result<(), Error> {
        loop {
            let asked = Instant::now();
            let live = self.cluster.get(&id()).await?;
            let ours = live.filter(|l| l["spec"]["holderIdentity"] == self.holder.as_str());
            let Some(mut live) = ours else {
                *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = None;
                let lost = errors::taken_over();
                self.cluster.cancel(lost.clone());
                return Err(lost);
            };
            live["spec"]["renewTime"] = now().into();
            match self.cluster.replace(&live).await {
                Ok(_) => {
                    let mut renewed = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
                    *renewed = Some(asked);
                    return Ok(());
                }
                // By somebody else, or by us and the answer was lost.
                Err(error) if error.kind == ErrorKind::Changed => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl WriteLock for HeldLease {
    /// Whether it was renewed so lately that nobody else can have taken it.
    fn is_held(&self) -> Result<bool, Error> {
        let renewed = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        match renewed {
            Some(at) => Ok(at.elapsed() < self.terms.trusted),
            None => Err(errors::taken_over()),
        }
    }

    /// Where it could not be renewed in time, since the API server was away or we were, the server is
    /// asked: as long as nobody took it, it is still ours.
    fn ensure(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            if self.is_held()? {
                return Ok(());
            }
            let _renewing = self.renewing.lock().await;
            // An answer that took too long is no news.
            while !self.is_held()? {
                self.renew().await?;
            }
            Ok(())
        })
    }
}

/// Renews until the lock is somebody else's.
pub(super) async fn renew(lease: Arc<HeldLease>) {
    while lease.is_held().is_ok() {
        sleep(lease.terms.renewed_every).await;
        let _renewing = lease.renewing.lock().await;
        // What could not be renewed now is renewed next time, or before the next write.
        if let Err(error) = lease.renew().await {
            tracing::debug!("the lock is not renewed: {error}");
        }
    }
}
