//! Tar files as places of random access: an archive of images is read where its parts are, and never unpacked.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use tar::{Archive, EntryType};

/// Small parts are read as a whole: manifests, indexes, configurations.
pub(super) const LARGEST_TEXT: u64 = 8 << 20;
/// How many links one after the other are followed.
const LINKS: usize = 8;

/// Bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    /// Where they begin.
    pub(super) start: u64,
    /// How many.
    pub(super) size: u64,
}

/// An open tar file and where its parts are.
#[derive(Debug, Clone)]
pub(super) struct Tarball {
    /// The file.
    pub(super) file: Arc<File>,
    entries: BTreeMap<PathBuf, Range>,
    links: BTreeMap<PathBuf, PathBuf>,
}

impl Tarball {
    /// Reads the headers of a tar file that is not compressed.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut magic = [0; 2];
        if file.read_at(&mut magic, 0)? == 2 && magic == [0x1f, 0x8b] {
            return Err(io::Error::other("it is compressed: decompress it with gunzip"));
        }
        Self::read(file)
    }

    /// Reads the headers up to the end of the file, which need not be the end of the archive.
    pub(super) fn read(file: File) -> io::Result<Self> {
        let total = file.metadata()?.len();
        let file = Arc::new(file);
        let (mut entries, mut links) = (BTreeMap::new(), BTreeMap::new());
        let mut reader = &*file;
        reader.seek(SeekFrom::Start(0))?;
        let mut archive = Archive::new(reader);
        for entry in archive.entries_with_seek()? {
            let entry = entry?;
            let range = Range { start: entry.raw_file_position(), size: entry.size() };
            let whole = range.start.checked_add(range.size).filter(|end| *end <= total);
            if whole.is_none() {
                break;
            }
            let Some(path) = normal(&entry.path()?) else { continue };
            let kind = entry.header().entry_type();
            if kind == EntryType::Regular || kind == EntryType::Continuous {
                entries.insert(path, range);
            } else if let Some(target) = entry.link_name()? {
                let base = path.parent().filter(|_| kind == EntryType::Symlink);
                let target = base.unwrap_or(Path::new("")).join(target);
                links.extend(normal(&target).map(|target| (path, target)));
            }
        }
        Ok(Self { file, entries, links })
    }

    /// Where a part is. Links are followed.
    pub(super) fn find(&self, path: &str) -> Option<Range> {
        let mut path = normal(Path::new(path))?;
        for _ in 0..LINKS {
            if let Some(range) = self.entries.get(&path) {
                return Some(*range);
            }
            path.clone_from(self.links.get(&path)?);
        }
        None
    }

    /// The whole text of a small part.
    pub(super) fn text(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(range) = self.find(path) else { return Ok(None) };
        read_text(&self.file, range).map(Some)
    }

    /// All parts.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&Path, Range)> {
        self.entries.iter().map(|(path, range)| (path.as_path(), *range))
    }
}

/// A small part of a file.
pub(super) fn read_text(file: &File, range: Range) -> io::Result<Vec<u8>> {
    if range.size > LARGEST_TEXT {
        return Err(io::Error::other("it is larger than 8 MiB, which no manifest is"));
    }
    let mut text = vec![0; usize::try_from(range.size).unwrap_or_default()];
    file.read_exact_at(&mut text, range.start)?;
    Ok(text)
}

/// The whole text of a small file.
pub(super) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(LARGEST_TEXT + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LARGEST_TEXT {
        return Err(io::Error::other("it is larger than 8 MiB, which no manifest is"));
    }
    Ok(text)
}

/// A path without `.` and `..`; `None` if it leads out of the archive.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => normal.push(name),
            Component::ParentDir => {
                if !normal.pop() {
                    return None;
                }
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Some(normal)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tar::{Builder, Header};

    use super::*;

    fn header(kind: EntryType, size: u64) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o644);
        header
    }

    fn archive() -> Vec<u8> {
        let mut tar = Builder::new(Vec::new());
        tar.append_data(&mut header(EntryType::Regular, 3), "a/layer.tar", &b"one"[..]).unwrap();
        let mut link = header(EntryType::Symlink, 0);
        tar.append_link(&mut link, "b/layer.tar", "../a/layer.tar").unwrap();
        let mut link = header(EntryType::Symlink, 0);
        tar.append_link(&mut link, "c", "../../etc/passwd").unwrap();
        tar.append_data(&mut header(EntryType::Regular, 4), "./last", &b"four"[..]).unwrap();
        tar.into_inner().unwrap()
    }

    #[test]
    fn parts_are_found_by_their_names_and_by_links() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&archive()).unwrap();
        let tarball = Tarball::open(file.path()).unwrap();
        assert_eq!(tarball.text("b/layer.tar").unwrap().unwrap(), b"one");
        assert_eq!(tarball.text("last").unwrap().unwrap(), b"four");
        assert_eq!(tarball.find("c"), None);
        assert_eq!(tarball.find("d"), None);
        assert_eq!(tarball.entries().count(), 2);
    }

    #[test]
    fn of_a_file_that_is_cut_only_whole_parts_count() {
        let bytes = archive();
        let file = |length: usize| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes[..length]).unwrap();
            Tarball::read(file).unwrap()
        };
        let whole = Tarball::find(&file(bytes.len()), "last").unwrap();
        let at = usize::try_from(whole.start).unwrap();
        assert_eq!(file(at + 3).find("last"), None);
        assert_eq!(file(at + 4).find("last"), Some(whole));
    }
}
