//! Writes the archive: all texts pass through one scrubber, and the file appears only when it is complete.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use serde_json::Value;

use super::error::Error;
use crate::object::Scrubber;
use crate::yaml;

/// A tar.gz that is written under another name first.
pub(super) struct Archive {
    tar: tar::Builder<GzEncoder<File>>,
    /// What the paths in it begin with.
    root: String,
    path: PathBuf,
    partial: PathBuf,
    time: u64,
    scrubber: Scrubber,
    done: bool,
}

impl Archive {
    /// Begins an archive. It hides nothing but patterns until it [knows](Self::knows) more.
    ///
    /// # Errors
    /// There is such a file already, or it cannot be made.
    pub(super) fn create(path: &Path, root: &str, time: i64) -> Result<Self, Error> {
        if path.symlink_metadata().is_ok() {
            return Err(Error::Exists { path: path.to_owned() });
        }
        let mut partial = path.as_os_str().to_owned();
        partial.push(format!(".{}.partial", std::process::id()));
        let partial = PathBuf::from(partial);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&partial).map_err(|cause| cannot_write(path, cause))?;
        Ok(Self {
            tar: tar::Builder::new(GzEncoder::new(file, Compression::default())),
            root: root.to_owned(),
            path: path.to_owned(),
            partial,
            time: u64::try_from(time).unwrap_or_default(),
            scrubber: Scrubber::new(),
            done: false,
        })
    }

    /// Hides these values from now on.
    pub(super) fn knows(&mut self, scrubber: Scrubber) {
        self.scrubber = scrubber;
    }

    /// Adds a text, with its secrets hidden.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn add(&mut self, path: &str, text: &str) -> Result<(), Error> {
        self.write(path, &self.scrubber.text(text))
    }

    /// Adds objects as YAML documents, with the secrets in them hidden. Their form stays: a text that is hidden
    /// afterwards need not be YAML any more.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn add_yaml(&mut self, path: &str, bodies: Vec<Value>) -> Result<(), Error> {
        let bodies: Vec<Value> = bodies.into_iter().map(|body| self.scrubber.value(body)).collect();
        self.write(path, &yaml::emit_documents(&bodies))
    }

    /// Adds a value as JSON, with the secrets in it hidden.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn add_json(&mut self, path: &str, value: Value) -> Result<(), Error> {
        self.write(path, &format!("{:#}\n", self.scrubber.value(value)))
    }

    fn write(&mut self, path: &str, text: &str) -> Result<(), Error> {
        let place = self.scrubber.text(&format!("{}/{path}", self.root));
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(self.time);
        let written = self.tar.append_data(&mut header, &place, text.as_bytes());
        written.map_err(|cause| Error::Write { place: path.to_owned(), cause })
    }

    /// Ends it and gives it its name.
    ///
    /// # Errors
    /// It cannot be written, or a file of this name was created in the meantime.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        self.link().map_err(|cause| cannot_write(&self.path, cause))
    }

    fn link(&mut self) -> io::Result<()> {
        self.tar.finish()?;
        let encoder = self.tar.get_mut();
        encoder.try_finish()?;
        encoder.get_mut().flush()?;
        encoder.get_mut().sync_all()?;
        // A link never replaces what is there; a rename would.
        std::fs::hard_link(&self.partial, &self.path)?;
        self.done = true;
        std::fs::remove_file(&self.partial)
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        if !self.done {
            // An incomplete archive is of no use.
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

fn cannot_write(path: &Path, cause: io::Error) -> Error {
    Error::Write { place: path.display().to_string(), cause }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use serde_json::json;

    use super::*;
    use crate::object::embedded;

    #[test]
    fn it_is_there_when_it_is_whole_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar.gz");
        let mut archive = Archive::create(&path, "root", 0).unwrap();
        archive.knows(Scrubber::knowing([&b"hunter2-hunter2"[..]]));
        archive.add("logs/a.log", "a hunter2-hunter2 b\n").unwrap();
        assert!(!path.exists());
        archive.finish().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            let mode =
                std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(File::open(&path).unwrap()));
        let mut entry = tar.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(entry.path().unwrap().to_str(), Some("root/logs/a.log"));
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        assert_eq!(text, "a *** b\n");
    }

    #[test]
    fn what_is_hidden_leaves_yaml_and_json_readable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar.gz");
        let mut archive = Archive::create(&path, "root", 0).unwrap();
        archive.knows(Scrubber::knowing([&b"CANARY-known"[..]]));
        let body = json!({
            "kind": "X", "metadata": {"name": "kubesphere-system", "annotations": {"a": "CANARY-known"}},
            "spec": {"password": "CANARY-named", "list": ["--token=CANARY-flag", "x: CANARY-known"],
                "text": "a: 1\npassword: CANARY-line\n", "CANARY-known": true, "number": 7},
        });
        archive.add_yaml("a.yaml", vec![body.clone()]).unwrap();
        archive.add_json("a.json", body).unwrap();
        archive.finish().unwrap();
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(File::open(&path).unwrap()));
        for entry in tar.entries().unwrap() {
            let mut text = String::new();
            entry.unwrap().read_to_string(&mut text).unwrap();
            assert!(!text.contains("CANARY"), "{text}");
            let document = embedded::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(document["metadata"]["name"], "kubesphere-system");
            assert_eq!(document["spec"]["number"], 7);
            assert_eq!(document["spec"]["password"], "***");
        }
    }

    #[test]
    fn nothing_is_overwritten_and_nothing_half_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar.gz");
        std::fs::write(&path, "mine").unwrap();
        assert!(Archive::create(&path, "root", 0).is_err());
        let other = folder.path().join("b.tar.gz");
        drop(Archive::create(&other, "root", 0).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let late = Archive::create(&other, "root", 0).unwrap();
        std::fs::write(&other, "theirs").unwrap();
        assert!(late.finish().is_err());
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "theirs");
    }
}
