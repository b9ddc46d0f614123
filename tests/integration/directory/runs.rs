//! Runs without faults, and manual edits between them.

use std::fs;

use ksi::engine::{self, Desired, Event, Phase};
use ksi::object::SettingNames;
use ksi::plan::Summary;
use ksi::target::{Directory, ErrorKind, Writer as _};
use ksi::values::{Given, StoredValues, preview};

use super::world::{
    apply, manifests, object, objects, options, plan, run, run_with, scripted, tree, wait,
};
use crate::engine::doubles::{Faults, Memory};

#[test]
fn the_first_run_writes_everything_and_the_second_nothing() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("new/out");
    let outcome = run(&Directory::new(&root), 'a', 1).unwrap();
    assert_eq!(outcome, Summary { create: 6, ..Summary::default() });
    insta::assert_snapshot!(manifests(&root).into_keys().collect::<Vec<_>>().join("\n"));

    let before = tree(&root);
    let (second, script) = scripted(&root, Faults::default());
    assert!(plan(&second, 'a', 2).unwrap().is_settled());
    let outcome = run(&second, 'a', 3).unwrap();
    assert_eq!(outcome, Summary { unchanged: 6, ..Summary::default() });
    assert_eq!(script.count(), 0);
    assert_eq!(tree(&root), before);
}

#[test]
fn planning_creates_nothing_not_even_the_directory() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("out");
    let planned = plan(&Directory::new(&root), 'a', 1).unwrap();
    assert!(!planned.is_settled());
    assert!(!root.exists());
}

#[test]
fn another_configuration_changes_only_what_differs_and_prunes() {
    let root = tempfile::tempdir().unwrap();
    run(&Directory::new(root.path()), 'a', 1).unwrap();
    let before = manifests(root.path());
    let (outcome, events) = run_with(&Directory::new(root.path()), 'b', 2);
    let expected = Summary { create: 1, update: 1, delete: 1, unchanged: 4, ..Summary::default() };
    assert_eq!(outcome.unwrap(), expected);
    let after = manifests(root.path());
    assert!(!after.contains_key("40-services/service_kubesphere-system_old.yaml"));
    assert!(after.contains_key("50-workloads/deployment_kubesphere-system_new.yaml"));
    let changed: Vec<_> =
        after.iter().filter(|(name, text)| before.get(*name) != Some(text)).collect();
    assert_eq!(changed.len(), 2, "{changed:?}");
    insta::assert_snapshot!(
        events.iter().map(|e| serde_json::to_string(e).unwrap()).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn a_manual_edit_is_observed() {
    let root = tempfile::tempdir().unwrap();
    run(&Directory::new(root.path()), 'a', 1).unwrap();
    let path = root.path().join("40-services/service_kubesphere-system_old.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("80", "8080")).unwrap();
    let planned = plan(&Directory::new(root.path()), 'a', 2).unwrap();
    let id = object("v1", "Service", "old", serde_json::json!({})).id;
    assert_eq!(planned.observed.objects[&id]["spec"]["ports"][0]["port"], 8080);
    assert_eq!(run(&Directory::new(root.path()), 'a', 3).unwrap().update, 1);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);

    // Another spelling of the same is no difference.
    fs::write(&path, format!("# by hand\n---\n{text}\n---\n")).unwrap();
    assert!(plan(&Directory::new(root.path()), 'a', 4).unwrap().is_settled());
    // A deleted or emptied file is written again.
    fs::remove_file(&path).unwrap();
    assert_eq!(run(&Directory::new(root.path()), 'a', 5).unwrap().create, 1);
    fs::write(&path, "# nothing\n").unwrap();
    assert_eq!(run(&Directory::new(root.path()), 'a', 6).unwrap().create, 1);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_file_with_another_object_is_named_and_not_changed() {
    let root = tempfile::tempdir().unwrap();
    run(&Directory::new(root.path()), 'a', 1).unwrap();
    let path = root.path().join("40-services/service_kubesphere-system_old.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let mut said = Vec::new();
    for wrong in [
        format!("{text}---\napiVersion: v1\nkind: Pod\nmetadata: {{name: x}}\n"),
        text.replace("name: old", "name: other"),
        "a: b\n".into(),
        "a: [\n".into(),
        "a: 1\na: 2\n".into(),
    ] {
        fs::write(&path, &wrong).unwrap();
        let error = run(&Directory::new(root.path()), 'a', 2).unwrap_err();
        said.push(format!("{error}\n  {}", error.help(SettingNames::default())));
        assert_eq!(fs::read_to_string(&path).unwrap(), wrong);
    }
    fs::write(&path, [0xff, 0xfe]).unwrap();
    said.push(run(&Directory::new(root.path()), 'a', 2).unwrap_err().to_string());
    let said = said.join("\n").replace(&root.path().display().to_string(), "PATH");
    insta::assert_snapshot!(said);
}

#[test]
fn files_of_others_are_never_touched() {
    let root = tempfile::tempdir().unwrap();
    let foreign = ["README.md", "zz.yaml", "40-services/mine.yaml", ".git/HEAD", ".ksi/notes"];
    for name in foreign {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "not: {{ yaml").unwrap();
    }
    for (version, seed) in [('a', 1), ('b', 2), ('a', 3)] {
        run(&Directory::new(root.path()), version, seed).unwrap();
    }
    for name in foreign {
        assert_eq!(fs::read_to_string(root.path().join(name)).unwrap(), "not: {{ yaml", "{name}");
    }
}

#[test]
fn only_one_run_at_a_time_and_a_dead_one_holds_nothing() {
    let root = tempfile::tempdir().unwrap();
    let first = Directory::new(root.path());
    wait(first.lock()).unwrap();
    let second = Directory::new(root.path());
    let error = wait(second.lock()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Locked);
    let process = std::process::id();
    assert!(error.cause.contains(&format!("process {process}")), "{error}");
    assert!(run(&second, 'a', 1).is_err());
    // As when the process is killed: the kernel closes its files, nothing else happens.
    drop(first);
    assert!(root.path().join(".ksi/lock").exists());
    assert_eq!(run(&second, 'a', 1).unwrap().create, 6);
    // A file that a killed process of old left says nothing.
    fs::write(root.path().join(".ksi/lock"), "999999\n").unwrap();
    assert_eq!(run(&Directory::new(root.path()), 'b', 2).unwrap().create, 1);
}

#[test]
fn a_change_between_plan_and_lock_is_detected() {
    let root = tempfile::tempdir().unwrap();
    run(&Directory::new(root.path()), 'a', 1).unwrap();
    let target = Directory::new(root.path());
    let planned = plan(&target, 'b', 2).unwrap();
    let path = root.path().join("40-services/service_kubesphere-system_old.yaml");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("80", "81")).unwrap();
    let before = manifests(root.path());
    let mut events = Vec::new();
    let error = apply(&target, &planned, 2, &mut |e| events.push(e)).unwrap_err();
    let said = "Service/kubesphere-system/old was changed by somebody else after the plan was made";
    assert_eq!(error.to_string(), said);
    assert_eq!(manifests(root.path()), before);
    assert!(matches!(events.last(), Some(Event::Error { .. })));
    let locked = |e: &Event| matches!(e, Event::Status { state: Phase::Locked, .. });
    assert!(events.iter().any(locked));
}

#[test]
fn placeholders_of_a_preview_are_never_written() {
    let target = Memory::default();
    let stored = StoredValues::default();
    let objects = objects('a', &preview(&Given::default()));
    let desired = Desired { objects, values: stored.clone(), spec_hash: String::new() };
    let planned = wait(engine::plan(&target, stored, desired, &options(1))).unwrap();
    let error = apply(&target, &planned, 1, &mut |_| {}).unwrap_err();
    assert!(matches!(error, engine::Error::Unresolved(_)), "{error}");
    assert!(target.log().is_empty());
}
