//! Runs that are interrupted, killed or rejected.

use std::time::Duration;

use ksi::engine::{self, ComponentState, Error, Event, Stop};
use ksi::target::ErrorKind;

use super::doubles::{Faults, Life, Memory};
use super::world::{RunReport, all_known, id, objects, options, plan, run, run_until, wait};

fn slow() -> Memory {
    let slow = objects().into_iter().map(|object| (object.id, 2)).collect();
    Memory::default().living(Life { slow, ..Life::default() })
}

/// The next run finishes, and the one after it writes nothing.
fn goes_on(stopped: &Memory, at: usize) {
    let next = stopped.restarted(Faults::default());
    run(&next, objects(), &options()).answer.unwrap_or_else(|error| panic!("{at}: {error}"));
    assert_eq!(next.objects().len(), 10, "{at}");
    all_known(&next);
    let third = next.restarted(Faults::default());
    run(&third, objects(), &options()).answer.unwrap();
    assert_eq!(third.log(), [""; 0], "{at}");
}

#[test]
fn a_run_that_is_interrupted_after_any_event_ends_soon_and_safely() {
    let mut interrupted = 0;
    for at in 0.. {
        let memory = slow();
        let mut events = 0;
        let RunReport { answer, events } = run_until(&memory, objects(), &options(), |_| {
            events += 1;
            events == at + 1
        });
        if answer.is_ok() {
            // Only the last events come after everything is done.
            assert!(events.len() <= at + 3, "{at} of {}", events.len());
            break;
        }
        interrupted += 1;
        assert_eq!(answer, Err(Error::Interrupted), "{at}");
        // No new write began: each stage has four at most.
        let later = events[at + 1..].iter().filter(|e| matches!(e, Event::Apply { .. })).count();
        assert!(later <= 4, "{later} writes after event {at}");
        assert!(!events.iter().any(|event| matches!(event, Event::Finding { .. })));
        if !memory.objects().is_empty() {
            all_known(&memory);
        }
        goes_on(&memory, at);
    }
    assert!(interrupted > 30, "{interrupted}");
}

#[test]
fn a_run_that_is_killed_after_any_change_is_finished_by_the_next() {
    for at in 0.. {
        let memory = slow().restarted(Faults::cut(at));
        let report = run(&memory, objects(), &options());
        if memory.changes() <= at {
            report.answer.unwrap();
            assert!(at > 10, "{at}");
            return;
        }
        report.answer.unwrap_err();
        if !memory.objects().is_empty() {
            all_known(&memory);
        }
        goes_on(&memory, at);
    }
}

#[test]
fn a_run_that_is_dropped_leaves_no_lock() {
    let memory = slow();
    wait(async {
        let (options, stop) = (options(), Stop::default());
        let planned = plan(&memory, objects(), &options).await;
        let mut report = |_| assert!(memory.log().is_empty() || memory.is_locked());
        let run = engine::apply(&memory, &planned, &options, &stop, &mut report);
        tokio::time::timeout(Duration::from_millis(25), run).await.unwrap_err();
    });
    assert!(!memory.is_locked() && !memory.log().is_empty());
    goes_on(&memory, 0);
}

#[test]
fn every_rejected_object_is_reported_and_others_continue() {
    let refused = [
        (id("Service/core"), ErrorKind::Forbidden),
        (id("Deployment/kubefed"), ErrorKind::Invalid),
    ];
    let memory = Memory::default().living(Life { refused: refused.into(), ..Life::default() });
    let report = run(&memory, objects(), &options());
    let incomplete = report.incomplete();
    assert_eq!(incomplete.kind(), ErrorKind::Forbidden);
    let failed: Vec<_> = incomplete.failed.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert_eq!(report.state("core"), ComponentState::Failed);
    assert_eq!(report.state("kubefed"), ComponentState::Failed);
    assert_eq!(report.state("iam"), ComponentState::Skipped);
    assert_eq!(report.state("namespaces"), ComponentState::Healthy);
    let errors = report.events.iter().filter(|e| matches!(e, Event::Error { object: Some(_), .. }));
    assert_eq!(errors.count(), 2);
    all_known(&memory);
    goes_on(&memory.restarted(Faults::default()).living(Life::default()), 0);
}

#[test]
fn a_lost_lock_ends_everything_at_once() {
    let refused = [(id("Service/core"), ErrorKind::Locked)];
    let memory = Memory::default().living(Life { refused: refused.into(), ..Life::default() });
    let report = run(&memory, objects(), &options());
    assert!(matches!(report.answer, Err(Error::Target(error)) if error.kind == ErrorKind::Locked));
    let log = memory.log();
    let refused = super::world::at(&log, "refuse Service/core");
    assert!(log[refused..].iter().all(|line| !line.starts_with("record")), "{log:#?}");
    assert!(!memory.objects().contains_key(&id("User/admin")));
}

#[test]
fn a_lock_that_is_lost_after_any_change_ends_the_run() {
    for at in 0.. {
        let memory = slow().restarted(Faults::lose(at));
        let report = run(&memory, objects(), &options());
        if memory.changes() <= at {
            report.answer.unwrap();
            assert!(at > 10, "{at}");
            return;
        }
        assert!(
            matches!(&report.answer, Err(Error::Target(error)) if error.kind == ErrorKind::Locked),
            "{at}: {:?}",
            report.answer
        );
        // Only what had begun by then is still tried: each stage has four at most.
        assert!(memory.changes() <= at + 4, "{at}: {:#?}", memory.log());
        goes_on(&memory, at);
    }
}

#[test]
fn nothing_is_pruned_before_all_desired_objects_are_ready() {
    let memory = Memory::default().living(Life::default());
    run(&memory, objects(), &options()).answer.unwrap();
    let mut wanted = objects();
    wanted.retain(|object| object.id != id("Service/core"));
    wanted[0].body["metadata"]["labels"] = serde_json::json!({"a": "b"});
    let life =
        Life { refused: [(id("Namespace/ks"), ErrorKind::Forbidden)].into(), ..Life::default() };
    let refusing = memory.restarted(Faults::default()).living(life);
    run(&refusing, wanted.clone(), &options()).answer.unwrap_err();
    assert!(refusing.objects().contains_key(&id("Service/core")));
    all_known(&refusing);
    let next = refusing.restarted(Faults::default()).living(Life::default());
    assert_eq!(run(&next, wanted, &options()).answer.unwrap().delete, 1);
    assert!(!next.objects().contains_key(&id("Service/core")));
}
