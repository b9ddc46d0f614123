//! File system operations that follow no symbolic links: each opens the folder first, and works on a name in it.

use std::ffi::OsStr;
use std::fs::{self, File, FileType};
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, fchmod, mkdirat, openat, renameat, unlinkat};
use rustix::process::geteuid;

use super::layout;
use crate::target::{Error, ErrorKind};

/// What only its owner may read.
pub(super) const PRIVATE: u32 = 0o600;
/// What everybody may read whom the umask lets.
pub(super) const PUBLIC: u32 = 0o666;

/// Where ksi keeps what is its own.
pub(super) const OWN: &str = ".ksi";
/// Files until the commit, below [`OWN`].
pub(super) const STAGING: &str = "staging";
/// Bits of a mode by which the group or all others may write.
const WRITTEN_BY_OTHERS: u32 = 0o022;

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
        self.change("create", path, || {
            let (folder, name) = beneath(path)?;
            Ok(mkdirat(folder, name, Mode::from_raw_mode(mode))?)
        })
    }

    /// Makes the folder of what nobody else may see or change, and takes rights from one that is there already.
    pub(super) fn make_private(&self, path: &Path) -> Result<(), Error> {
        self.make_directory(path, 0o700)?;
        let failed = |error: io::Error| Error::io("read", shown(path), &error);
        let folder = File::from(open_folder(path, OFlags::NOFOLLOW).map_err(failed)?);
        let found = folder.metadata().map_err(failed)?;
        owned("write", path, &found)?;
        if found.mode() & WRITTEN_BY_OTHERS != 0 {
            self.change("write", path, || Ok(fchmod(&folder, Mode::from_raw_mode(0o700))?))?;
        }
        Ok(())
    }

    /// Writes a file that must not be there yet.
    pub(super) fn create(&self, path: &Path, text: &str, mode: u32) -> Result<(), Error> {
        let mut file = self.change("write", path, || {
            open(path, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL, mode)
        })?;
        self.change("write", path, || file.write_all(text.as_bytes()))
    }

    /// Waits until a file, or the names in a directory, are on the disk.
    pub(super) fn sync(&self, path: &Path) -> Result<(), Error> {
        self.change("write", path, || open(path, OFlags::RDONLY, 0)?.sync_all())
    }

    /// Puts a file in place of another, at once.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<(), Error> {
        self.change("write", to, || {
            let ((old, from), (new, to)) = (beneath(from)?, beneath(to)?);
            Ok(renameat(old, from, new, to)?)
        })
    }

    /// Deletes a file or link; none is no error.
    pub(super) fn remove(&self, path: &Path) -> Result<(), Error> {
        let removed = || -> io::Result<()> {
            let (folder, name) = beneath(path)?;
            Ok(unlinkat(folder, name, AtFlags::empty())?)
        };
        self.change("delete", path, || match removed() {
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
        is_file("lock", path)?;
        let file =
            self.change("lock", path, || open(path, OFlags::RDWR | OFlags::CREATE, PRIVATE))?;
        let found = file.metadata().map_err(|e| Error::io("lock", shown(path), &e))?;
        owned("lock", path, &found)?;
        Ok(file)
    }
}

/// The folder of a path, and the name in it.
fn beneath(path: &Path) -> io::Result<(OwnedFd, &OsStr)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    // The directory itself may be a link, since the user named it; the folders in it may not.
    let in_root = layout::folders().chain([OWN]).any(|folder| name == folder);
    let links = if in_root { OFlags::empty() } else { OFlags::NOFOLLOW };
    Ok((open_folder(folder.unwrap_or(Path::new(".")), links)?, name))
}

fn open_folder(path: &Path, links: OFlags) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | links;
    Ok(openat(CWD, path, flags, Mode::empty())?)
}

fn open(path: &Path, flags: OFlags, mode: u32) -> io::Result<File> {
    let (folder, name) = beneath(path)?;
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(openat(folder, name, flags, Mode::from_raw_mode(mode))?))
}

/// Refuses what another user of the machine may have put there: a file or folder of theirs, one that they may write, a
/// file that has another name elsewhere.
fn owned(action: &'static str, path: &Path, found: &fs::Metadata) -> Result<(), Error> {
    let (owner, user) = (found.uid(), geteuid().as_raw());
    let cause = if owner != user && owner != 0 {
        format!("it belongs to another user (uid {owner})")
    } else if found.is_file() && found.mode() & WRITTEN_BY_OTHERS != 0 {
        format!("other users may write it (mode {:04o})", found.mode() & 0o7777)
    } else if found.is_file() && found.nlink() != 1 {
        "it has other names (hard links)".to_owned()
    } else {
        return Ok(());
    };
    let help = "run ksi as the user who owns the directory; if you trust the file, give it to yourself with \
                `chown` and `chmod go-w`";
    Err(Error::new(ErrorKind::InTheWay, action, shown(path), cause, help))
}

/// The text of a file below `.ksi`, which nobody else may have written.
pub(super) fn read_own(path: &Path) -> Result<Option<String>, Error> {
    if let Some(folder) = path.parent() {
        match fs::symlink_metadata(folder) {
            Ok(found) => owned("read", folder, &found)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", shown(folder), &error)),
        }
    }
    text(path, |found| owned("read", path, found))
}

/// The text of a plain file; `None` where there is nothing.
pub(super) fn read(path: &Path) -> Result<Option<String>, Error> {
    text(path, |_| Ok(()))
}

fn text(
    path: &Path,
    check: impl FnOnce(&fs::Metadata) -> Result<(), Error>,
) -> Result<Option<String>, Error> {
    if !is_file("read", path)? {
        return Ok(None);
    }
    let failed = |error: io::Error| Error::io("read", shown(path), &error);
    let mut file = match open(path, OFlags::RDONLY, 0) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    check(&file.metadata().map_err(failed)?)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed)?;
    String::from_utf8(bytes).map(Some).map_err(|_| {
        Error::new(ErrorKind::Damaged, "read", shown(path), "it is not UTF-8 text", RESTORE)
    })
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
