//! The record of what is ours, in the hands of others.

use serde_json::{Value, json};

use crate::faults::stage::{Stage, says};
use crate::hands::{Hands as _, SYSTEM};

const SECRET: &str = "-n kubesphere-system patch secret ksi-inventory --type=merge -p";

/// `more` is what is applied, with redis.
pub(super) fn damaged_lost_or_edited_it_costs_nothing(stage: &Stage, more: &[&str]) {
    let before = stage.objects();
    damaged_it_is_told_and_nothing_is_written(stage, more);
    deleted_it_is_made_anew_and_nothing_is_removed(stage);
    // Whoever wants it back has it back.
    stage.heals(more);
    same(&stage.objects(), &before);
    without_an_entry_the_object_is_found_again(stage, more);
    same(&stage.objects(), &before);
    edited_under_a_run_it_is_not_overwritten(stage, more);
    same(&stage.objects(), &before);
}

fn damaged_it_is_told_and_nothing_is_written(stage: &Stage, more: &[&str]) {
    let kept = stage.inventory().to_secret();
    put(stage, &json!({"inventory.json.gz": "e30K"}));
    let since = stage.mark();
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("bundle.tar.gz").display().to_string();
    let verbs = [&["status"][..], &["wait"], &["logs"], &["bundle", "--output", &archive]];
    let readers = verbs.map(|verb| stage.rig.ksi(verb));
    for said in readers.into_iter().chain([stage.apply(more)]) {
        says(
            &said.expect(4),
            &[
                "Secret/kubesphere-system/ksi-inventory",
                "cannot be read",
                "restore it from a backup; or delete it",
            ],
        );
    }
    assert_eq!(stage.writes(since), [""; 0]);
    put(stage, &kept);
    stage.rests(more);
}

/// Without the record nobody knows what was ours: what is no longer wanted stays.
fn deleted_it_is_made_anew_and_nothing_is_removed(stage: &Stage) {
    stage.kubectl(&format!("-n {SYSTEM} delete secret ksi-inventory"));
    let since = stage.mark();
    stage.heals(&["--set", "local_registry=mirror.example"]);
    let written = stage.writes(since);
    assert!(!written.iter().any(|write| write.starts_with("delete")), "{written:?}");
    stage.kubectl(&format!("-n {SYSTEM} get deployment redis"));
}

fn without_an_entry_the_object_is_found_again(stage: &Stage, more: &[&str]) {
    let mut edited = stage.inventory();
    let console = edited
        .entries()
        .iter()
        .find(|entry| entry.id.name == "ks-console" && entry.id.kind == "Deployment");
    let console = console.unwrap().id.clone();
    edited.remove(&console);
    put(stage, &edited.to_secret());
    let since = stage.mark();
    stage.heals(more);
    assert_eq!(stage.changes(since), [""; 0]);
}

fn edited_under_a_run_it_is_not_overwritten(stage: &Stage, more: &[&str]) {
    stage.kubectl(&format!("-n {SYSTEM} delete configmap ks-router-config"));
    let (running, gate) = stage.begin_held("configmaps/ks-router-config", more);
    stage.kubectl(&format!("-n {SYSTEM} annotate secret ksi-inventory seen=by-them"));
    gate.open();
    let said = running.end().expect(6);
    says(
        &said,
        &[
            "Secret/kubesphere-system/ksi-inventory",
            "the object has been modified",
            "somebody else changed it at the same time: run again",
        ],
    );
    stage.heals(more);
}

/// A list of all would be too long to be read.
fn same(now: &[String], before: &[String]) {
    let lost: Vec<_> = before.iter().filter(|name| !now.contains(name)).collect();
    assert!(lost.is_empty() && now.len() == before.len(), "lost: {lost:?}");
}

fn put(stage: &Stage, data: &Value) {
    stage.kubectl_with(SECRET, &json!({ "data": data }).to_string());
}
