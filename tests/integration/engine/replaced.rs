//! What a run replaces is deleted under the lock, before its first write, and awaited.

use std::time::Duration;

use ksi::engine::{Error, Event, Options, Phase, Pruned, Replaced, Wait};
use ksi::object::ObjectId;
use ksi::target::Writer as _;
use serde_json::{Value, json};

use super::doubles::{Faults, Life, Memory};
use super::world::{at, objects, options, run, run_until, wait};

fn installer() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "ks-installer", "namespace": "ks", "uid": "u"},
    })
}

fn installer_id() -> ObjectId {
    ObjectId::of(&installer()).unwrap()
}

fn replacing() -> Options {
    let replaced = Replaced { object: installer_id(), uid: "u".into() };
    Options { replaced: Some(replaced), ..options() }
}

/// An installer whose pod needs this long to end.
fn lingering(until: usize) -> Memory {
    let life = Life { lingers: [(installer_id(), until)].into(), ..Life::default() };
    let memory = Memory::default().living(life);
    memory.make(installer());
    memory
}

#[test]
fn nothing_is_written_before_it_has_ended() {
    let memory = lingering(500);
    let report = run(&memory, objects(), &replacing());
    report.answer.unwrap();
    let log = memory.log();
    let deleted = at(&log, &format!("delete {}", installer_id()));
    assert_eq!(deleted, 0, "{log:#?}");
    let place = |is: &dyn Fn(&Event) -> bool| report.events.iter().position(is).unwrap();
    let locked = place(&|e| matches!(e, Event::Status { state: Phase::Locked, .. }));
    let waits = place(&|e| matches!(e, Event::Wait { object, .. } if *object == installer_id()));
    let gone = place(&|e| {
        let Event::Prune { object, state: Pruned::Deleted, reason, .. } = e else { return false };
        *object == installer_id() && reason.as_deref() == Some("replaced by ksi")
    });
    let first = place(&|e| matches!(e, Event::Apply { .. }));
    assert!(locked < waits && waits < gone && gone < first, "{:#?}", report.events);
    assert!(!memory.objects().contains_key(&installer_id()));
}

#[test]
fn it_stays_as_long_as_another_run_holds_the_lock() {
    let memory = lingering(1);
    wait(memory.lock()).unwrap();
    let report = run(&memory, objects(), &replacing());
    assert!(matches!(report.answer, Err(Error::Target(_))), "{:?}", report.answer);
    assert_eq!(memory.objects()[&installer_id()], installer());
    assert_eq!(memory.log(), [""; 0]);
}

#[test]
fn a_run_that_ends_before_it_has_ended_wrote_nothing_and_the_next_one_goes_on() {
    let memory = lingering(10_000);
    let is_waiting = |e: &Event| matches!(e, Event::Wait { .. });
    let report = run_until(&memory, objects(), &replacing(), is_waiting);
    assert!(matches!(report.answer, Err(Error::Interrupted)), "{:?}", report.answer);
    let short = Wait { health: true, timeout: Duration::from_secs(30), fail_fast: true };
    let report = run(&memory, objects(), &Options { wait: short, ..replacing() });
    assert!(report.incomplete().timed_out);
    assert_eq!(report.incomplete().remaining[0].0, installer_id());
    assert!(memory.log().iter().all(|line| line.starts_with("delete")), "{:#?}", memory.log());
    assert!(!memory.is_locked());

    let memory = memory.restarted(Faults::default()).living(Life::default());
    run(&memory, objects(), &replacing()).answer.unwrap();
    assert!(!memory.objects().contains_key(&installer_id()));
    // It is replaced, too, where there is nothing else to do.
    memory.make(installer());
    run(&memory, objects(), &replacing()).answer.unwrap();
    assert!(!memory.objects().contains_key(&installer_id()));
}
