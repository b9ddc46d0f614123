//! A directory with the OCI layout.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};
use tempfile::NamedTempFile;

use super::{blocking, failed, pour, sync_folder};
use crate::images::place::Place;
use crate::images::store::{INDEX, Index, IndexEntry, LAYOUT, LAYOUT_TEXT, blob_path};
use crate::images::tarball;
use crate::registry::{Descriptor, Digest, Error, Manifest, Source};

/// What files are called that are not finished. A run that was killed leaves them, and the next one removes them.
const PART: &str = ".ksi-part-";
const LOCK: &str = ".ksi-lock";

/// An open layout, which only one run writes to.
#[derive(Debug, Clone)]
pub(in crate::images) struct LayoutSink {
    place: Place,
    folder: PathBuf,
    _lock: Arc<File>,
}

impl LayoutSink {
    /// Opens a layout, or makes an empty one.
    pub(in crate::images) fn open(folder: &Path) -> Result<Self, Error> {
        let place = Place::Layout(folder.to_owned());
        let lock = prepare(folder).map_err(|error| failed(&place, &error))?;
        Ok(Self { place, folder: folder.to_owned(), _lock: Arc::new(lock) })
    }

    /// Whether it has a blob: then it is whole.
    pub(in crate::images) fn has(&self, digest: &Digest, size: u64) -> bool {
        let found = fs::symlink_metadata(self.folder.join(blob_path(digest)));
        found.is_ok_and(|found| found.is_file() && found.len() == size)
    }

    /// The digest of the image of a name.
    pub(in crate::images) fn digest(&self, name: &str) -> Option<Digest> {
        let index = Index::parse(&tarball::read_file(&self.folder.join(INDEX)).ok()?).ok()?;
        index.digest(name)
    }

    /// Writes a blob.
    pub(in crate::images) async fn write(
        &self,
        descriptor: &Descriptor,
        source: Source,
    ) -> Result<(), Error> {
        let path = self.folder.join(blob_path(&descriptor.digest));
        pour(&self.place, descriptor, source, move |next| {
            let mut part = part(&path)?;
            while let Some(piece) = next()? {
                part.write_all(&piece)?;
            }
            keep(part, &path)
        })
        .await
    }

    /// Writes a manifest.
    pub(in crate::images) async fn manifest(&self, manifest: &Manifest) -> Result<(), Error> {
        let path = self.folder.join(blob_path(&manifest.digest));
        let bytes = manifest.bytes.clone();
        blocking(&self.place, move || {
            let mut part = part(&path)?;
            part.write_all(&bytes)?;
            keep(part, &path)
        })
        .await
    }

    /// Lists images, beside those that are listed already.
    pub(in crate::images) async fn list(&self, images: Vec<IndexEntry>) -> Result<(), Error> {
        let folder = self.folder.clone();
        blocking(&self.place, move || {
            let path = folder.join(INDEX);
            let mut index = match tarball::read_file(&path) {
                Ok(text) => Index::parse(&text).map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => Index::empty(),
                Err(error) => return Err(error),
            };
            for image in images {
                index.set(image);
            }
            let mut part = part(&path)?;
            part.write_all(index.text().as_bytes())?;
            keep(part, &path)
        })
        .await
    }
}

fn prepare(folder: &Path) -> io::Result<File> {
    fs::create_dir_all(folder.join("blobs/sha256"))?;
    let lock = File::create(folder.join(LOCK))?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|error| {
        if error == rustix::io::Errno::WOULDBLOCK {
            return io::Error::other("another run of ksi writes to it");
        }
        error.into()
    })?;
    for folder in [folder.to_owned(), folder.join("blobs/sha256"), folder.join("blobs/sha512")] {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(PART) {
                fs::remove_file(entry.path())?;
            }
        }
    }
    let path = folder.join(LAYOUT);
    if !path.exists() {
        let mut part = part(&path)?;
        part.write_all(LAYOUT_TEXT.as_bytes())?;
        keep(part, &path)?;
    }
    Ok(lock)
}

/// A file beside the one that it will be.
fn part(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    tempfile::Builder::new().prefix(PART).tempfile_in(folder)
}

/// Gives a file its name when all of it is on the disk: a stick may be pulled out at any time.
fn keep(part: NamedTempFile, path: &Path) -> io::Result<()> {
    part.as_file().sync_data()?;
    readable(part.as_file())?;
    part.persist(path).map_err(|error| error.error)?;
    sync_folder(path)
}

/// Temporary files are private; images are not.
fn readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    // A stick with FAT has no rights.
    match file.set_permissions(fs::Permissions::from_mode(0o644)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        other => other,
    }
}
