//! The Lease that this run holds.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep};

use super::manifest::{id, now};
use super::{Terms, errors};
use crate::cluster::{Cluster, Error, ErrorKind, WriteLock};

/// A lock that this run took.
#[derive(Debug)]
pub(in super::super) struct HeldLease {
    cluster: Cluster,
    holder: String,
    terms: Terms,
    /// When it was last renewed, by our clock; `None` after another run took it over.
    renewed: Mutex<Option<Instant>>,
    /// So that concurrent writes renew it once.
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

    /// Renews it if it is still ours. Otherwise cancels the run, so that all its requests fail.
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
                // Changed by somebody else, or by us if the response was lost.
                Err(error) if error.kind == ErrorKind::Changed => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl WriteLock for HeldLease {
    /// Whether it was renewed so recently that no other run can have taken it over.
    fn is_held(&self) -> Result<bool, Error> {
        let renewed = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        match renewed {
            Some(at) => Ok(at.elapsed() < self.terms.trusted),
            None => Err(errors::taken_over()),
        }
    }

    /// Renews it if the last renewal is too old, for example after an outage: if no other run took it over, it
    /// is still ours.
    fn ensure(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            if self.is_held()? {
                return Ok(());
            }
            let _renewing = self.renewing.lock().await;
            // A slow response may be too old already.
            while !self.is_held()? {
                self.renew().await?;
            }
            Ok(())
        })
    }
}

/// Renews the lock until another run takes it over.
pub(super) async fn renew(lease: Arc<HeldLease>) {
    while lease.is_held().is_ok() {
        sleep(lease.terms.renewed_every).await;
        let _renewing = lease.renewing.lock().await;
        // If this fails, it is renewed next time or before the next write.
        if let Err(error) = lease.renew().await {
            tracing::debug!("the lock could not be renewed: {error}");
        }
    }
}
