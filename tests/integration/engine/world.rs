//! A small installation of several components.

use std::future::Future;
use std::time::Duration;

use ksi::engine::{
    self, ComponentState, Desired, Error, Event, Graph, Incomplete, Options, Planned, Stop, Wait,
};
use ksi::inventory::{Inventory, Key, PruneOptions};
use ksi::object::{Object, ObjectId, Policy};
use ksi::plan::{PlanOptions, Summary};
use ksi::target::Store as _;
use serde_json::{Value, json};

use super::doubles::Memory;

/// Runs on a clock that stands still until everybody waits.
pub(super) fn wait<F: Future>(future: F) -> F::Output {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap().block_on(future)
}

pub(super) fn object(component: &str, api: &str, kind: &str, name: &str, rest: Value) -> Object {
    let mut body = json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}});
    let Value::Object(rest) = rest else { panic!("a mapping") };
    body.as_object_mut().unwrap().extend(rest);
    let id = ObjectId::of(&body).unwrap();
    Object { id, component: component.into(), policy: Policy::Apply, body }
}

/// Five components: `core` with a webhook and a resource that it checks, `iam` that depends on it, and
/// `kubefed` that does not.
pub(super) fn objects() -> Vec<Object> {
    let widgets = json!({"spec": {"group": "test.io", "names": {"kind": "Widget"}}});
    let webhook = "admissionregistration.k8s.io/v1";
    let workload = || json!({"spec": {"replicas": 1}});
    vec![
        object("namespaces", "v1", "Namespace", "ks", json!({})),
        object("crds", "apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets", widgets),
        object("core", "v1", "ServiceAccount", "core", json!({})),
        object("core", "v1", "Service", "core", json!({})),
        object("core", "apps/v1", "Deployment", "console", workload()),
        object("core", "apps/v1", "Deployment", "core", workload()),
        object("core", webhook, "ValidatingWebhookConfiguration", "core", json!({})),
        object("core", "test.io/v1", "Widget", "a", json!({"spec": {}})),
        object("iam", "iam.kubesphere.io/v1alpha2", "User", "admin", json!({"spec": {}})),
        object("kubefed", "apps/v1", "Deployment", "kubefed", workload()),
    ]
}

pub(super) fn id(name: &str) -> ObjectId {
    let found = objects().into_iter().find(|object| object.id.to_string() == name);
    found.unwrap_or_else(|| panic!("{name}")).id
}

fn graph() -> Graph {
    let component = |name: &str, needs: &[&str]| {
        (name.to_owned(), needs.iter().map(|need| (*need).to_owned()).collect())
    };
    [
        component("namespaces", &[]),
        component("crds", &[]),
        component("core", &["namespaces", "crds"]),
        component("iam", &["crds", "core"]),
        component("kubefed", &["namespaces"]),
    ]
    .into_iter()
    .collect()
}

pub(super) fn options() -> Options {
    let wait = Wait { timeout: Duration::from_secs(600), ..Wait::default() };
    Options { wait, ..Options::new(Inventory::new(Key::new([3; 32]), "0.1.0"), graph()) }
}

/// Consent to delete everything.
pub(super) fn removing() -> Options {
    let prune = PruneOptions { crds: true, data: true, namespaces: true, created: true };
    let plan = PlanOptions { prune, allow_empty: true, ..PlanOptions::default() };
    Options { plan, ..options() }
}

/// The events and the result of a run.
pub(super) struct RunReport {
    pub(super) answer: Result<Summary, Error>,
    pub(super) events: Vec<Event>,
}

impl RunReport {
    pub(super) fn incomplete(&self) -> &Incomplete {
        match &self.answer {
            Err(Error::Incomplete(incomplete)) => incomplete,
            other => panic!("{other:?}"),
        }
    }

    /// The last state of a component.
    pub(super) fn state(&self, component: &str) -> ComponentState {
        let state = self.events.iter().rev().find_map(|event| match event {
            Event::Component { name, state, .. } if name == component => Some(*state),
            _ => None,
        });
        state.unwrap_or_else(|| panic!("no event about {component}"))
    }

    pub(super) fn findings(&self) -> Vec<&ksi::target::Finding> {
        let findings = self.events.iter().filter_map(|event| match event {
            Event::Finding { finding, .. } => Some(finding),
            _ => None,
        });
        findings.collect()
    }
}

pub(super) async fn plan(target: &Memory, desired: Vec<Object>, options: &Options) -> Planned {
    let stored = target.values().await.unwrap();
    let desired = Desired { objects: desired, ..Desired::nothing(&stored) };
    engine::plan(target, stored, desired, options).await.unwrap()
}

/// A run that is stopped at the first event for which `stops` is true.
pub(super) fn run_until(
    target: &Memory,
    desired: Vec<Object>,
    options: &Options,
    mut stops: impl FnMut(&Event) -> bool,
) -> RunReport {
    let (mut events, stop) = (Vec::new(), Stop::default());
    let answer = wait(async {
        let planned = plan(target, desired, options).await;
        let mut report = |event: Event| {
            if stops(&event) {
                stop.request();
            }
            events.push(event);
        };
        engine::apply(target, &planned, options, &stop, &mut report).await
    });
    RunReport { answer, events }
}

pub(super) fn run(target: &Memory, desired: Vec<Object>, options: &Options) -> RunReport {
    run_until(target, desired, options, |_| false)
}

/// Checks that the inventory has every object.
pub(super) fn all_known(target: &Memory) {
    let known = wait(target.inventory()).unwrap().unwrap();
    for id in target.objects().keys() {
        assert!(known.get(id).is_some(), "{id}");
    }
}

/// The index of a line in a log.
pub(super) fn at(log: &[String], line: &str) -> usize {
    log.iter().position(|known| known == line).unwrap_or_else(|| panic!("{line} in {log:#?}"))
}
