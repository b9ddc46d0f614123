//! Files that images are written to. Nothing that was not verified ever has the name under which it is looked for: a
//! blob is written under another name until its digest is right, and the list of images comes last.

mod archive;
mod layout;

use std::fs::File;
use std::io;
use std::path::Path;

use futures_util::StreamExt as _;
use tokio::sync::mpsc;

pub(super) use self::archive::ArchiveSink;
pub(super) use self::layout::LayoutSink;
use super::place::Place;
use crate::registry::{Bytes, Descriptor, Digest, Error, ErrorKind, Source};

/// How many pieces may wait for the disk.
const PIECES: usize = 4;

/// An error of writing files.
fn failed(place: &Place, error: &io::Error) -> Error {
    let kind = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match kind {
        Some(error) => error.clone(),
        None => Error::new(ErrorKind::Storage, "write", place.to_string(), error.to_string()),
    }
}

/// Brings the new name of a file to the disk, beside what is in the file. Not every file system can.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()) {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        other => other,
    }
}

/// Runs what may wait for a disk.
async fn blocking<T: Send + 'static>(
    place: &Place,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| failed(place, &error)),
        Err(error) => Err(failed(place, &io::Error::other(error))),
    }
}

/// Gives the pieces of a source to `write`, which runs where it may wait for a disk, and verifies size and digest.
async fn pour<T: Send + 'static>(
    place: &Place,
    descriptor: &Descriptor,
    mut source: Source,
    write: impl FnOnce(&mut dyn FnMut() -> io::Result<Option<Bytes>>) -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let (sender, mut pieces) = mpsc::channel::<Result<Bytes, Error>>(PIECES);
    let wanted = descriptor.clone();
    let written = blocking(place, move || {
        let (mut hasher, mut received) = (wanted.digest.hasher(), 0);
        let mut next = || match pieces.blocking_recv() {
            Some(Ok(piece)) => {
                hasher.update(&piece);
                received += piece.len() as u64;
                if received > wanted.size {
                    return Err(other(&wanted, &format!("more than {} bytes", wanted.size)));
                }
                Ok(Some(piece))
            }
            Some(Err(error)) => Err(io::Error::other(error)),
            None => {
                // Where the copy is interrupted, the source ends early.
                if received < wanted.size {
                    return Err(other(&wanted, &format!("{received} of {} bytes", wanted.size)));
                }
                let found: Digest = hasher.clone().finish();
                if found == wanted.digest { Ok(None) } else { Err(other(&wanted, found.as_str())) }
            }
        };
        write(&mut next)
    });
    let send = async move {
        while let Some(piece) = source.next().await {
            let end = piece.is_err();
            // Nobody receives after an error of the disk, which is told below.
            if sender.send(piece).await.is_err() || end {
                break;
            }
        }
    };
    let (written, ()) = tokio::join!(written, send);
    written
}

fn other(wanted: &Descriptor, found: &str) -> io::Error {
    let why = format!("something else arrived: {found}");
    io::Error::other(Error::new(ErrorKind::Digest, "read", wanted.digest.to_string(), why))
}
