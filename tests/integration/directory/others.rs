//! Other users of the machine: what they put into a directory is not used, and nothing is written through it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::Path;

use ksi::target::{Directory, Error, ErrorKind, Store as _};
use nix::unistd::geteuid;

use super::world::{mode, run, wait};

const NOBODY: u32 = 65_534;

/// Gives a file to another user. Only root can.
fn give_away(path: &Path) -> bool {
    if geteuid().is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    } else {
        eprintln!("skipped: only root can give a file to another user");
    }
    geteuid().is_root()
}

fn refused(error: &Error, place: &str, why: &str) {
    let said = error.to_string();
    assert_eq!(error.kind, ErrorKind::InTheWay, "{said}");
    assert!(said.contains(place) && said.contains(why), "{said}");
}

#[test]
fn values_of_another_user_are_not_used() {
    let root = tempfile::tempdir().unwrap();
    run(&Directory::new(root.path()), 'a', 1).unwrap();
    let values = root.path().join(".ksi/values");
    if !give_away(&values) {
        return;
    }
    let target = Directory::new(root.path());
    refused(&wait(target.values()).unwrap_err(), ".ksi/values", "uid 65534");
    chown(&values, Some(0), Some(0)).unwrap();
    assert!(give_away(&root.path().join(".ksi")));
    refused(&wait(target.values()).unwrap_err(), ".ksi", "uid 65534");
    assert!(run(&target, 'b', 2).unwrap_err().to_string().contains("uid 65534"));
}

#[test]
fn values_that_others_may_write_are_not_used() {
    let root = tempfile::tempdir().unwrap();
    run(&Directory::new(root.path()), 'a', 1).unwrap();
    let values = root.path().join(".ksi/values");
    fs::set_permissions(&values, fs::Permissions::from_mode(0o660)).unwrap();
    let target = Directory::new(root.path());
    refused(&wait(target.values()).unwrap_err(), ".ksi/values", "0660");
}

#[test]
fn the_folder_of_the_values_is_private() {
    let root = tempfile::tempdir().unwrap();
    let own = root.path().join(".ksi");
    run(&Directory::new(root.path()), 'a', 1).unwrap();
    assert_eq!(mode(&own), 0o700);
    // As an earlier version made it.
    fs::set_permissions(&own, fs::Permissions::from_mode(0o777)).unwrap();
    run(&Directory::new(root.path()), 'b', 2).unwrap();
    assert_eq!(mode(&own), 0o700);
}

/// The lock is truncated and written: a file of somebody else must not be.
#[test]
fn a_lock_that_is_another_file_is_not_written() {
    let root = tempfile::tempdir().unwrap();
    run(&Directory::new(root.path()), 'a', 1).unwrap();
    let (victim, lock) = (root.path().join("victim"), root.path().join(".ksi/lock"));
    fs::write(&victim, "precious").unwrap();
    fs::set_permissions(&victim, fs::Permissions::from_mode(0o600)).unwrap();
    for link in [
        |victim: &Path, lock: &Path| fs::hard_link(victim, lock),
        |victim: &Path, lock: &Path| symlink(victim, lock),
    ] {
        fs::remove_file(&lock).unwrap();
        link(&victim, &lock).unwrap();
        run(&Directory::new(root.path()), 'b', 2).unwrap_err();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    }
}

#[test]
fn manual_pages_are_not_written_through_links() {
    let folder = tempfile::tempdir().unwrap();
    let victim = folder.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    let pages = folder.path().join("man1");
    fs::create_dir(&pages).unwrap();
    symlink(&victim, pages.join("ksi.1")).unwrap();
    let made = crate::cli::ksi(&["man", "--dir", pages.to_str().unwrap()]).output().unwrap();
    assert!(made.status.success());
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    let page = fs::symlink_metadata(pages.join("ksi.1")).unwrap();
    assert!(page.is_file() && page.mode() & 0o444 != 0);
}

#[test]
fn a_migrated_file_keeps_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("old.yaml");
    fs::copy(crate::cli::root().join("samples/legacy/3.0.yaml"), &file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    if !give_away(&file) {
        return;
    }
    let path = file.to_str().unwrap();
    let made = crate::cli::ksi(&["config", "migrate", "--from", path, "--write"]).output().unwrap();
    assert!(made.status.success());
    for path in [&file, &folder.path().join("old.yaml.old")] {
        let found = fs::metadata(path).unwrap();
        assert_eq!((found.uid(), found.gid(), found.mode() & 0o777), (NOBODY, NOBODY, 0o640));
    }
}
