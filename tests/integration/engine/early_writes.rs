//! What is written while new kinds come up, and what is not.

use ksi::engine::{ComponentState, Event};
use ksi::object::{DryRunResult, FieldConflict};
use ksi::target::ErrorKind;
use serde_json::json;

use super::doubles::{Faults, Life, Memory};
use super::uninstall::lingering;
use super::world::{Told, id, object, objects, options, removing, run, run_until};

const WIDGETS: &str = "CustomResourceDefinition/widgets";

fn place(told: &Told, wanted: impl Fn(&Event) -> bool) -> usize {
    told.events.iter().position(wanted).unwrap_or_else(|| panic!("{:?}", told.events))
}

fn written(told: &Told, name: &str) -> usize {
    place(told, |event| matches!(event, Event::Apply { object, .. } if object.to_string() == name))
}

fn ready(told: &Told, name: &str) -> usize {
    place(told, |event| matches!(event, Event::Ready { object, .. } if object.to_string() == name))
}

#[test]
fn what_is_only_read_is_there_before_new_kinds_are() {
    let slow = [(id(WIDGETS), 3)].into();
    let memory = Memory::default().living(Life { slow, ..Life::default() });
    let told = run(&memory, objects(), &options());
    let ready =
        |event: &Event| matches!(event, Event::Ready { object, .. } if *object == id(WIDGETS));
    let ready = place(&told, ready);
    assert!(written(&told, "ServiceAccount/core") < ready);
    assert!(written(&told, "Service/core") < ready);
    assert!(ready < written(&told, "Deployment/core"));
}

#[test]
fn nothing_is_laid_where_what_builds_upon_it_is_left_out() {
    let memory = Memory::default().living(Life::default());
    run(&memory, objects(), &options()).answer.unwrap();
    let fields = vec![FieldConflict { manager: "helm".into(), field: ".spec.scope".into() }];
    let conflict = DryRunResult::Conflict { fields, forced: None };
    let mut wanted = objects();
    let account = wanted.iter_mut().find(|o| o.id == id("ServiceAccount/core")).unwrap();
    account.body["metadata"]["labels"] = json!({"new": "yes"});
    let gadgets = json!({"spec": {"group": "test.io", "names": {"kind": "Gadget"}}});
    wanted.extend([
        object("crds", "apiextensions.k8s.io/v1", "CustomResourceDefinition", "gadgets", gadgets),
        object("core", "v1", "ConfigMap", "new", json!({"data": {}})),
    ]);
    let memory = memory.restarted(Faults::default()).with_dry_runs([(id(WIDGETS), conflict)]);
    let told = run(&memory, wanted, &options());
    assert_eq!(told.incomplete().kind(), ErrorKind::Conflict);
    assert_eq!(told.state("core"), ComponentState::Skipped);
    let log = memory.log();
    assert!(log.contains(&"write CustomResourceDefinition/gadgets".to_owned()), "{log:?}");
    assert!(!log.iter().any(|line| line.ends_with("/core") || line.ends_with("/new")), "{log:?}");
}

#[test]
fn one_that_is_being_deleted_holds_up_nobody_else() {
    let memory = lingering("Service/core", 400);
    let is_awaited = |event: &Event| matches!(event, Event::Wait { .. });
    run_until(&memory, Vec::new(), &removing(), is_awaited).answer.unwrap_err();
    assert!(!memory.objects().contains_key(&id(WIDGETS)), "the kind is gone, the Service is not");

    let memory = memory.restarted(Faults::default()).living(Life::default());
    let told = run(&memory, objects(), &options());
    assert!(written(&told, "Deployment/kubefed") < written(&told, "Service/core"));
    told.answer.unwrap();
}

#[test]
fn a_namespace_that_is_being_deleted_holds_up_no_kind() {
    let memory = lingering("Namespace/ks", 400);
    let is_awaited = |event: &Event| matches!(event, Event::Wait { .. });
    run_until(&memory, Vec::new(), &removing(), is_awaited).answer.unwrap_err();

    let slow = [(id(WIDGETS), 3)].into();
    let memory = memory.restarted(Faults::default()).living(Life { slow, ..Life::default() });
    let told = run(&memory, objects(), &options());
    assert!(ready(&told, WIDGETS) < written(&told, "Namespace/ks"));
    assert!(written(&told, "Namespace/ks") < written(&told, "ServiceAccount/core"));
    told.answer.unwrap();
}
