//! Writes before new kinds are served.

use ksi::engine::{ComponentState, Event};
use ksi::object::{DryRunResult, FieldConflict};
use ksi::target::ErrorKind;
use serde_json::json;

use super::doubles::{Faults, Life, Memory};
use super::uninstall::lingering;
use super::world::{RunReport, id, object, objects, options, removing, run, run_until};

const WIDGETS: &str = "CustomResourceDefinition/widgets";

fn place(report: &RunReport, wanted: impl Fn(&Event) -> bool) -> usize {
    report.events.iter().position(wanted).unwrap_or_else(|| panic!("{:?}", report.events))
}

fn written(report: &RunReport, name: &str) -> usize {
    place(
        report,
        |event| matches!(event, Event::Apply { object, .. } if object.to_string() == name),
    )
}

fn ready(report: &RunReport, name: &str) -> usize {
    place(
        report,
        |event| matches!(event, Event::Ready { object, .. } if object.to_string() == name),
    )
}

#[test]
fn access_and_services_are_written_before_new_kinds_are_served() {
    let slow = [(id(WIDGETS), 3)].into();
    let memory = Memory::default().living(Life { slow, ..Life::default() });
    let report = run(&memory, objects(), &options());
    let ready =
        |event: &Event| matches!(event, Event::Ready { object, .. } if *object == id(WIDGETS));
    let ready = place(&report, ready);
    assert!(written(&report, "ServiceAccount/core") < ready);
    assert!(written(&report, "Service/core") < ready);
    assert!(ready < written(&report, "Deployment/core"));
}

#[test]
fn nothing_is_written_early_for_skipped_components() {
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
    let report = run(&memory, wanted, &options());
    assert_eq!(report.incomplete().kind(), ErrorKind::Conflict);
    assert_eq!(report.state("core"), ComponentState::Skipped);
    let log = memory.log();
    assert!(log.contains(&"write CustomResourceDefinition/gadgets".to_owned()), "{log:?}");
    assert!(!log.iter().any(|line| line.ends_with("/core") || line.ends_with("/new")), "{log:?}");
}

#[test]
fn a_terminating_object_delays_no_others() {
    let memory = lingering("Service/core", 400);
    let is_awaited = |event: &Event| matches!(event, Event::Wait { .. });
    run_until(&memory, Vec::new(), &removing(), is_awaited).answer.unwrap_err();
    assert!(!memory.objects().contains_key(&id(WIDGETS)), "the kind is gone, the Service is not");

    let memory = memory.restarted(Faults::default()).living(Life::default());
    let report = run(&memory, objects(), &options());
    assert!(written(&report, "Deployment/kubefed") < written(&report, "Service/core"));
    report.answer.unwrap();
}

#[test]
fn a_terminating_namespace_delays_no_kind() {
    let memory = lingering("Namespace/ks", 400);
    let is_awaited = |event: &Event| matches!(event, Event::Wait { .. });
    run_until(&memory, Vec::new(), &removing(), is_awaited).answer.unwrap_err();

    let slow = [(id(WIDGETS), 3)].into();
    let memory = memory.restarted(Faults::default()).living(Life { slow, ..Life::default() });
    let report = run(&memory, objects(), &options());
    assert!(ready(&report, WIDGETS) < written(&report, "Namespace/ks"));
    assert!(written(&report, "Namespace/ks") < written(&report, "ServiceAccount/core"));
    report.answer.unwrap();
}
