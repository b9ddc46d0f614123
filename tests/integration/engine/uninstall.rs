//! Uninstallation: nothing is desired, and everything may be deleted.

use ksi::engine::{self, Error, Event, Stop};
use ksi::object::Object;
use ksi::target::{ErrorKind, Store as _};
use serde_json::json;

use super::doubles::{Faults, Life, Memory};
use super::world::{
    all_known, at, id, object, objects, options, plan, removing, run, run_until, wait,
};

fn installed() -> Memory {
    let memory = Memory::default().living(Life::default());
    run(&memory, objects(), &options()).answer.unwrap();
    memory
}

pub(super) fn lingering(name: &str, until: usize) -> Memory {
    let life = Life { lingers: [(id(name), until)].into(), ..Life::default() };
    installed().restarted(Faults::default()).living(life)
}

#[test]
fn webhooks_are_deleted_first_and_resources_while_their_controllers_run() {
    let memory = lingering("Widget/a", 500);
    let report = run(&memory, Vec::new(), &removing());
    assert_eq!(report.answer.unwrap().delete, 10);
    let log = memory.log();
    let place = |line: &str| at(&log, &format!("delete {line}"));
    for [before, after] in [
        ["ValidatingWebhookConfiguration/core", "Widget/a"],
        ["ValidatingWebhookConfiguration/core", "User/admin"],
        ["Widget/a", "Deployment/core"],
        // Until its CRD is deleted, a controller could create a resource again, whose finalizer nobody would remove.
        ["Widget/a", "CustomResourceDefinition/widgets"],
        ["CustomResourceDefinition/widgets", "Deployment/core"],
        ["Deployment/core", "Service/core"],
        ["Service/core", "Namespace/ks"],
    ] {
        assert!(place(before) < place(after), "{before} before {after}: {log:#?}");
    }
    // Deployments run until the resource is deleted.
    let pruned = |name: &str| {
        let is = |e: &Event| matches!(e, Event::Prune { object, .. } if *object == id(name));
        report.events.iter().position(is).unwrap()
    };
    let waited = report.events.iter().find_map(|event| match event {
        Event::Wait { object, reason, .. } if *object == id("Widget/a") => Some(reason.as_str()),
        _ => None,
    });
    assert_eq!(waited, Some("is being deleted: waiting for finalizer finalizers.test/slow"));
    assert!(pruned("Widget/a") < pruned("Deployment/core"));
    assert!(memory.objects().is_empty());
    assert_eq!(wait(memory.inventory()).unwrap(), None);
    assert!(log.contains(&"forget everything".to_owned()));
    let again = memory.restarted(Faults::default());
    run(&again, Vec::new(), &removing()).answer.unwrap();
    assert_eq!(again.log(), [""; 0]);
}

/// Objects of others: two of our kind, one of them in our namespace, and one of another kind.
fn others() -> [Object; 3] {
    let inside = json!({"metadata": {"name": "b", "namespace": "ks"}, "spec": {}});
    let made = |kind, name, rest| object("", "test.io/v1", kind, name, rest);
    [
        made("Widget", "b", inside),
        made("Widget", "c", json!({"spec": {}})),
        made("Gadget", "d", json!({"spec": {}})),
    ]
}

/// An installation with objects of others, one of which terminates slowly.
fn used(until: usize) -> Memory {
    let memory = installed();
    for other in others() {
        memory.make(other.body);
    }
    let life = Life { lingers: [(others()[0].id.clone(), until)].into(), ..Life::default() };
    memory.restarted(Faults::default()).living(life)
}

#[test]
fn objects_of_others_are_deleted_while_their_controllers_run() {
    let memory = used(500);
    let [inside, outside, foreign] = others().map(|object| object.id);
    let planned = wait(plan(&memory, Vec::new(), &removing()));
    let lost: Vec<_> =
        planned.plan.cascading.iter().map(|change| (&change.id, &*change.component)).collect();
    assert_eq!(lost, [(&outside, "crds"), (&inside, "crds")]);
    assert_eq!(planned.plan.summary().delete, 10, "they are not ours");

    let report = run(&memory, Vec::new(), &removing());
    report.answer.unwrap();
    let log = memory.log();
    let place = |line: String| at(&log, &format!("delete {line}"));
    for id in [&inside, &outside] {
        assert!(place(id.to_string()) < place("CustomResourceDefinition/widgets".into()));
    }
    assert!(report.events.iter().any(|event| matches!(
        event,
        Event::Wait { object, component, .. } if *object == inside && component == "crds"
    )));
    assert_eq!(memory.objects().into_keys().collect::<Vec<_>>(), [foreign]);
}

#[test]
fn no_more_is_deleted_than_the_plan_had() {
    let memory = used(2);
    let [_, outside, _] = others();
    memory.remove(&outside.id);
    let planned = wait(plan(&memory, Vec::new(), &removing()));
    memory.make(outside.body);
    let stop = Stop::default();
    let answer = wait(engine::apply(&memory, &planned, &removing(), &stop, &mut |_| {}));
    let error = answer.unwrap_err();
    assert_eq!(error, Error::MoreDeletes(vec![outside.id]));
    assert_eq!(
        error.to_string(),
        "1 object would be deleted that the plan does not have: Widget/c"
    );
    assert_eq!(memory.log(), [""; 0]);
    // Less is no reason to ask again.
    let planned = wait(plan(&memory, Vec::new(), &removing()));
    memory.remove(&others()[1].id);
    wait(engine::apply(&memory, &planned, &removing(), &stop, &mut |_| {})).unwrap();
}

#[test]
fn objects_that_a_controller_recreates_are_deleted_again() {
    let again = others()[1].id.clone();
    let life = Life { replaced: [(again.clone(), 2)].into(), ..Life::default() };
    let memory = used(2).restarted(Faults::default()).living(life);
    run(&memory, Vec::new(), &removing()).answer.unwrap();
    let log = memory.log();
    let deletes: Vec<usize> =
        (0..log.len()).filter(|at| log[*at] == format!("delete {again}")).collect();
    assert_eq!(deletes.len(), 3, "{log:#?}");
    assert!(deletes[2] < at(&log, "delete CustomResourceDefinition/widgets"), "{log:#?}");
    assert!(!memory.objects().contains_key(&again));
}

#[test]
fn a_terminating_object_of_others_keeps_its_crd_and_its_controllers() {
    let memory = used(usize::MAX);
    let report = run(&memory, Vec::new(), &removing());
    let [inside, ..] = others().map(|object| object.id);
    let remaining: Vec<_> = report.incomplete().remaining.iter().map(|(id, _)| id).collect();
    assert_eq!(remaining, [&inside]);
    for stays in ["CustomResourceDefinition/widgets", "Deployment/core", "Namespace/ks"] {
        assert!(memory.objects().contains_key(&id(stays)), "{stays}");
    }
    let known = wait(memory.inventory()).unwrap().unwrap();
    assert!(known.get(&inside).is_none(), "it is not ours");
}

#[test]
fn objects_of_others_are_kept_with_their_crd_and_deleted_with_their_namespace() {
    let [inside, outside, foreign] = others().map(|object| object.id);
    let mut options = removing();
    options.plan.prune.crds = false;
    let memory = used(2);
    run(&memory, Vec::new(), &options).answer.unwrap();
    let log = memory.log();
    assert!(at(&log, &format!("delete {inside}")) < at(&log, "delete Deployment/core"), "{log:#?}");
    let left = memory.objects();
    assert!(left.contains_key(&outside) && left.contains_key(&foreign), "{left:#?}");

    options.plan.prune.namespaces = false;
    let memory = used(usize::MAX);
    run(&memory, Vec::new(), &options).answer.unwrap();
    let left = memory.objects();
    assert!([inside, outside, foreign].iter().all(|id| left.contains_key(id)), "{left:#?}");
}

#[test]
fn terminating_objects_are_named_with_their_finalizers_and_stay_recorded() {
    let memory = lingering("Widget/a", usize::MAX);
    let report = run(&memory, Vec::new(), &removing());
    let incomplete = report.incomplete();
    assert!(matches!(incomplete.kind(), ErrorKind::Timeout));
    assert_eq!(incomplete.remaining[0].0, id("Widget/a"));
    let [finding] = report.findings()[..] else { panic!("{:?}", report.findings()) };
    assert_eq!(
        finding.message,
        "it is deleted, but still waiting for finalizer finalizers.test/slow"
    );
    assert!(finding.next_step.contains("kubectl patch widget.test.io a"), "{}", finding.next_step);
    // The controller of the finalizer still runs.
    assert!(memory.objects().contains_key(&id("Deployment/core")));
    assert!(!memory.objects().contains_key(&id("User/admin")));
    all_known(&memory);
    let known = wait(memory.inventory()).unwrap().unwrap();
    assert!(known.get(&id("Widget/a")).is_some() && known.get(&id("User/admin")).is_none());
}

#[test]
fn an_uninstallation_that_is_stopped_anywhere_is_finished_by_the_next() {
    for at in 0.. {
        let memory = lingering("Widget/a", 3);
        let mut events = 0;
        let report = run_until(&memory, Vec::new(), &removing(), |_| {
            events += 1;
            events == at + 1
        });
        let killed = lingering("Widget/a", 3).restarted(Faults::cut(at));
        run(&killed, Vec::new(), &removing()).answer.ok();
        for stopped in [&memory, &killed] {
            if !stopped.objects().is_empty() {
                all_known(stopped);
            }
            let next = stopped.restarted(Faults::default());
            run(&next, Vec::new(), &removing()).answer.unwrap_or_else(|e| panic!("{at}: {e}"));
            assert!(next.objects().is_empty(), "{at}");
            assert_eq!(wait(next.inventory()).unwrap(), None, "{at}");
        }
        if report.answer.is_ok() {
            assert!(at > 10, "{at}");
            return;
        }
    }
}

#[test]
fn without_consent_crds_and_namespaces_are_kept_and_recorded() {
    let memory = installed().restarted(Faults::default());
    let mut options = removing();
    options.plan.prune.crds = false;
    options.plan.prune.namespaces = false;
    let report = run(&memory, Vec::new(), &options);
    assert_eq!(report.answer.unwrap().keep, 2);
    assert_eq!(memory.objects().len(), 2);
    all_known(&memory);
}

#[test]
fn nothing_is_deleted_without_consent() {
    let memory = installed().restarted(Faults::default());
    run(&memory, Vec::new(), &options()).answer.unwrap();
    assert_eq!(memory.objects().len(), 10);
}

#[test]
fn the_namespace_with_the_inventory_is_deleted_last() {
    let other = object("namespaces", "v1", "Namespace", "other", json!({}));
    let memory = Memory::default().living(Life::default());
    let desired: Vec<_> = objects().into_iter().chain([other]).collect();
    run(&memory, desired, &options()).answer.unwrap();
    let mut options = removing();
    // Each of the two, so that it is not the order of the names that decides.
    for (own, first) in [("other", "ks"), ("ks", "other")] {
        let memory = memory.restarted(Faults::default()).living(Life::default());
        options.plan.record_namespace = Some(own.to_owned());
        run(&memory, Vec::new(), &options).answer.unwrap();
        let log = memory.log();
        let place = |name: &str| at(&log, &format!("delete Namespace/{name}"));
        assert!(place(first) < place(own), "{log:#?}");
    }
}

#[test]
fn without_waiting_terminating_objects_stay_recorded() {
    let memory = Memory::default().living(Life::default());
    run(&memory, objects(), &options()).answer.unwrap();
    let life = Life { lingers: [(id("Deployment/core"), usize::MAX)].into(), ..Life::default() };
    let memory = memory.restarted(Faults::default()).living(life);
    let mut options = removing();
    options.wait.health = false;
    run(&memory, Vec::new(), &options).answer.unwrap();
    let known = wait(memory.inventory()).unwrap().unwrap();
    let known: Vec<String> = known.entries().iter().map(|entry| entry.id.to_string()).collect();
    assert_eq!(known, ["Deployment/core"]);
}

#[test]
fn a_terminating_object_is_awaited_and_created_again() {
    let name = "CustomResourceDefinition/widgets";
    let memory = lingering(name, 400);
    let is_awaited = |event: &Event| matches!(event, Event::Wait { .. });
    run_until(&memory, Vec::new(), &removing(), is_awaited).answer.unwrap_err();
    let terminating = memory.objects()[&id(name)].clone();
    assert!(terminating["metadata"]["deletionTimestamp"].is_string());

    let next = memory.restarted(Faults::default()).living(Life::default());
    let report = run(&next, objects(), &options());
    report.answer.unwrap();
    let reason = "is being deleted: waiting for finalizer finalizers.test/slow";
    let waits = |event: &&Event| matches!(event, Event::Wait { object, reason: why, .. } if *object == id(name) && why == reason);
    assert_eq!(report.events.iter().filter(waits).count(), 1);
    let made = next.objects()[&id(name)].clone();
    assert_ne!(made["metadata"]["uid"], terminating["metadata"]["uid"]);
    assert!(made["metadata"]["deletionTimestamp"].is_null());
    all_known(&next);
}
