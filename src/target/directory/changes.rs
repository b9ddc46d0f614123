//! Changes that are staged first, so that a full disk is found before anything is changed.

use std::path::{Path, PathBuf};

use super::disk::{self, Disk};
use crate::target::Error;

const SYNCS_AT_ONCE: usize = 4;

/// Changes that wait for their commit.
#[derive(Debug, Default)]
pub(super) struct Changes {
    waiting: Vec<Change>,
    /// Names in the staging folder are never used twice in a run.
    staged: usize,
}

#[derive(Debug)]
enum Change {
    Put { staged: PathBuf, path: PathBuf },
    Remove { path: PathBuf },
}

impl Changes {
    /// Stages a file.
    pub(super) fn put(
        &mut self,
        disk: &Disk,
        staging: &Path,
        path: PathBuf,
        text: &str,
        mode: u32,
    ) -> Result<(), Error> {
        // Now, not in the middle of the commit: something that is not ours may be in the way.
        disk::is_file("write", &path)?;
        disk.make_directory(staging, 0o700)?;
        let staged = staging.join(format!("{:06}", self.staged));
        self.staged += 1;
        disk.create(&staged, text, mode)?;
        self.waiting.push(Change::Put { staged, path });
        Ok(())
    }

    /// Stages the removal of a file.
    pub(super) fn remove(&mut self, path: PathBuf) -> Result<(), Error> {
        if disk::is_file("delete", &path)? {
            self.waiting.push(Change::Remove { path });
        }
        Ok(())
    }

    /// Makes the changes in their order. A kill in between leaves the first of them made, each file
    /// whole.
    pub(super) fn commit(&mut self, disk: &Disk) -> Result<(), Error> {
        self.sync(disk)?;
        let mut touched: Option<PathBuf> = None;
        for change in self.waiting.drain(..) {
            let path = match &change {
                Change::Put { path, .. } | Change::Remove { path } => path,
            };
            let folder = path.parent().unwrap_or(path).to_owned();
            // Values and inventory are on the disk before the first manifest that rests on them.
            if let Some(before) = touched.take_if(|before| *before != folder) {
                disk.sync(&before)?;
            }
            match change {
                Change::Put { staged, path, .. } => {
                    disk.make_directory(&folder, 0o777)?;
                    disk.rename(&staged, &path)?;
                }
                Change::Remove { path } => disk.remove(&path)?,
            }
            touched = Some(folder);
        }
        touched.map_or(Ok(()), |folder| disk.sync(&folder))
    }

    /// Waits until every staged file is on the disk. A few at a time: file systems then write many
    /// files in one go, which takes a twentieth of the time.
    fn sync(&self, disk: &Disk) -> Result<(), Error> {
        let staged = |change: &Change| match change {
            Change::Put { staged, .. } => Some(staged.clone()),
            Change::Remove { .. } => None,
        };
        let files: Vec<PathBuf> = self.waiting.iter().filter_map(staged).collect();
        let part = files.len().div_ceil(SYNCS_AT_ONCE).max(1);
        std::thread::scope(|scope| {
            let syncs: Vec<_> = files
                .chunks(part)
                .map(|files| scope.spawn(|| files.iter().try_for_each(|file| disk.sync(file))))
                .collect();
            // All are joined before the first error is given back.
            let answers: Vec<_> = syncs
                .into_iter()
                .map(|sync| sync.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect();
            answers.into_iter().collect()
        })
    }
}
