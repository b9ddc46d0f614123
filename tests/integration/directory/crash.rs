//! A run that is stopped at every single change to the disk, and a change that fails.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use ksi::target::{self, Directory, Store as _};

use super::world::{manifests, plan, run, run_with, scripted, wait};
use crate::engine::doubles::{Faults, Memory};

/// Puts the directory into the state before the run that is stopped.
type Prepared = fn(&Path);

fn nothing(_: &Path) {}

fn version_a(root: &Path) {
    run(&Directory::new(root), 'a', 1).unwrap();
}

/// Stops a run to version `b` after every number of changes; returns how many there are.
fn sweep(prepare: Prepared, faults: fn(usize) -> Faults, check: fn(&Path, usize)) -> usize {
    for at in 0.. {
        let root = tempfile::tempdir().unwrap();
        prepare(root.path());
        let (target, script) = scripted(root.path(), faults(at));
        let answer = run(&target, 'b', 1000);
        if script.count() <= at {
            answer.unwrap();
            return at;
        }
        drop(target);
        check(root.path(), at);
    }
    unreachable!()
}

/// The next run finishes, changes no value that was already in use, and the one after it does
/// nothing.
fn goes_on(root: &Path, at: usize) {
    let before: BTreeMap<_, _> = manifests(root)
        .into_iter()
        .filter(|(name, _)| name.contains("secret_") || name.contains("user."))
        .collect();
    let kept = wait(Directory::new(root).values()).unwrap();
    run(&Directory::new(root), 'b', 2000).unwrap_or_else(|e| panic!("after change {at}: {e}"));

    let after = manifests(root);
    for (name, text) in &before {
        assert_eq!(after.get(name), Some(text), "after change {at}");
    }
    let now = wait(Directory::new(root).values()).unwrap();
    for (name, text) in &kept.0 {
        assert_eq!(now.0.get(name), Some(text), "{name} after change {at}");
    }
    assert_eq!(after.len(), 6, "{:?} after change {at}", after.keys());
    let staged: Vec<_> = std::fs::read_dir(root.join(".ksi/staging")).unwrap().collect();
    assert!(staged.is_empty(), "{staged:?} after change {at}");
    let (last, script) = scripted(root, Faults::default());
    assert!(plan(&last, 'b', 3000).unwrap().is_settled(), "after change {at}");
    run(&last, 'b', 4000).unwrap();
    assert_eq!(script.count(), 0, "after change {at}");
}

#[test]
fn a_first_run_that_is_killed_anywhere_is_finished_by_the_next() {
    let changes = sweep(nothing, Faults::cut, goes_on);
    assert!(changes > 30, "{changes}");
}

#[test]
fn a_later_run_that_is_killed_anywhere_is_finished_by_the_next() {
    let changes = sweep(version_a, Faults::cut, goes_on);
    assert!(changes > 15, "{changes}");
}

#[test]
fn a_failing_change_is_reported_and_the_next_run_finishes() {
    sweep(version_a, |at| Faults::fail(at, ErrorKind::StorageFull), goes_on);
}

#[test]
fn a_disk_that_is_full_before_the_commit_leaves_every_manifest_as_it_was() {
    let root = tempfile::tempdir().unwrap();
    version_a(root.path());
    let before = manifests(root.path());
    let mut unchanged = 0;
    for at in 0.. {
        let (target, _) = scripted(root.path(), Faults::fail(at, ErrorKind::StorageFull));
        let error = run(&target, 'b', 1000).unwrap_err();
        let ksi::engine::Error::Target(error) = error else { panic!("{error}") };
        assert_eq!(error.kind, target::ErrorKind::Full);
        assert!(error.place.starts_with(&root.path().display().to_string()), "{error}");
        assert_eq!(error.cause, "no space is left");
        if manifests(root.path()) != before {
            break;
        }
        unchanged += 1;
    }
    // Values, inventory and two manifests are staged and synced first.
    assert!(unchanged >= 10, "{unchanged}");
}

#[test]
fn in_memory_as_in_a_cluster_every_prefix_of_changes_is_resumable() {
    for at in 0.. {
        let before = Memory::default();
        run(&before, 'a', 1).unwrap();
        let stopped = before.restarted(Faults::cut(at));
        let answer = run(&stopped, 'b', 1000);
        if stopped.changes() <= at {
            answer.unwrap();
            assert!(at >= 4, "{at}");
            break;
        }
        let next = stopped.restarted(Faults::default());
        // Nothing is there that the inventory does not know of.
        let known = wait(next.inventory()).unwrap().unwrap();
        assert!(next.objects().keys().all(|id| known.get(id).is_some()), "{at}");
        run(&next, 'b', 2000).unwrap();
        assert_eq!(next.objects().len(), 6);
        let last = next.restarted(Faults::default());
        run(&last, 'b', 3000).unwrap();
        assert_eq!(last.log(), Vec::<String>::new());
    }
}

#[test]
fn values_come_before_the_inventory_before_objects_before_removals() {
    let memory = Memory::default();
    run(&memory, 'a', 1).unwrap();
    let later = memory.restarted(Faults::default());
    let (outcome, _) = run_with(&later, 'b', 2);
    outcome.unwrap();
    insta::assert_snapshot!([memory.log(), vec!["--".into()], later.log()].concat().join("\n"));
}
