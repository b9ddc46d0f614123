//! The order of stages and components.

use std::collections::BTreeSet;
use std::time::Duration;

use ksi::engine::{ComponentState, Event, Wait};
use ksi::object::DryRunResult;
use ksi::target::{ErrorKind, Finding};
use serde_json::json;

use super::doubles::{Faults, Life, Memory};
use super::world::{all_known, at, id, objects, options, run};

#[test]
fn stages_and_dependencies_are_in_order() {
    let slow = objects().into_iter().map(|object| (object.id, 3)).collect();
    let memory = Memory::default().living(Life { slow, ..Life::default() });
    let report = run(&memory, objects(), &options());
    assert_eq!(report.answer.unwrap().create, 10);
    let log = memory.log();
    let place = |line: &str| at(&log, &format!("write {line}"));
    for [before, after] in [
        ["Namespace/ks", "ServiceAccount/core"],
        ["CustomResourceDefinition/widgets", "ServiceAccount/core"],
        ["CustomResourceDefinition/widgets", "Deployment/kubefed"],
        ["ServiceAccount/core", "Service/core"],
        ["Service/core", "Deployment/core"],
        ["Deployment/core", "ValidatingWebhookConfiguration/core"],
        ["Deployment/console", "ValidatingWebhookConfiguration/core"],
        ["ValidatingWebhookConfiguration/core", "Widget/a"],
        ["Widget/a", "User/admin"],
    ] {
        assert!(place(before) < place(after), "{before} before {after}: {log:#?}");
    }
    // Not only written: healthy.
    let said = |wanted: &dyn Fn(&Event) -> bool| report.events.iter().position(wanted).unwrap();
    for [awaited, after] in [
        ["CustomResourceDefinition/widgets", "Deployment/kubefed"],
        ["Deployment/console", "ValidatingWebhookConfiguration/core"],
        ["Widget/a", "User/admin"],
    ] {
        let ready = said(&|e| matches!(e, Event::Ready { object, .. } if *object == id(awaited)));
        let written = said(&|e| matches!(e, Event::Apply { object, .. } if *object == id(after)));
        assert!(ready < written, "{awaited} is ready before {after} is written");
    }
    all_known(&memory);
    let again = memory.restarted(Faults::default());
    assert_eq!(run(&again, objects(), &options()).answer.unwrap().unchanged, 10);
    assert_eq!(again.log(), [""; 0]);
}

#[test]
fn a_failing_console_stops_only_its_dependents_and_is_diagnosed() {
    let console = id("Deployment/console");
    let finding = Finding {
        object: console.clone(),
        reason: "CrashLoopBackOff".into(),
        message: "it ends right after its start".into(),
        lines: vec!["panic".into()],
        next_step: "read the log".into(),
    };
    let life = Life {
        broken: [(console.clone(), "it is dead".into())].into(),
        findings: [(console.clone(), finding.clone())].into(),
        ..Life::default()
    };
    let memory = Memory::default().living(life);
    let report = run(&memory, objects(), &options());
    assert_eq!(report.state("kubefed"), ComponentState::Healthy);
    assert_eq!(report.state("core"), ComponentState::Failed);
    assert_eq!(report.state("iam"), ComponentState::Skipped);
    let incomplete = report.incomplete();
    assert_eq!(incomplete.kind(), ErrorKind::Unhealthy);
    assert_eq!(incomplete.unhealthy.len(), 1);
    assert_eq!(incomplete.unhealthy[0].0, console);
    let skipped: Vec<_> = incomplete.skipped.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(skipped, ["iam"]);
    assert!(!incomplete.timed_out);
    assert_eq!(report.findings(), [&finding]);
    // The next stage of core never began.
    assert!(!memory.objects().contains_key(&id("ValidatingWebhookConfiguration/core")));
    all_known(&memory);

    // Fixed: the next run continues. Failed again: it writes nothing, and does not succeed.
    let cured = memory.restarted(Faults::default()).living(Life::default());
    assert_eq!(run(&cured, objects(), &options()).answer.unwrap().create, 3);
    let life = Life { broken: [(console, "dead again".into())].into(), ..Life::default() };
    let again = cured.restarted(Faults::default()).living(life);
    let report = run(&again, objects(), &options());
    assert_eq!(report.incomplete().kind(), ErrorKind::Unhealthy);
    assert!(report.incomplete().skipped.is_empty(), "{:?}", report.incomplete());
    assert_eq!(again.log(), [""; 0]);
}

#[test]
fn a_timeout_names_everything_that_is_not_ready() {
    let slow = [(id("Deployment/core"), usize::MAX), (id("Deployment/kubefed"), usize::MAX)];
    let memory = Memory::default().living(Life { slow: slow.into(), ..Life::default() });
    let report = run(&memory, objects(), &options());
    let incomplete = report.incomplete();
    assert!(incomplete.timed_out);
    assert_eq!(incomplete.kind(), ErrorKind::Timeout);
    let unhealthy: BTreeSet<_> = incomplete.unhealthy.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(unhealthy, [id("Deployment/core"), id("Deployment/kubefed")].into());
    // The target knows nothing more: the reason is reported all the same.
    let reasons: Vec<_> = report.findings().iter().map(|f| f.message.as_str()).collect();
    assert_eq!(reasons, ["not yet observed by its controller (generation 1 of 2)"; 2]);
    assert!(report.findings()[0].next_step.contains("kubectl describe deployment"));
    // Each reason was reported once.
    let waits = report.events.iter().filter(|e| matches!(e, Event::Wait { .. })).count();
    assert_eq!(waits, 2);
    all_known(&memory);
}

#[test]
fn objects_of_a_webhook_wait_until_it_answers() {
    let life = Life { guarded: [("Widget".into(), 40)].into(), ..Life::default() };
    let memory = Memory::default().living(life);
    let report = run(&memory, objects(), &options());
    report.answer.as_ref().unwrap();
    let log = memory.log();
    assert!(at(&log, "write ValidatingWebhookConfiguration/core") < at(&log, "probe Widget/a"));
    assert!(log.iter().filter(|line| *line == "probe Widget/a").count() > 5);
    assert!(at(&log, "probe Widget/a") < at(&log, "write Widget/a"));
    let says = |e: &Event| matches!(e, Event::Wait { reason, .. } if reason.contains("webhook"));
    assert_eq!(report.events.iter().filter(|event| says(event)).count(), 1);

    let life = Life { guarded: [("Widget".into(), usize::MAX)].into(), ..Life::default() };
    let never = Memory::default().living(life);
    let late = run(&never, objects(), &options());
    assert_eq!(late.incomplete().unhealthy[0].0, id("Widget/a"));
    assert!(late.events.iter().any(says));
}

#[test]
fn without_waiting_webhooks_are_written_last() {
    let slow = [(id("Deployment/core"), usize::MAX)];
    let memory = Memory::default().living(Life { slow: slow.into(), ..Life::default() });
    let wait = Wait { health: false, timeout: Duration::from_secs(60), ..Wait::default() };
    let report = run(&memory, objects(), &ksi::engine::Options { wait, ..options() });
    assert_eq!(report.answer.as_ref().unwrap().create, 10);
    assert_eq!(report.state("core"), ComponentState::Done);
    let log = memory.log();
    let webhook = at(&log, "write ValidatingWebhookConfiguration/core");
    assert!(at(&log, "write User/admin") < webhook);
    assert!(log.iter().all(|line| !line.starts_with("probe")));
}

#[test]
fn a_conflict_is_skipped_with_its_dependents_until_forced() {
    let memory = Memory::default().living(Life::default());
    run(&memory, objects(), &options()).answer.unwrap();
    let meddled = id("Deployment/core");
    let mut forced = objects().into_iter().find(|o| o.id == meddled).unwrap().body;
    forced["spec"]["replicas"] = json!(1);
    memory.meddle(&meddled, |body| body["spec"]["replicas"] = json!(5));
    let fields = vec![ksi::object::FieldConflict {
        manager: "kubectl-scale".into(),
        field: ".spec.replicas".into(),
    }];
    let forecast = DryRunResult::Conflict { fields, forced: Some(forced) };
    let mut wanted = objects();
    let user = wanted.iter_mut().find(|o| o.id == id("User/admin")).unwrap();
    user.body["spec"] = json!({"email": "a@b.c"});
    let with_conflict =
        || memory.restarted(Faults::default()).with_dry_runs([(meddled.clone(), forecast.clone())]);

    let left = with_conflict();
    let report = run(&left, wanted.clone(), &options());
    assert_eq!(report.incomplete().kind(), ErrorKind::Conflict);
    assert_eq!(report.incomplete().conflicts, std::slice::from_ref(&meddled));
    assert_eq!(report.state("iam"), ComponentState::Skipped);
    assert_eq!(left.objects()[&meddled]["spec"]["replicas"], 5);

    let mut taking = options();
    taking.plan.take = vec![".spec.replicas".into()];
    let taken = with_conflict();
    let report = run(&taken, wanted, &taking);
    assert_eq!(report.answer.unwrap().update, 2);
    assert_eq!(taken.objects()[&meddled]["spec"]["replicas"], 1);
}

#[test]
fn an_unchanged_object_is_not_written() {
    let memory = Memory::default().living(Life::default());
    run(&memory, objects(), &options()).answer.unwrap();
    // A difference that a dry run would not show.
    memory.meddle(&id("Service/core"), |body| body["spec"] = json!({"clusterIP": "10.0.0.1"}));
    let settled = memory
        .restarted(Faults::default())
        .with_dry_runs(objects().into_iter().map(|object| (object.id, DryRunResult::UpToDate)));
    assert_eq!(run(&settled, objects(), &options()).answer.unwrap().unchanged, 10);
    assert_eq!(settled.log(), [""; 0]);
}

#[test]
fn only_selected_components_change_and_others_stay_recorded() {
    let memory = Memory::default().living(Life::default());
    run(&memory, objects(), &options()).answer.unwrap();
    let known = super::world::wait(ksi::target::Store::inventory(&memory)).unwrap().unwrap();
    // Everything changes, and the objects of core are no longer desired.
    let mut wanted: Vec<_> = objects().into_iter().filter(|o| o.component != "core").collect();
    for object in &mut wanted {
        object.body["metadata"]["labels"] = json!({"new": "yes"});
    }
    let only = Some(["kubefed".to_owned()].into());
    let again = memory.restarted(Faults::default());
    let report = run(&again, wanted, &ksi::engine::Options { only, ..options() });
    assert_eq!(report.answer.unwrap().writes(), 1);
    let log = again.log();
    assert_eq!(log, ["write Deployment/kubefed", "commit", "record inventory", "commit"]);
    let now = super::world::wait(ksi::target::Store::inventory(&again)).unwrap().unwrap();
    assert_eq!(now.entries().len(), known.entries().len());
    for entry in known.entries().iter().filter(|entry| entry.component != "kubefed") {
        assert_eq!(now.get(&entry.id), Some(entry));
    }
}

#[test]
fn a_port_that_is_allocated_to_nobody_is_retried_until_the_timeout() {
    let service = id("Service/core");
    let held = |often| Life { held: [(service.clone(), often)].into(), ..Life::default() };
    let memory = Memory::default().living(held(100));
    let report = run(&memory, objects(), &options());
    assert_eq!(report.answer.unwrap().create, 10);
    let waits = report.events.iter().filter(|event| matches!(event, Event::Wait { object, reason, .. } if *object == service && reason == "its port is held"));
    assert_eq!(waits.count(), 1);

    let memory = Memory::default().living(held(usize::MAX));
    let report = run(&memory, objects(), &options());
    assert_eq!(report.incomplete().kind(), ErrorKind::Timeout);
    assert_eq!(report.incomplete().failed[0].1.kind, ErrorKind::Held);
    assert!(report.incomplete().timed_out);
    assert_eq!(report.state("kubefed"), ComponentState::Healthy);
}
