//! Copies images: from a registry or from files, to a registry or to files. Whole images by their digests; what is
//! there already is not sent again, so that a run after an interruption sends only what is missing.

mod blobs;
mod board;
mod ends;
mod image;
mod tree;

use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio::sync::Semaphore;

use self::blobs::Blobs;
pub use self::board::{Board, Row, State};
use self::ends::{From, To};
use super::place::Place;
use super::sink::{ArchiveSink, LayoutSink};
use super::store::{IndexEntry, Store};
use crate::registry::{Client, Digest, Error, ErrorKind, Manifest, Platform, Reference};

/// How many images are under way at once. More would wait for each other.
const IMAGES: usize = 4;

/// An image to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name as it is published; files list it under this name.
    pub name: Reference,
    /// The same as configurations name it.
    pub listed: String,
    /// What the source calls it.
    pub from: Reference,
    /// What a target registry shall call it.
    pub to: Option<Reference>,
}

/// How to copy.
#[derive(Debug, Clone)]
pub struct Options {
    /// The platforms that are copied; none for all.
    pub platforms: Vec<Platform>,
    /// How many blobs are sent at once.
    pub parallel: usize,
}

/// An image that is where it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The image.
    pub item: Item,
    /// Its digest there.
    pub digest: Digest,
    /// The number of bytes that were sent.
    pub sent: u64,
    /// The number of bytes that were there before.
    pub there: u64,
    manifest: Manifest,
}

impl Copied {
    /// Where it is, with its digest.
    pub fn target(&self, to: &Place) -> String {
        match &self.item.to {
            Some(reference) => reference.clone().with_digest(self.digest.clone()).to_string(),
            None => format!("{to} {}@{}", self.item.name, self.digest),
        }
    }
}

/// An image that could not be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The image.
    pub item: Item,
    /// Why.
    pub error: Error,
}

/// A source and a target, opened.
#[derive(Debug, Clone)]
pub struct Copier {
    from: From,
    to: To,
    place: Place,
    blobs: Arc<Blobs>,
    options: Options,
}

impl Copier {
    /// Opens both ends. A registry is asked whether it answers, before anything is read from anywhere.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub async fn open(
        client: &Client,
        from: Option<&Place>,
        to: &Place,
        options: Options,
    ) -> Result<Self, Error> {
        if from == Some(to) {
            let why = "the images are to be copied to where they are";
            return Err(Error::new(ErrorKind::Usage, "write", to.to_string(), why));
        }
        let source = match from {
            Some(
                place @ (Place::Layout(_)
                | Place::Archive(_)
                | Place::DockerArchive(_)
                | Place::Content(_)),
            ) => From::Files(Box::new(files(place.clone(), Store::open).await?)),
            Some(Place::Registry { .. }) | None => From::Registry(client.clone()),
        };
        let target = match to {
            Place::Registry { host, .. } => {
                match client.ping(host).await {
                    // The credentials may be those of a path, and this asks without one.
                    Err(error) if error.kind != ErrorKind::Denied => return Err(error),
                    _ => {}
                }
                To::Registry(client.clone())
            }
            Place::Layout(path) => {
                To::Layout(files(path.clone(), |path| LayoutSink::open(path)).await?)
            }
            Place::Archive(path) => {
                To::Archive(files(path.clone(), |path| ArchiveSink::open(path)).await?)
            }
            Place::DockerArchive(_) | Place::Content(_) => {
                let why = "this format has no digests; write an oci-archive, which `docker load` and `ctr images import` read";
                return Err(Error::new(ErrorKind::Usage, "write", to.to_string(), why));
            }
        };
        let blobs = Arc::new(Blobs::new(Semaphore::new(options.parallel)));
        Ok(Self { from: source, to: target, place: to.clone(), blobs, options })
    }

    /// The names of the images in the source, if the source is files.
    pub fn names(&self) -> Vec<Option<String>> {
        match &self.from {
            From::Files(store) => store.images().iter().map(|image| image.name.clone()).collect(),
            From::Registry(_) => Vec::new(),
        }
    }

    /// Copies images, and then lists them at the target. An image that fails does not stop the others.
    ///
    /// # Errors
    /// The target cannot list them, or is an archive that would lose images of an earlier run.
    pub async fn run(
        &self,
        items: Vec<Item>,
        board: &Board,
    ) -> Result<(Vec<Copied>, Vec<Failed>), Error> {
        if let To::Archive(sink) = &self.to {
            let mut lost = sink.earlier().await?;
            lost.retain(|name| items.iter().all(|item| item.name.to_string() != *name));
            if !lost.is_empty() {
                let why = format!(
                    "it would lose the images that it has from an earlier run: {}; write another file, name them as \
                     well, or remove this one",
                    lost.join(", ")
                );
                return Err(Error::new(ErrorKind::Usage, "write", self.place.to_string(), why));
            }
        }
        let runs = items.into_iter().enumerate().map(|(at, item)| async move {
            let row = board.row(at);
            let result = self.image(&item, &row).await;
            row.end(result.as_ref());
            (at, result.map_err(|error| Failed { item, error }))
        });
        let mut results: Vec<_> =
            futures_util::stream::iter(runs).buffer_unordered(IMAGES).collect().await;
        results.sort_by_key(|(at, _)| *at);
        let (mut copied, mut failed) = (Vec::new(), Vec::new());
        for (_, result) in results {
            match result {
                Ok(one) => copied.push(one),
                Err(one) => failed.push(one),
            }
        }
        let entries =
            copied.iter().map(|one| IndexEntry::of(&one.item.name.to_string(), &one.manifest));
        match &self.to {
            // A layout without any image is none.
            To::Layout(_) if copied.is_empty() => {}
            To::Layout(sink) => sink.list(entries.collect()).await?,
            // Not an archive without some of them: the next run completes it.
            To::Archive(sink) if failed.is_empty() => sink.list(entries.collect()).await?,
            To::Registry(_) | To::Archive(_) => {}
        }
        Ok((copied, failed))
    }

    /// The target.
    pub fn place(&self) -> &Place {
        &self.place
    }
}

/// Opens files where waiting for a disk is allowed.
async fn files<P: Send + 'static, T: Send + 'static>(
    path: P,
    open: impl FnOnce(&P) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let opened = tokio::task::spawn_blocking(move || open(&path)).await;
    opened.unwrap_or_else(|error| {
        Err(Error::new(ErrorKind::Storage, "open", "the files", error.to_string()))
    })
}

#[cfg(test)]
mod tests;
