//! What ksi makes of a sample: one file per object, complete with values, as a user gets them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The root of the project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `ksi apply --target dir:` of a configuration.
pub(crate) struct Manifests {
    folder: TempDir,
}

impl Manifests {
    /// Renders a file for a Kubernetes version such as `1.34`.
    pub(crate) fn of(configuration: &Path, kubernetes: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let target = format!("dir:{}", folder.path().join("out").display());
        let out = Command::new(env!("CARGO_BIN_EXE_ksi"))
            .args(["apply", "--kube-version", kubernetes, "--target", &target, "-f"])
            .arg(configuration)
            // That of a member refers to a Secret, which only a cluster has.
            .args(["--set", "authentication.jwtSecretRef=null"])
            .args(["--set", "authentication.jwtSecret=3f9aK2mQ7xWb5TzR8vLd1NcY6sHe4GpU"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{}: {said}", configuration.display());
        Self { folder }
    }

    /// The files of those folders whose name begins with one of the words, in the order of a run.
    pub(crate) fn files(&self, folders: &[&str]) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(self.folder.path().join("out"))
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| {
                let name = entry.file_name().into_string().unwrap();
                folders.iter().any(|folder| name.starts_with(folder))
            })
            .flat_map(|entry| fs::read_dir(entry.path()).unwrap())
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files
    }
}

/// Every sample that installs something: the current forms and the old ones.
pub(crate) fn samples() -> Vec<PathBuf> {
    let mut samples: Vec<_> = ["samples", "samples/legacy"]
        .iter()
        .flat_map(|folder| fs::read_dir(root().join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        // Shown to be refused: the guide's indentation says something else than it means.
        .filter(|path| !path.ends_with("3.0-alpha-misindented.yaml"))
        .collect();
    samples.sort();
    assert!(samples.len() > 10, "samples went missing: {samples:?}");
    samples
}
