//! The Lease that this run holds.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::sleep;

use super::manifest::{id, now};
use super::moment::Moment;
use super::{Terms, errors};
use crate::cluster::{Cluster, Error, ErrorKind, WriteLock};

/// A lock that this run took.
#[derive(Debug)]
pub(in super::super) struct HeldLease {
    cluster: Cluster,
    holder: String,
    terms: Terms,
    /// When it was last renewed, by our clock; `None` after another run took it over.
    renewed: Mutex<Option<Moment>>,
    /// So that concurrent writes renew it once.
    renewing: tokio::sync::Mutex<()>,
}

impl HeldLease {
    pub(super) fn new(cluster: &Cluster, holder: &str, terms: Terms, renewed: Moment) -> Self {
        Self {
            // A renewal that waits for slow requests, or for a lost response, comes too late.
            cluster: cluster.urgent(terms.renewed_every),
            holder: holder.to_owned(),
            terms,
            renewed: Mutex::new(Some(renewed)),
            renewing: tokio::sync::Mutex::default(),
        }
    }

    /// Renews it if it is still ours. Otherwise cancels the run, so that all its requests fail.
    async fn renew(&self) -> Result<(), Error> {
        loop {
            // The response may be slow.
            let asked = Moment::now();
            let live = self.cluster.get(&id()).await?;
            let ours = live.filter(|l| l["spec"]["holderIdentity"] == self.holder.as_str());
            let Some(mut live) = ours else {
                self.set_renewed(None);
                let lost = errors::taken_over();
                self.cluster.cancel(lost.clone());
                return Err(lost);
            };
            live["spec"]["renewTime"] = now().into();
            match self.cluster.replace(&live).await {
                Ok(_) => {
                    self.set_renewed(Some(asked));
                    return Ok(());
                }
                // Changed by somebody else, or by us if the response was lost.
                Err(error) if error.kind == ErrorKind::Changed => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl HeldLease {
    fn renewed(&self) -> Option<Moment> {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_renewed(&self, renewed: Option<Moment>) {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = renewed;
    }
}

impl WriteLock for HeldLease {
    /// Whether it was renewed so recently that no other run can have taken it over.
    fn is_held(&self) -> Result<bool, Error> {
        match self.renewed() {
            Some(renewed) => Ok(renewed.elapsed() < self.terms.writes_begin),
            None => Err(errors::taken_over()),
        }
    }

    fn time_left(&self) -> Duration {
        let left = |renewed: Moment| self.terms.writes_end.saturating_sub(renewed.elapsed());
        self.renewed().map(left).unwrap_or_default()
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
