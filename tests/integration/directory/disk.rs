//! Directories that cannot be written to, and files that are in the way.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use ksi::engine;
use ksi::target::{Directory, ErrorKind};

use super::world::{manifests, run};

fn refused(root: &Path) -> ksi::target::Error {
    match run(&Directory::new(root), 'a', 9) {
        Err(engine::Error::Target(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// A file system of its own, removed at the end of the test.
struct Mounted<'p>(&'p Path);

impl<'p> Mounted<'p> {
    /// `None` where this user may not mount.
    fn new(path: &'p Path, size: &str) -> Option<Self> {
        mount(path, &["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).then_some(Self(path))
    }

    fn again(&self, options: &str) {
        assert!(mount(self.0, &["-o", &format!("remount,{options}")]));
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

fn mount(path: &Path, arguments: &[&str]) -> bool {
    let answer = Command::new("mount").args(arguments).arg(path).output();
    answer.is_ok_and(|output| output.status.success())
}

#[test]
fn a_full_disk_is_found_before_any_manifest_changes() {
    let place = tempfile::tempdir().unwrap();
    let Some(disk) = Mounted::new(place.path(), "256k") else {
        eprintln!("skipped: this user may not mount a small file system");
        return;
    };
    run(&Directory::new(place.path()), 'a', 1).unwrap();
    let before = manifests(place.path());
    // Leaves room for one block, so that the disk fills up in the middle of staging.
    let ballast = place.path().join("ballast");
    fs::write(&ballast, vec![0; 512 * 1024]).unwrap_err();
    let size = fs::metadata(&ballast).unwrap().len();
    fs::File::options().write(true).open(&ballast).unwrap().set_len(size - 4096).unwrap();
    let error = match run(&Directory::new(place.path()), 'b', 2) {
        Err(engine::Error::Target(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!((error.kind, error.cause.as_str()), (ErrorKind::Full, "no space is left"));
    assert!(error.place.contains("/.ksi/staging"), "{error}");
    assert!(error.help.contains("free some space"), "{error}");
    assert_eq!(manifests(place.path()), before);
    assert_eq!(fs::read_dir(place.path().join(".ksi/staging")).unwrap().count(), 0);

    disk.again("size=2m");
    let outcome = run(&Directory::new(place.path()), 'b', 3).unwrap();
    assert_eq!((outcome.create, outcome.delete), (1, 1));
}

#[test]
fn a_read_only_directory_can_be_planned_and_fails_when_written_to() {
    let place = tempfile::tempdir().unwrap();
    let Some(disk) = Mounted::new(place.path(), "1m") else {
        eprintln!("skipped: this user may not mount a file system");
        return;
    };
    run(&Directory::new(place.path()), 'a', 1).unwrap();
    disk.again("ro");
    assert_eq!(run(&Directory::new(place.path()), 'a', 2).unwrap().unchanged, 6);
    let Err(engine::Error::Target(error)) = run(&Directory::new(place.path()), 'b', 3) else {
        panic!("a read-only directory was written to");
    };
    assert_eq!(
        (error.kind, error.cause.as_str()),
        (ErrorKind::ReadOnly, "the file system is read-only")
    );
    let below = place.path().join("new");
    assert_eq!(refused(&below).kind, ErrorKind::ReadOnly);
    assert!(!below.exists());
}

#[test]
fn a_file_in_place_of_the_directory_is_named() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "mine").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = refused(&path);
        assert_eq!(error.kind, ErrorKind::InTheWay, "{error}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn links_are_not_followed() {
    let place = tempfile::tempdir().unwrap();
    let outside = place.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("target"), "apiVersion: v1\n").unwrap();
    for entry in [
        "40-services",
        ".ksi",
        ".ksi/values",
        ".ksi/inventory",
        ".ksi/lock",
        ".ksi/staging",
        ".ksi/.gitignore",
        "40-services/service_kubesphere-system_old.yaml",
        "50-workloads",
    ] {
        let root = tempfile::tempdir().unwrap();
        let link = root.path().join(entry);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        let directory = !entry.contains('/') || entry.ends_with("staging");
        symlink(if directory { outside.clone() } else { outside.join("target") }, &link).unwrap();
        let error = refused(root.path());
        assert_eq!(
            (error.kind, error.cause.as_str()),
            (ErrorKind::InTheWay, "it is a symbolic link"),
            "{entry}"
        );
        assert!(error.place.ends_with(entry), "{error}");
        let found: Vec<_> = fs::read_dir(&outside).unwrap().collect();
        assert_eq!(found.len(), 1, "{entry}");
        assert_eq!(fs::read_to_string(outside.join("target")).unwrap(), "apiVersion: v1\n");
    }
    // The directory itself may be one: the user named it.
    let link = place.path().join("link");
    symlink(&outside, &link).unwrap();
    assert_eq!(run(&Directory::new(&link), 'a', 1).unwrap().create, 6);
}

#[test]
fn a_pipe_in_place_of_a_file_does_not_hang() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("40-services");
    fs::create_dir(&folder).unwrap();
    let pipe = folder.join("service_kubesphere-system_old.yaml");
    if !Command::new("mkfifo").arg(&pipe).status().is_ok_and(|s| s.success()) {
        eprintln!("skipped: there is no mkfifo");
        return;
    }
    assert_eq!(refused(root.path()).cause, "it is not a plain file");
}
