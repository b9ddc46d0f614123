//! Who ran what and how it ended, in the inventory.

use ksi::engine::{Options, Runner};
use ksi::inventory::{Inventory, Operation, PruneOptions};
use ksi::object::Object;
use ksi::plan::PlanOptions;
use ksi::target::{ErrorKind, Store as _};
use serde_json::json;

use super::doubles::{Faults, Life, Memory};
use super::world::{id, object, objects, options, run, wait};

fn signed(by: &str) -> Options {
    let runner = Runner { by: by.to_owned(), now: || "2026-11-21T16:00:00Z".to_owned() };
    Options { runner: Some(runner), ..options() }
}

fn inventory(memory: &Memory) -> Inventory {
    wait(memory.inventory()).unwrap().unwrap()
}

fn with_claim() -> Vec<Object> {
    let claim = object("core", "v1", "PersistentVolumeClaim", "data", json!({"spec": {}}));
    objects().into_iter().chain([claim]).collect()
}

#[test]
fn a_run_that_ends_well_is_what_was_applied_and_the_next_one_writes_nothing() {
    let memory = Memory::default().living(Life::default());
    run(&memory, objects(), &signed("ann@laptop")).answer.unwrap();
    let recorded = inventory(&memory);
    let last = recorded.last_run.clone().unwrap();
    assert!(last.has_succeeded() && last.by == "ann@laptop");
    assert_eq!((last.operation, recorded.applied), (Operation::Apply, Some(last)));
    let again = memory.restarted(Faults::default());
    run(&again, objects(), &signed("bob@ci")).answer.unwrap();
    assert_eq!(again.log(), [""; 0]);
}

#[test]
fn a_run_that_fails_or_is_killed_is_recorded_and_applied_nothing() {
    let refused = [(id("Service/core"), ErrorKind::Forbidden)].into();
    let memory = Memory::default().living(Life { refused, ..Life::default() });
    run(&memory, objects(), &signed("ann@laptop")).answer.unwrap_err();
    let recorded = inventory(&memory);
    let last = recorded.last_run.unwrap();
    assert!(last.error.unwrap().starts_with("the run did not complete"));
    assert!(last.ended.is_some() && recorded.applied.is_none());

    let killed = Memory::default().living(Life::default()).restarted(Faults::cut(5));
    run(&killed, objects(), &signed("ann@laptop")).answer.unwrap_err();
    let last = inventory(&killed).last_run.unwrap();
    assert_eq!((last.ended, last.error), (None, None));
    // The next one records its own end, also where nothing is left to write.
    let next = killed.restarted(Faults::default());
    run(&next, objects(), &signed("bob@ci")).answer.unwrap();
    assert_eq!(inventory(&next).applied.unwrap().by, "bob@ci");
}

#[test]
fn what_is_only_kept_is_marked_until_it_is_wanted_again() {
    let memory = Memory::default().living(Life::default());
    let kept = |memory: &Memory| -> Vec<String> {
        let recorded = inventory(memory);
        recorded.entries().iter().filter(|e| e.kept).map(|e| e.id.to_string()).collect()
    };
    run(&memory, with_claim(), &signed("ann@laptop")).answer.unwrap();
    assert_eq!(kept(&memory), [""; 0]);
    run(&memory, objects(), &signed("ann@laptop")).answer.unwrap();
    assert_eq!(kept(&memory), ["PersistentVolumeClaim/data"]);
    run(&memory, with_claim(), &signed("ann@laptop")).answer.unwrap();
    assert_eq!(kept(&memory), [""; 0]);
}

#[test]
fn after_an_uninstallation_only_what_is_kept_is_left() {
    let memory = Memory::default().living(Life::default());
    run(&memory, with_claim(), &signed("ann@laptop")).answer.unwrap();
    let prune = PruneOptions { created: true, ..PruneOptions::default() };
    let plan = PlanOptions { prune, allow_empty: true, ..PlanOptions::default() };
    let removing = Options { plan, ..signed("bob@ci") };
    run(&memory, Vec::new(), &removing).answer.unwrap();
    let recorded = inventory(&memory);
    assert!(recorded.is_uninstalled() && recorded.entries().iter().all(|entry| entry.kept));
    assert_eq!(recorded.applied.unwrap().by, "ann@laptop", "the time of the last apply stays");
    run(&memory, with_claim(), &signed("ann@laptop")).answer.unwrap();
    assert!(!inventory(&memory).is_uninstalled());
}
