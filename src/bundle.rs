//! The support archive of an installation, without secrets.

mod archive;
mod collect;
mod collector;
mod contents;
mod error;
mod logs;
mod secrets;

use std::path::Path;
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;

pub use error::Error;

use self::archive::Archive;
use self::collector::Collector;
use crate::cluster::Cluster;
use crate::status::Installed;

/// What goes into an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Only log lines of this time.
    pub since: Duration,
    /// Without the logs of what is healthy.
    pub quick: bool,
    /// When it is made.
    pub now: OffsetDateTime,
}

/// An archive that is to be written.
pub struct Bundle<'c> {
    name: String,
    collector: Collector<'c>,
    now: OffsetDateTime,
}

impl<'c> Bundle<'c> {
    /// Reads what is installed.
    ///
    /// # Errors
    /// Nothing is installed, or the inventory cannot be read.
    pub async fn new(cluster: &'c Cluster, options: Options) -> Result<Self, Error> {
        let Options { since, quick, now } = options;
        let stamp = format_description!("[year][month][day]T[hour][minute][second]Z");
        let name = format!("ksi-bundle-{}", now.format(&stamp).unwrap_or_default());
        let installed = Installed::read(cluster).await?;
        Ok(Self { name, collector: Collector { cluster, installed, since, quick, now }, now })
    }

    /// The folder in the archive that holds everything; also the name of the file without its extension.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The paths of what would be in it. Nothing is written.
    ///
    /// # Errors
    /// What is installed cannot be read.
    pub async fn paths(&self) -> Result<Vec<String>, Error> {
        let paths = self.collector.paths().await?;
        Ok(paths.iter().map(|path| format!("{}/{path}", self.name)).collect())
    }

    /// Collects and writes it to a new file. Returns what could not be read and is missing in it.
    ///
    /// # Errors
    /// The file exists or cannot be written, or what is installed cannot be read at all.
    pub async fn write(&self, path: &Path) -> Result<Vec<String>, Error> {
        // Before minutes are spent on collecting.
        let mut archive = Archive::create(path, &self.name, self.now.unix_timestamp())?;
        let missing = self.collector.collect(&mut archive).await?;
        archive.finish()?;
        Ok(missing)
    }
}
