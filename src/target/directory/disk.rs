//! File system operations that follow no symbolic links.

use std::fs::{self, DirBuilder, File, FileType, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::target::{Error, ErrorKind};

/// What only its owner may read.
pub(super) const PRIVATE: u32 = 0o600;
/// What everybody may read whom the umask lets.
pub(super) const PUBLIC: u32 = 0o666;

/// What is asked before each change.
type Hook = Box<dyn Fn() -> io::Result<()> + Send + Sync>;

/// The file system. Every single change to it goes through here.
#[derive(Default)]
pub(super) struct Disk {
    hook: Option<Hook>,
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Disk")
    }
}

impl Disk {
    pub(super) fn with_hook(hook: impl Fn() -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self { hook: Some(Box::new(hook)) }
    }

    fn change<T>(
        &self,
        action: &'static str,
        path: &Path,
        change: impl FnOnce() -> io::Result<T>,
    ) -> Result<T, Error> {
        self.hook
            .as_ref()
            .map_or(Ok(()), |hook| hook())
            .and_then(|()| change())
            .map_err(|e| Error::io(action, shown(path), &e))
    }

    /// Makes a directory and those above it. One that is there may be a link: the user named it.
    pub(super) fn make_root(&self, path: &Path) -> Result<(), Error> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(in_the_way("write", path, "it is not a directory")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.change("create", path, || fs::create_dir_all(path))
            }
            Err(error) => Err(Error::io("write", shown(path), &error)),
        }
    }

    /// Makes one directory where there is none.
    pub(super) fn make_directory(&self, path: &Path, mode: u32) -> Result<(), Error> {
        if is_directory("write", path)? {
            return Ok(());
        }
        self.change("create", path, || DirBuilder::new().mode(mode).create(path))
    }

    /// Writes a file that must not be there yet.
    pub(super) fn create(&self, path: &Path, text: &str, mode: u32) -> Result<(), Error> {
        let mut file = self.change("write", path, || {
            OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
        })?;
        self.change("write", path, || file.write_all(text.as_bytes()))
    }

    /// Waits until a file, or the names in a directory, are on the disk.
    pub(super) fn sync(&self, path: &Path) -> Result<(), Error> {
        self.change("write", path, || File::open(path)?.sync_all())
    }

    /// Puts a file in place of another, at once.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<(), Error> {
        self.change("write", to, || fs::rename(from, to))
    }

    /// Deletes a file or link; none is no error.
    pub(super) fn remove(&self, path: &Path) -> Result<(), Error> {
        self.change("delete", path, || match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            answer => answer,
        })
    }

    /// Deletes what is left of a killed run in a folder of plain files. The folder stays: to remove
    /// it would be one more step at which a run can be killed, and the next would find work.
    pub(super) fn clear(&self, folder: &Path) -> Result<(), Error> {
        if !is_directory("delete", folder)? {
            return Ok(());
        }
        let failed = |e: &io::Error| Error::io("read", shown(folder), e);
        for entry in fs::read_dir(folder).map_err(|e| failed(&e))? {
            self.remove(&entry.map_err(|e| failed(&e))?.path())?;
        }
        Ok(())
    }

    /// Opens a file for locking, and makes it where there is none.
    pub(super) fn open_lock(&self, path: &Path) -> Result<File, Error> {
        let options = || {
            let mut options = OpenOptions::new();
            options.read(true).write(true).mode(PRIVATE);
            options
        };
        if is_file("lock", path)? {
            return self.change("lock", path, || options().open(path));
        }
        match self.change("lock", path, || options().create_new(true).open(path)) {
            // Another run has just made it.
            Err(_) if is_file("lock", path)? => {
                options().open(path).map_err(|e| Error::io("lock", shown(path), &e))
            }
            answer => answer,
        }
    }
}

/// The text of a plain file; `None` where there is nothing.
pub(super) fn read(path: &Path) -> Result<Option<String>, Error> {
    if !is_file("read", path)? {
        return Ok(None);
    }
    match fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|_| {
            Error::new(ErrorKind::Damaged, "read", shown(path), "it is not UTF-8 text", RESTORE)
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", shown(path), &error)),
    }
}

/// Whether there is a directory; anything else in its place is an error.
pub(super) fn is_directory(action: &'static str, path: &Path) -> Result<bool, Error> {
    match kind(action, path)? {
        None => Ok(false),
        Some(kind) if kind.is_dir() => Ok(true),
        Some(kind) if kind.is_symlink() => Err(in_the_way(action, path, "it is a symbolic link")),
        Some(_) => Err(in_the_way(action, path, "it is not a directory")),
    }
}

/// The names in a folder; none when it is not there.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, Error> {
    if !is_directory("read", folder)? {
        return Ok(Vec::new());
    }
    let failed = |error| Error::io("read", shown(folder), &error);
    fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|e| e.file_name().to_string_lossy().into_owned()).map_err(failed))
        .collect()
}

/// Whether there is a plain file; anything else in its place is an error.
pub(super) fn is_file(action: &'static str, path: &Path) -> Result<bool, Error> {
    match kind(action, path)? {
        None => Ok(false),
        Some(kind) if kind.is_file() => Ok(true),
        Some(kind) if kind.is_symlink() => Err(in_the_way(action, path, "it is a symbolic link")),
        Some(_) => Err(in_the_way(action, path, "it is not a plain file")),
    }
}

fn kind(action: &'static str, path: &Path) -> Result<Option<FileType>, Error> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found.file_type())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(action, shown(path), &error)),
    }
}

/// What to do about a file of ours that cannot be used.
pub(super) const RESTORE: &str = "restore the file from a backup or from version control";

fn in_the_way(action: &'static str, path: &Path, cause: &str) -> Error {
    let help = "move it away, or choose another directory";
    Error::new(ErrorKind::InTheWay, action, shown(path), cause, help)
}

/// A path as it is shown.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}
