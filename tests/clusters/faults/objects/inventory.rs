//! The record of what is ours, in the hands of others.

use ksi::inventory::Inventory;
use serde_json::{Value, json};

use super::{SYSTEM, World, says};
use crate::sweep::objects;

const SECRET: &str = "-n kubesphere-system patch secret ksi-inventory --type=merge -p";

/// `more` is what is applied, with redis.
pub(super) fn damaged_lost_or_edited_it_costs_nothing(world: &World, more: &[&str]) {
    let before = objects(&world.rig);
    damaged_it_is_told_and_nothing_is_written(world, more);
    deleted_it_is_made_anew_and_nothing_is_removed(world);
    // Whoever wants it back has it back.
    world.heals(more);
    same(&objects(&world.rig), &before);
    without_an_entry_the_object_is_found_again(world, more);
    same(&objects(&world.rig), &before);
    edited_under_a_run_it_is_not_overwritten(world, more);
    same(&objects(&world.rig), &before);
}

fn damaged_it_is_told_and_nothing_is_written(world: &World, more: &[&str]) {
    let kept = data(world);
    put(world, &json!({"inventory.json.gz": "e30K"}));
    let since = world.rig.mark();
    let said = world.apply(more).expect(4);
    says(
        &said,
        &[
            "Secret/kubesphere-system/ksi-inventory",
            "cannot be read",
            "restore it from a backup; or delete it",
        ],
    );
    assert_eq!(world.rig.writes(since), [""; 0]);
    put(world, &kept);
    world.rests(more);
}

/// Without the record nobody knows what was ours: what is no longer wanted stays.
fn deleted_it_is_made_anew_and_nothing_is_removed(world: &World) {
    world.kubectl(&format!("-n {SYSTEM} delete secret ksi-inventory"));
    let since = world.rig.mark();
    world.heals(&["--set", "local_registry=mirror.example"]);
    let written = world.rig.writes(since);
    assert!(!written.iter().any(|write| write.starts_with("delete")), "{written:?}");
    world.kubectl(&format!("-n {SYSTEM} get deployment redis"));
}

fn without_an_entry_the_object_is_found_again(world: &World, more: &[&str]) {
    let mut edited = Inventory::from_secret(&json!({"data": data(world)})).unwrap();
    let console = edited
        .entries()
        .iter()
        .find(|entry| entry.id.name == "ks-console" && entry.id.kind == "Deployment");
    let console = console.unwrap().id.clone();
    edited.remove(&console);
    put(world, &edited.to_secret());
    let since = world.rig.mark();
    world.heals(more);
    assert_eq!(world.rig.changes(since), [""; 0]);
}

fn edited_under_a_run_it_is_not_overwritten(world: &World, more: &[&str]) {
    world.kubectl(&format!("-n {SYSTEM} delete configmap ks-router-config"));
    world.hold_up("configmaps");
    let mut running = world.begin(more);
    running.await_write(world, "configmaps/ks-router-config");
    world.kubectl(&format!("-n {SYSTEM} annotate secret ksi-inventory seen=by-them"));
    let said = running.end().expect(6);
    says(
        &said,
        &[
            "Secret/kubesphere-system/ksi-inventory",
            "the object has been modified",
            "somebody else writes at the same time: run again",
        ],
    );
    world.heals(more);
}

/// A list of all would be too long to be read.
fn same(now: &[String], before: &[String]) {
    let lost: Vec<_> = before.iter().filter(|name| !now.contains(name)).collect();
    assert!(lost.is_empty() && now.len() == before.len(), "lost: {lost:?}");
}

fn data(world: &World) -> Value {
    let path = "jsonpath={.data}";
    let text = world.kubectl(&format!("-n {SYSTEM} get secret ksi-inventory -o {path}"));
    serde_json::from_str(&text).unwrap()
}

fn put(world: &World, data: &Value) {
    world.kubectl_with(SECRET, &json!({ "data": data }).to_string());
}
