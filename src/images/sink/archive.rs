//! A tar file with the OCI layout. It is written under another name and renamed at the end; what an interrupted run
//! wrote is verified and used again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};
use tar::{EntryType, Header};
use tokio::sync::Mutex;

use super::{blocking, failed, pour, sync_folder};
use crate::images::place::Place;
use crate::images::store::{INDEX, Index, IndexEntry, LAYOUT, LAYOUT_TEXT, blob_path, blobs};
use crate::images::tarball::{Range, Tarball};
use crate::registry::{Bytes, Descriptor, Digest, Error, Manifest, Source};

const BLOCK: u64 = 512;
/// Two empty blocks.
const END: [u8; 1024] = [0; 1024];
/// What is read at once.
const PIECE: usize = 256 * 1024;

/// The archive of a run.
#[derive(Debug, Clone)]
pub(in crate::images) struct ArchiveSink {
    place: Place,
    path: PathBuf,
    state: Arc<Mutex<State>>,
    /// The archive of an earlier run under the final name: what it has need not be read from afar.
    earlier: Option<Arc<(Tarball, BTreeMap<Digest, Range>)>>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// Where the next part begins.
    end: u64,
    written: BTreeMap<Digest, u64>,
}

impl ArchiveSink {
    /// Opens the file beside the archive, and takes over what is right in it.
    pub(in crate::images) fn open(path: &Path) -> Result<Self, Error> {
        let place = Place::Archive(path.to_owned());
        let opened = begin(&part(path)).map_err(|error| failed(&place, &error))?;
        let earlier = Tarball::open(path).ok().map(|tarball| {
            let blobs = blobs(&tarball);
            Arc::new((tarball, blobs))
        });
        let state = Arc::new(Mutex::new(opened));
        Ok(Self { place, path: path.to_owned(), state, earlier })
    }

    /// The images of the archive of an earlier run, which the new one takes the place of.
    pub(in crate::images) async fn earlier(&self) -> Result<Vec<String>, Error> {
        let Some(earlier) = self.earlier.clone() else { return Ok(Vec::new()) };
        blocking(&self.place, move || {
            let Some(text) = earlier.0.text(INDEX)? else { return Ok(Vec::new()) };
            let index = Index::parse(&text).map_err(io::Error::other)?;
            Ok(index.names().cloned().collect())
        })
        .await
    }

    /// Whether it has a blob, if need be from the archive of an earlier run.
    pub(in crate::images) async fn has(&self, descriptor: &Descriptor) -> Result<bool, Error> {
        if self.state.lock().await.written.contains_key(&descriptor.digest) {
            return Ok(true);
        }
        let Some(earlier) = &self.earlier else { return Ok(false) };
        let (tarball, blobs) = &**earlier;
        let Some(range) =
            blobs.get(&descriptor.digest).filter(|range| range.size == descriptor.size)
        else {
            return Ok(false);
        };
        let (file, range) = (Arc::clone(&tarball.file), *range);
        let read = move |next: &mut dyn FnMut(&[u8]) -> io::Result<()>| pieces(&file, range, next);
        Ok(self.append(descriptor, read).await.is_ok())
    }

    /// Writes a blob. One at a time: a tar file has one end.
    pub(in crate::images) async fn write(
        &self,
        descriptor: &Descriptor,
        source: Source,
    ) -> Result<(), Error> {
        let mut state = Arc::clone(&self.state).lock_owned().await;
        let wanted = descriptor.clone();
        pour(&self.place, descriptor, source, move |next| {
            let path = blob_path(&wanted.digest);
            state.part(&path, wanted.size, |file| {
                while let Some(piece) = next()? {
                    file.write_all(&piece)?;
                }
                Ok(())
            })?;
            state.written.insert(wanted.digest, wanted.size);
            Ok(())
        })
        .await
    }

    /// Writes a manifest.
    pub(in crate::images) async fn manifest(&self, manifest: &Manifest) -> Result<(), Error> {
        let descriptor = manifest.descriptor();
        if self.state.lock().await.written.contains_key(&descriptor.digest) {
            return Ok(());
        }
        let bytes: Bytes = manifest.bytes.clone();
        self.append(&descriptor, move |next| next(&bytes)).await
    }

    /// Writes what is at hand.
    async fn append(
        &self,
        descriptor: &Descriptor,
        read: impl FnOnce(&mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> + Send + 'static,
    ) -> Result<(), Error> {
        let mut state = Arc::clone(&self.state).lock_owned().await;
        let wanted = descriptor.clone();
        blocking(&self.place, move || {
            let mut hasher = wanted.digest.hasher();
            state.part(&blob_path(&wanted.digest), wanted.size, |file| {
                read(&mut |piece| {
                    hasher.update(piece);
                    file.write_all(piece)
                })?;
                if hasher.finish() == wanted.digest {
                    Ok(())
                } else {
                    Err(super::other(&wanted, "damaged"))
                }
            })?;
            state.written.insert(wanted.digest, wanted.size);
            Ok(())
        })
        .await
    }

    /// Ends the archive: the list of images, then the name. It takes the place of an earlier archive.
    pub(in crate::images) async fn list(&self, images: Vec<IndexEntry>) -> Result<(), Error> {
        let mut state = Arc::clone(&self.state).lock_owned().await;
        let path = self.path.clone();
        blocking(&self.place, move || {
            let mut index = Index::empty();
            for image in images {
                index.set(image);
            }
            let text = index.text();
            let begin = state.end;
            let ended = (|| {
                for (name, text) in [(LAYOUT, LAYOUT_TEXT), (INDEX, text.as_str())] {
                    state.part(name, text.len() as u64, |file| file.write_all(text.as_bytes()))?;
                }
                state.file.write_all(&END)?;
                state.file.sync_all()
            })();
            if ended.is_err() {
                // The next run continues before it.
                state.end = begin;
                let _ = state.file.set_len(begin);
            }
            ended?;
            fs::rename(part(&path), &path)?;
            sync_folder(&path)
        })
        .await
    }
}

/// The file that becomes the archive.
fn part(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

/// Opens the unfinished archive. What its parts are is not believed, but read.
fn begin(path: &Path) -> io::Result<State> {
    let mut file =
        File::options().read(true).write(true).create(true).truncate(false).open(path)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| {
        if error == rustix::io::Errno::WOULDBLOCK {
            return io::Error::other("another run of ksi writes to it");
        }
        error.into()
    })?;
    let mut state = State { end: 0, written: BTreeMap::new(), file: file.try_clone()? };
    // Half of a header would be an error.
    file.set_len(file.metadata()?.len() / BLOCK * BLOCK)?;
    // A file that is no archive is begun anew.
    if let Ok(tarball) = Tarball::read(file.try_clone()?) {
        let mut ranges: Vec<_> = blobs(&tarball).into_iter().collect();
        ranges.sort_by_key(|(_, range)| range.start);
        for (digest, range) in ranges {
            let mut hasher = digest.hasher();
            let read = pieces(&tarball.file, range, &mut |piece| {
                hasher.update(piece);
                Ok(())
            });
            // Anything between the parts would be unknown, for example a list of images.
            if range.start != state.end + BLOCK || read.is_err() || hasher.finish() != digest {
                break;
            }
            state.end = (range.start + range.size).next_multiple_of(BLOCK);
            state.written.insert(digest, range.size);
        }
    }
    file.set_len(state.end)?;
    file.seek(SeekFrom::Start(state.end))?;
    Ok(state)
}

impl State {
    /// Writes a part, or nothing of it.
    fn part(
        &mut self,
        path: &str,
        size: u64,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_path(path)?;
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_size(size);
        header.set_cksum();
        self.file.seek(SeekFrom::Start(self.end))?;
        let whole = (self.end + BLOCK + size).next_multiple_of(BLOCK);
        let written = self.file.write_all(header.as_bytes()).and_then(|()| write(&mut self.file));
        // Extended with zeros up to the next block.
        let written = written.and_then(|()| self.file.set_len(whole));
        if let Err(error) = written {
            // What does not fit on a full disk can still be cut off.
            let _ = self.file.set_len(self.end);
            return Err(error);
        }
        self.end = whole;
        self.file.seek(SeekFrom::Start(whole)).map(drop)
    }
}

/// Reads a part piece by piece.
fn pieces(
    file: &File,
    range: Range,
    next: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let (mut piece, mut done) = (vec![0; PIECE], 0);
    while done < range.size {
        let length = usize::try_from(range.size - done).map_or(PIECE, |left| left.min(PIECE));
        file.read_exact_at(&mut piece[..length], range.start + done)?;
        next(&piece[..length])?;
        done += length as u64;
    }
    Ok(())
}
