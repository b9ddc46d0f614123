//! Images in files: an OCI layout in a directory or in a tar file, and what `docker save` writes.

mod docker;
mod layout;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use tokio::sync::mpsc;

pub(super) use self::layout::{
    Descriptor as IndexEntry, INDEX, Index, LAYOUT, LAYOUT_TEXT, blob_path, blobs,
};
use super::place::Place;
use super::tarball::{self, LARGEST_TEXT, Range, Tarball};
use crate::registry::{self, Bytes, Descriptor, Digest, Error, ErrorKind, Manifest, Reference};

/// What is read at once, and how many of these may wait for the one who writes.
const PIECE: usize = 256 * 1024;
const PIECES: usize = 4;

/// An image in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// Its name, as far as the store says it: a whole reference, or only a tag.
    pub(super) name: Option<String>,
    /// Its manifest or index.
    pub(super) descriptor: Descriptor,
}

/// Where the contents are.
#[derive(Debug, Clone)]
enum Contents {
    Folder(PathBuf),
    Tar { tarball: Tarball, blobs: BTreeMap<Digest, Range>, made: BTreeMap<Digest, Bytes> },
}

/// Images in files.
#[derive(Debug, Clone)]
pub(super) struct Store {
    place: Place,
    images: Vec<Named>,
    contents: Contents,
}

impl Store {
    /// Opens the files of a place. Must not be called where waiting for a disk is not allowed.
    ///
    /// # Errors
    /// They cannot be read, or contain no images.
    pub(super) fn open(place: &Place) -> Result<Self, Error> {
        let opened = match place {
            Place::Layout(path) => Self::folder(path),
            Place::Archive(path) => Tarball::open(path).map_err(Wrong::from).and_then(layout::open),
            Place::DockerArchive(path) => {
                Tarball::open(path).map_err(Wrong::from).and_then(|tarball| {
                    // Newer versions of Docker write both.
                    if tarball.find(INDEX).is_some() && tarball.find(LAYOUT).is_some() {
                        layout::open(tarball)
                    } else {
                        docker::open(tarball)
                    }
                })
            }
            Place::Content(path) => std::fs::read_dir(path.join("blobs"))
                .map(|_| (Vec::new(), Contents::Folder(path.clone())))
                .map_err(Wrong::from),
            Place::Registry { .. } => Err(Wrong::Contents("it is a registry".to_owned())),
        };
        let (images, contents) = opened.map_err(|wrong| wrong.at(place))?;
        Ok(Self { place: place.clone(), images, contents })
    }

    fn folder(path: &Path) -> Result<(Vec<Named>, Contents), Wrong> {
        if !path.is_dir() {
            // So that the message says what is missing.
            std::fs::read_dir(path)?;
        }
        let index = tarball::read_file(&path.join(INDEX)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Wrong::Contents(
                "it has no index.json: it is no OCI layout, or the copy to it did not end"
                    .to_owned(),
            ),
            _ => error.into(),
        })?;
        Ok((Index::parse(&index)?.images()?, Contents::Folder(path.to_owned())))
    }

    /// The images in it.
    pub(super) fn images(&self) -> &[Named] {
        &self.images
    }

    /// The image of a name.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub(super) fn find(&self, name: &Reference) -> Result<Descriptor, Error> {
        if let (Place::Content(_), Some(digest)) = (&self.place, name.digest()) {
            return self.by_digest(digest);
        }
        let whole = |image: &&Named| {
            let own = image.name.as_deref().and_then(|name| name.parse::<Reference>().ok());
            own.is_some_and(|own| own.repository() == name.repository() && own.tag() == name.tag())
        };
        let by_digest = |image: &&Named| name.digest() == Some(&image.descriptor.digest);
        // Other tools may write only the tag.
        let by_tag = |image: &&Named| image.name.is_some() && image.name.as_deref() == name.tag();
        let mut found = self.images.iter().filter(whole);
        let mut image = found.next();
        if image.is_none() {
            image = self.images.iter().find(by_digest);
        }
        if image.is_none() {
            let mut tagged = self.images.iter().filter(by_tag);
            image = tagged.next().filter(|_| tagged.next().is_none());
        }
        let image = image.ok_or_else(|| {
            let known: Vec<_> =
                self.images.iter().filter_map(|i| i.name.as_deref()).take(5).collect();
            let known =
                if known.is_empty() { "none with a name".to_owned() } else { known.join(", ") };
            let why = format!("{} does not have it; it has {known}", self.place);
            Error::new(ErrorKind::NotFound, "read", name.to_string(), why)
        })?;
        match name.digest() {
            Some(digest) if *digest != image.descriptor.digest => {
                let why = format!("{} has another one: {}", self.place, image.descriptor.digest);
                Err(Error::new(ErrorKind::NotFound, "read", name.to_string(), why))
            }
            _ => Ok(image.descriptor.clone()),
        }
    }

    /// The manifest of a digest, in a store without names.
    fn by_digest(&self, digest: &Digest) -> Result<Descriptor, Error> {
        let wrong = |kind, why: String| Error::new(kind, "read", self.within(digest), why);
        let found =
            self.locate(digest).map_err(|error| wrong(ErrorKind::Storage, error.to_string()))?;
        let (_, range) =
            found.ok_or_else(|| wrong(ErrorKind::NotFound, "it is not there".to_owned()))?;
        Ok(Descriptor {
            media_type: String::new(),
            digest: digest.clone(),
            size: range.size,
            platform: None,
            urls: Vec::new(),
            annotations: BTreeMap::new(),
        })
    }

    /// A small blob as a whole, verified: a configuration.
    ///
    /// # Errors
    /// It is not there, or not what its digest says.
    pub(super) fn small(&self, descriptor: &Descriptor) -> Result<Bytes, Error> {
        let wrong =
            |kind, why: String| Error::new(kind, "read", self.within(&descriptor.digest), why);
        let text = self.text(&descriptor.digest);
        let text = text.map_err(|error| wrong(ErrorKind::Storage, error.to_string()))?;
        let text = text.ok_or_else(|| wrong(ErrorKind::NotFound, "it is not there".to_owned()))?;
        let mut hasher = descriptor.digest.hasher();
        hasher.update(&text);
        let found = hasher.finish();
        if found != descriptor.digest {
            return Err(wrong(ErrorKind::Digest, format!("it was changed or damaged: {found}")));
        }
        Ok(text)
    }

    /// A manifest or an index, verified.
    ///
    /// # Errors
    /// It is not there, or not what its digest says.
    pub(super) fn manifest(&self, descriptor: &Descriptor) -> Result<Manifest, Error> {
        let text = self.small(descriptor)?;
        let mut manifest = Manifest::parse(text, Some(&descriptor.media_type)).map_err(|why| {
            Error::new(ErrorKind::Unsupported, "read", self.within(&descriptor.digest), why)
        })?;
        manifest.digest = descriptor.digest.clone();
        Ok(manifest)
    }

    fn text(&self, digest: &Digest) -> io::Result<Option<Bytes>> {
        let (file, range) = match &self.contents {
            Contents::Tar { made, .. } if made.contains_key(digest) => {
                return Ok(made.get(digest).cloned());
            }
            _ => match self.locate(digest)? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        if range.size > LARGEST_TEXT {
            return Err(io::Error::other("it is too large for a manifest"));
        }
        tarball::read_text(&file, range).map(|text| Some(text.into()))
    }

    fn locate(&self, digest: &Digest) -> io::Result<Option<(Arc<File>, Range)>> {
        match &self.contents {
            Contents::Folder(path) => match File::open(path.join(blob_path(digest))) {
                Ok(file) => {
                    let size = file.metadata()?.len();
                    Ok(Some((Arc::new(file), Range { start: 0, size })))
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
            Contents::Tar { tarball, blobs, .. } => {
                Ok(blobs.get(digest).map(|range| (Arc::clone(&tarball.file), *range)))
            }
        }
    }

    /// The bytes of a blob. A wrong digest is an error in place of the last piece.
    ///
    /// # Errors
    /// It is not there, or has another size.
    pub(super) fn blob(&self, descriptor: &Descriptor) -> Result<registry::Source, Error> {
        let place = self.within(&descriptor.digest);
        let wrong = |kind, why: String| Error::new(kind, "read", place.clone(), why);
        if let Contents::Tar { made, .. } = &self.contents
            && let Some(bytes) = made.get(&descriptor.digest)
        {
            return Ok(stream::iter([Ok(bytes.clone())]).boxed());
        }
        let found = self.locate(&descriptor.digest);
        let found = found.map_err(|error| wrong(ErrorKind::Storage, error.to_string()))?;
        let (file, range) =
            found.ok_or_else(|| wrong(ErrorKind::NotFound, "it is not there".to_owned()))?;
        if range.size != descriptor.size {
            let why = format!("it has {} bytes instead of {}", range.size, descriptor.size);
            return Err(wrong(ErrorKind::Digest, why));
        }
        let (sender, pieces) = mpsc::channel(PIECES);
        let digest = descriptor.digest.clone();
        // A disk may be slow, and hashing takes as long as sending.
        tokio::task::spawn_blocking(move || {
            let error = match read(&file, range, &digest, &sender) {
                Ok(None) => return,
                Ok(Some(found)) => {
                    let why = format!("it was changed or damaged: {found}");
                    Error::new(ErrorKind::Digest, "read", place, why)
                }
                Err(error) => Error::new(ErrorKind::Storage, "read", place, error.to_string()),
            };
            // Nobody reads any more: the error is of no use.
            let _ = sender.blocking_send(Err(error));
        });
        Ok(stream::unfold(pieces, |mut pieces| async { Some((pieces.recv().await?, pieces)) })
            .boxed())
    }

    fn within(&self, digest: &Digest) -> String {
        format!("{digest} in {}", self.place)
    }
}

/// Sends the pieces of a file. Returns the digest if it is a wrong one; the last piece is not sent then.
fn read(
    file: &File,
    range: Range,
    digest: &Digest,
    sender: &mpsc::Sender<Result<Bytes, Error>>,
) -> io::Result<Option<Digest>> {
    let (mut hasher, mut done) = (digest.hasher(), 0);
    loop {
        let left = range.size - done;
        let length = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        let mut piece = vec![0; length];
        file.read_exact_at(&mut piece, range.start + done)?;
        hasher.update(&piece);
        done += length as u64;
        if done == range.size {
            let found = hasher.finish();
            if found != *digest {
                return Ok(Some(found));
            }
            let _ = sender.blocking_send(Ok(piece.into()));
            return Ok(None);
        }
        if sender.blocking_send(Ok(piece.into())).is_err() {
            return Ok(None);
        }
    }
}

/// Why a store cannot be used.
enum Wrong {
    File(io::Error),
    Contents(String),
}

impl Wrong {
    fn at(self, place: &Place) -> Error {
        match self {
            Self::File(error) => {
                Error::new(ErrorKind::Storage, "read", place.to_string(), error.to_string())
            }
            Self::Contents(why) => {
                Error::new(ErrorKind::Unsupported, "read", place.to_string(), why)
            }
        }
    }
}

impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<String> for Wrong {
    fn from(why: String) -> Self {
        Self::Contents(why)
    }
}
