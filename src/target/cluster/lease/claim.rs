//! A write that may make the lock ours, and how it is undone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::errors;
use super::manifest::{id, manifest};
use super::terms::Terms;
use crate::cluster::{Cluster, Error, ErrorKind};

/// How often a renewal in flight may conflict with a release.
const RELEASE_TRIES: u32 = 5;

/// How long a run waits for them at its end. After that the lock expires by itself.
const UNDONE: Duration = Duration::from_secs(10);

/// The claims that are being undone.
#[derive(Debug, Default, Clone)]
pub(in super::super) struct Undoing(Arc<Mutex<Vec<JoinHandle<()>>>>);

impl Undoing {
    /// Returns when all of them are undone, or after a while.
    pub(in super::super) async fn finished(&self) {
        let all = async {
            while let Some(undoing) = self.pop() {
                // It neither panics nor is it aborted.
                let _ = undoing.await;
            }
        };
        let _ = tokio::time::timeout(UNDONE, all).await;
    }

    fn pop(&self) -> Option<JoinHandle<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn push(&self, undoing: JoinHandle<()>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(undoing);
    }
}

/// Makes the lock ours, or may do so. Dropping it releases the lock, unless it is disarmed.
#[derive(Debug)]
pub(super) struct Claim {
    cluster: Cluster,
    holder: String,
    undoing: Undoing,
    /// The write of the Lease that is under way.
    write: Option<JoinHandle<Result<Value, Error>>>,
    armed: bool,
}

impl Claim {
    pub(super) fn new(cluster: &Cluster, holder: &str, undoing: &Undoing) -> Self {
        let cluster = cluster.urgent(Terms::default().renewed_every);
        let (holder, undoing) = (holder.to_owned(), undoing.clone());
        Self { cluster, holder, undoing, write: None, armed: true }
    }

    /// Writes the Lease. The write runs to its end even if this future is dropped, since nobody can tell whether
    /// the server carries out a request that is cut off.
    pub(super) async fn write(
        &mut self,
        write: impl Future<Output = Result<Value, Error>> + Send + 'static,
    ) -> Result<Value, Error> {
        let answer = self.write.insert(tokio::spawn(write)).await;
        self.write = None;
        answer.unwrap_or_else(|_| Err(errors::cut_off()))
    }

    /// The lock is not ours, or no longer.
    pub(super) fn disarm(mut self) {
        self.armed = false;
    }

    /// Releases the lock.
    pub(super) async fn undo(self) {
        release(&self.cluster, &self.holder).await;
        self.disarm();
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Without a runtime, the next run waits until the lock expires.
        let runtime = Handle::try_current();
        if let (true, Ok(runtime)) = (self.armed, runtime) {
            let (cluster, holder) = (self.cluster.clone(), std::mem::take(&mut self.holder));
            let write = self.write.take();
            self.undoing.push(runtime.spawn(async move {
                if let Some(write) = write {
                    // Whatever came of it, the Lease shows it.
                    let _ = write.await;
                }
                release(&cluster, &holder).await;
            }));
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
