//! A run that loses its lock to another one, and what was written as ksi by other hands.

use std::time::Duration;

use ksi::inventory::Inventory;
use nix::sys::signal::Signal;
use sandbox::proxy::{Fault, Match, Nth, Rule};
use serde_json::{Value, json};

use super::running::Running;
use super::stage::{Stage, says};
use crate::hands::{Hands as _, SYSTEM};

/// How soon a run ends that has lost its lock and hears of the server again.
const SOON: Duration = Duration::from_secs(15);
/// What the first run wrote and could not record is a conflict where documents are merged.
const THEIRS: [&str; 3] = ["--set", "local_registry=theirs.example", "--force-conflicts"];
const CONFIG_MAP: &str = "-n kubesphere-system configmap ks-router-config";

/// The machine of a run is suspended, or its connection is cut, in the middle of its writes.
#[test]
fn a_run_that_lost_its_lock_never_writes_again() {
    let Some(stage) = Stage::set() else { return };
    let frozen = frozen_in_the_middle(&stage);
    another_run_finishes(&stage);
    frozen.signal(Signal::SIGCONT);
    loses(&stage, frozen);

    for (number, fault) in
        [Fault::Status { code: 503, retry_after: None }, Fault::Hang].into_iter().enumerate()
    {
        let mine = format!("local_registry=mine-{number}.example");
        let cut_off = cut_off_at_one_write(&stage, &fault, &["--set", &mine]);
        another_run_finishes(&stage);
        stage.proxy.set([]);
        loses(&stage, cut_off);
    }
}

fn frozen_in_the_middle(stage: &Stage) -> Running {
    let slow = Fault::Delay(Duration::from_millis(500));
    stage.proxy.set([Rule::new(Match::writes().agent("ksi/"), Nth::From(60), slow)]);
    let mut running = stage.begin(&["--set", "local_registry=mine.example"]);
    running.await_writes(&stage.proxy, 80);
    running.signal(Signal::SIGSTOP);
    running
}

/// The write and the renewals of the lock get no answer, or 503; others pass.
fn cut_off_at_one_write(stage: &Stage, fault: &Fault, more: &[&str]) -> Running {
    let running = stage.begin_with(fault.clone(), "/deployments/ks-console", more);
    let cut_off = ["/deployments/ks-console", "/leases/"];
    let rules = cut_off
        .map(|path| Rule::new(Match::any().agent("ksi/").contains(path), Nth::All, fault.clone()));
    stage.proxy.set(rules);
    running
}

/// What the first run still wrote may change what the other one planned: then that plans again.
fn another_run_finishes(stage: &Stage) {
    let said = stage.apply(&THEIRS).expect(0);
    says(&said, &["another run holds the lock"]);
}

/// Between the plan and the lock somebody deletes what the plan would keep.
#[test]
fn an_outdated_plan_is_made_again() {
    let Some(stage) = Stage::set() else { return };
    stage.apply(&[]).expect(0);
    let (running, gate) = stage.begin_held("/leases", &THEIRS);
    stage.kubectl(&format!("delete {CONFIG_MAP}"));
    gate.open();
    let said = running.end().expect(0);
    says(&said, &["was changed by somebody else after the plan was made; planning again"]);
    stage.rests(&THEIRS);
    stage.json(CONFIG_MAP);
}

fn loses(stage: &Stage, running: Running) {
    let since = stage.mark();
    let said = running.ends_within(SOON).expect(8);
    says(&said, &["another run took it over", "nothing more was written"]);
    assert_eq!(stage.writes(since), [""; 0], "{}", said.err);
    stage.proxy.set([]);
    stage.rests(&THEIRS);
}

/// The fields and their manager are the same; nobody but the server knows that the values are others.
#[test]
fn a_value_that_others_wrote_as_ksi_is_seen_and_repaired() {
    let Some(stage) = Stage::set() else { return };
    stage.apply(&[]).expect(0);
    let diff =
        |code| stage.rig.ksi(&["diff", "-f", &crate::installed::sample("none.yaml")]).expect(code);
    diff(0);
    let before = stage.json(CONFIG_MAP);
    overwrite(&stage, &before, "apply --server-side --field-manager=ksi");
    assert!(diff(1).out.contains("ks-router-config"));
    let drift = stage.rig.ksi(&["status", "-o", "json"]);
    assert!(drift.out.contains("written again as ksi"), "{}", drift.out);
    repaired(&stage, &before);

    // As ksi, but not by apply: the server takes it for another owner.
    overwrite(&stage, &before, "replace --field-manager=ksi");
    assert!(diff(1).out.contains("takes ownership of"));
    repaired(&stage, &before);

    // As early versions recorded it.
    let mut early = Inventory::new(stage.inventory().key, stage.inventory().ksi_version);
    early.spec_hash = stage.inventory().spec_hash;
    for entry in stage.inventory().entries() {
        let mut entry = entry.clone();
        entry.written = None;
        early.insert(entry);
    }
    let data = json!({"data": early.to_secret()}).to_string();
    stage.kubectl_with(&format!("-n {SYSTEM} patch secret ksi-inventory --type=merge -p"), &data);
    let status = stage.rig.ksi(&["status", "-o", "json"]);
    assert!(!status.out.contains("written again as ksi"), "{}", status.out);
    diff(0);
    let since = stage.mark();
    stage.apply(&[]).expect(0);
    assert_eq!(stage.changes(since), [""; 0]);
    stage.rests(&[]);
}

/// Writes another value into each key, and nothing else.
fn overwrite(stage: &Stage, before: &Value, how: &str) {
    let mut body = before.clone();
    for name in ["managedFields", "uid", "resourceVersion", "creationTimestamp"] {
        body["metadata"].as_object_mut().unwrap().remove(name);
    }
    for (_, value) in body["data"].as_object_mut().unwrap() {
        *value = "theirs".into();
    }
    stage.kubectl_file(how, &body);
    assert_ne!(stage.json(CONFIG_MAP)["data"], before["data"]);
}

fn repaired(stage: &Stage, before: &Value) {
    let since = stage.mark();
    stage.apply(&[]).expect(0);
    assert_eq!(stage.changes(since), ["patch configmaps/ks-router-config"]);
    assert_eq!(stage.json(CONFIG_MAP)["data"], before["data"]);
    stage.rests(&[]);
}
