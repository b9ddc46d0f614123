//! Why a support archive cannot be made.

use std::io;
use std::path::PathBuf;

use crate::{cluster, status};

/// Why a support archive cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is such a file already; nothing is overwritten.
    #[error("cannot write {}: the file already exists", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The archive, or something in it, cannot be written.
    #[error("cannot write {place}: {cause}")]
    Write {
        /// The file, or the path in the archive.
        place: String,
        /// What went wrong.
        cause: io::Error,
    },
    /// What is installed cannot be read.
    #[error(transparent)]
    Status(#[from] status::Error),
}

impl From<cluster::Error> for Error {
    fn from(error: cluster::Error) -> Self {
        Self::Status(error.into())
    }
}
