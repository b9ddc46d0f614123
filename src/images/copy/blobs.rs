//! Blobs, each sent once for all images that have it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use tokio::sync::{Mutex as AsyncMutex, Semaphore};

use super::board::OneRow;
use super::ends::{To, repository};
use super::{Copier, Item};
use crate::registry::{Descriptor, Digest, Error, ErrorKind, Repository, Source};

/// The repository at the target that has a blob; any in files.
type Owner = Arc<AsyncMutex<Option<Option<Repository>>>>;

/// What is known of the blobs of a run.
#[derive(Debug)]
pub(super) struct Blobs {
    under_way: Semaphore,
    owners: Mutex<HashMap<Digest, Owner>>,
}

impl Blobs {
    pub(super) fn new(under_way: Semaphore) -> Self {
        Self { under_way, owners: Mutex::default() }
    }

    fn owner(&self, digest: &Digest) -> Owner {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(owners.entry(digest.clone()).or_default())
    }
}

impl Copier {
    /// Brings a blob to the target, unless it is there. Returns the number of bytes that were sent.
    pub(super) async fn blob(
        &self,
        item: &Item,
        blob: &Descriptor,
        row: &OneRow,
    ) -> Result<u64, Error> {
        // Another image may be sending it: then it is there afterwards.
        let owner = self.blobs.owner(&blob.digest);
        let mut owner = owner.lock().await;
        // Never closed.
        let _permit = self.blobs.under_way.acquire().await.ok();
        let sent = if self.is_there(item, blob, owner.as_ref()).await? {
            row.there(blob.size);
            0
        } else {
            self.send(item, blob, row).await?;
            blob.size
        };
        *owner = Some(item.to.as_ref().map(|to| to.repository().clone()));
        Ok(sent)
    }

    /// Whether the target has it, or takes it from another repository of the same registry.
    async fn is_there(
        &self,
        item: &Item,
        blob: &Descriptor,
        owner: Option<&Option<Repository>>,
    ) -> Result<bool, Error> {
        let To::Registry(client) = &self.to else {
            return if owner.is_some() { Ok(true) } else { self.to.has(item, blob).await };
        };
        let own = repository(item)?;
        let owner = owner.and_then(Option::as_ref);
        if owner == Some(own) || (owner.is_none() && self.to.has(item, blob).await?) {
            return Ok(true);
        }
        let source = item.from.repository();
        let source = Some(source).filter(|from| from.registry() == own.registry() && *from != own);
        let Some(from) = owner.or(source) else { return Ok(false) };
        match client.mount(own, &blob.digest, from).await {
            Ok(mounted) if mounted => Ok(true),
            // Not every registry mounts, and not for everybody.
            Ok(_) => self.to.has(item, blob).await,
            Err(ref error)
                if matches!(
                    error.kind,
                    ErrorKind::Refused | ErrorKind::Denied | ErrorKind::NotFound
                ) =>
            {
                self.to.has(item, blob).await
            }
            Err(error) => Err(error),
        }
    }

    async fn send(&self, item: &Item, blob: &Descriptor, row: &OneRow) -> Result<(), Error> {
        let counted = Counted::new(row);
        let sent = self.send_counted(item, blob, &counted).await;
        if sent.is_err() {
            counted.forget();
        }
        sent
    }

    async fn send_counted(
        &self,
        item: &Item,
        blob: &Descriptor,
        counted: &Counted<'_>,
    ) -> Result<(), Error> {
        let open = || async {
            counted.forget();
            Ok::<Source, Error>(counted.count(self.from.blob(item, blob).await?))
        };
        match &self.to {
            To::Registry(client) => client.push_blob(repository(item)?, blob, open).await,
            To::Layout(sink) => sink.write(blob, open().await?).await,
            To::Archive(sink) => sink.write(blob, open().await?).await,
        }
    }
}

/// The bytes of one blob in the row of its image.
struct Counted<'r> {
    row: &'r OneRow,
    bytes: Arc<AtomicU64>,
}

impl<'r> Counted<'r> {
    fn new(row: &'r OneRow) -> Self {
        Self { row, bytes: Arc::default() }
    }

    /// What was sent counts no more.
    fn forget(&self) {
        self.row.lost(self.bytes.swap(0, Ordering::Relaxed));
    }

    fn count(&self, source: Source) -> Source {
        let (row, bytes) = (self.row.clone(), Arc::clone(&self.bytes));
        source
            .inspect(move |piece| {
                if let Ok(piece) = piece {
                    let length = piece.len() as u64;
                    bytes.fetch_add(length, Ordering::Relaxed);
                    row.sent(length);
                }
            })
            .boxed()
    }
}
