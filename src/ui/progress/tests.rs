use serde_json::json;

use super::*;
use crate::engine::ComponentState;
use crate::object::ObjectId;
use crate::plan::{Change, Plan};
use crate::target::Finding;

const TITLE: &str = "Applying to kind-host (https://172.30.1.2:6443)";

fn object(kind: &str, name: &str) -> ObjectId {
    let metadata = json!({"name": name, "namespace": "kubesphere-system"});
    ObjectId::of(&json!({"apiVersion": "v1", "kind": kind, "metadata": metadata})).unwrap()
}

fn component(name: &str, state: ComponentState, done: usize, total: usize, reason: &str) -> Event {
    let reason = (!reason.is_empty()).then(|| reason.to_owned());
    Event::Component { name: name.into(), state, done, total, reason }
}

fn wrote(component: &str, kind: &str, name: &str) -> Event {
    let (component, object) = (component.to_owned(), object(kind, name));
    Event::Apply { component, object, state: Action::Create, reason: None }
}

fn wait(component: &str, kind: &str, name: &str, reason: &str) -> Event {
    let (component, reason) = (component.to_owned(), reason.to_owned());
    Event::Wait { component, object: object(kind, name), reason, cause: None }
}

fn finding() -> Event {
    let finding = Finding {
        object: object("Pod", "ks-apiserver-5c9b8d7f6-abcde"),
        reason: "ImagePullBackOff".into(),
        message: "registry.local/kubesphere/ks-apiserver:v3.4.1: not found".into(),
        lines: Vec::new(),
        next_step: "see whether the image is there".into(),
    };
    Event::Finding { component: "ks-core".into(), finding }
}

/// A run with the events that each second brings.
fn run(seconds: &[(u64, Vec<Event>)]) -> (Progress, Instant) {
    let began = Instant::now();
    let mut progress = Progress::new(TITLE, began);
    let rows =
        [("namespaces", 6), ("crds", 41), ("ks-core", 47), ("ks-core-iam", 38), ("tower", 9)];
    for (name, total) in rows.into_iter().chain([("kubefed", 33), ("kubefed-types", 56)]) {
        progress.row(name, began).total = total;
    }
    let mut now = began;
    for (second, events) in seconds {
        now = began + Duration::from_secs(*second);
        for event in events {
            progress.record(event, now);
        }
    }
    (progress, now)
}

fn begun() -> Vec<(u64, Vec<Event>)> {
    use ComponentState::{Applying, Checking, Healthy, Waiting};
    vec![
        (1, (0..41).map(|n| wrote("crds", "CustomResourceDefinition", &n.to_string())).collect()),
        (
            4,
            vec![
                component("namespaces", Healthy, 6, 6, ""),
                component("crds", Healthy, 41, 41, ""),
                component("ks-core", Applying, 2, 47, ""),
                component("ks-core-iam", Waiting, 0, 38, "waiting for ks-core"),
                component("tower", Waiting, 0, 9, "waiting for ks-core"),
            ],
        ),
        (
            9,
            vec![
                wait("ks-core", "Deployment", "ks-apiserver", "0 of 1 replicas are available"),
                wait("ks-core", "Deployment", "ks-console", "0 of 1 replicas are available"),
                component("ks-core", Checking, 41, 47, "Deployment/kubesphere-system/ks-apiserver"),
                wrote("kubefed", "ServiceAccount", "kubefed-controller"),
            ],
        ),
    ]
}

fn healthy() -> Vec<(u64, Vec<Event>)> {
    let rows = [
        ("ks-core", 47),
        ("ks-core-iam", 38),
        ("tower", 9),
        ("kubefed", 33),
        ("kubefed-types", 56),
    ];
    let end = |(name, total)| component(name, ComponentState::Healthy, total, total, "");
    let mut seconds = begun();
    seconds.push((75, rows.into_iter().map(end).collect()));
    seconds
}

fn failed() -> Vec<(u64, Vec<Event>)> {
    use ComponentState::{Failed, Skipped};
    let why = "Deployment/kubesphere-system/ks-apiserver: 0 of 1 replicas are available";
    let mut seconds = begun();
    seconds.push((
        640,
        vec![
            finding(),
            finding(),
            Event::Warning { message: "policy/v1beta1 is deprecated".into() },
            component("ks-core", Failed, 41, 47, why),
            component("ks-core-iam", Skipped, 0, 38, "dependency ks-core is not ready"),
            component("tower", Skipped, 0, 9, "dependency ks-core is not ready"),
        ],
    ));
    seconds
}

fn drawn((progress, now): &(Progress, Instant), width: usize, symbols: bool) -> String {
    let look = TableStyle { width, height: None, colour: false, symbols };
    let lines = progress.lines(look, *now);
    for line in &lines {
        let columns = unicode_width::UnicodeWidthStr::width(line.as_str());
        assert!(columns <= width, "{columns} columns: {line}");
    }
    lines.join("\n")
}

#[test]
fn tables() {
    let middle = run(&begun());
    let (mut well, well_now) = run(&healthy());
    well.end(true, well_now);
    let (mut ill, ill_now) = run(&failed());
    ill.end(false, ill_now);
    let (well, ill) = ((well, well_now), (ill, ill_now));
    for width in [40, 80, 120] {
        insta::assert_snapshot!(format!("middle_{width}"), drawn(&middle, width, true));
        insta::assert_snapshot!(format!("healthy_{width}"), drawn(&well, width, true));
        insta::assert_snapshot!(format!("failed_{width}"), drawn(&ill, width, true));
    }
    insta::assert_snapshot!("ascii_80", drawn(&ill, 80, false));
}

#[test]
fn no_line_is_too_wide_on_any_terminal() {
    let run = run(&failed());
    for width in 20..200 {
        drawn(&run, width, true);
        drawn(&run, width, false);
    }
}

#[test]
fn on_a_low_terminal_what_is_well_goes_first() {
    let (progress, now) = run(&begun());
    let look = TableStyle { width: 80, height: Some(8), colour: false, symbols: true };
    let text = progress.lines(look, now).join("\n");
    assert_eq!(text.lines().count(), 8, "{text}");
    assert!(text.contains("and 2 more") && !text.contains("namespaces"), "{text}");
    let lowest = progress.lines(TableStyle { height: Some(1), ..look }, now);
    assert!(lowest.len() <= 4, "{lowest:#?}");
}

#[test]
fn colour_changes_no_letter() {
    let (progress, now) = run(&failed());
    let look = TableStyle { width: 80, height: None, colour: true, symbols: true };
    let coloured = progress.lines(look, now).join("\n");
    assert!(coloured.contains("\x1b[31m✗ failed"), "{coloured:?}");
    let plain = anstream::adapter::strip_str(&coloured).to_string();
    assert_eq!(plain, drawn(&(progress, now), 80, true));
}

#[test]
fn a_removal_counts_what_is_gone() {
    let began = Instant::now();
    let mut progress = Progress::new("Removing", began);
    progress.row("tower", began).removals = 2;
    let later = began + Duration::from_secs(3);
    progress.record(&wait("tower", "Service", "tower", "is being deleted"), began);
    assert_eq!(progress.awaited(), ["tower (removing tower: is being deleted)"]);
    let gone = |name| Event::Prune {
        component: "tower".into(),
        object: object("Service", name),
        state: Pruned::Deleted,
        reason: None,
    };
    progress.record(&gone("tower"), later);
    assert_eq!((progress.objects(), progress.awaited().len()), ((1, 2), 1));
    progress.record(&gone("other"), later);
    assert_eq!((progress.objects(), progress.awaited().len()), ((2, 2), 0));
    assert!(drawn(&(progress, later), 80, true).contains("2/2      3s  ✓ removed"));
}

/// What a removal does to three objects: one is given back, one is deleted, one of others goes with it.
fn removal() -> (Progress, Instant) {
    let change =
        |component: &str, kind: &str, action| Change::bare(&object(kind, kind), component, action);
    let plan = Plan {
        changes: vec![
            change("namespaces", "Namespace", Action::Keep),
            change("crds", "CustomResourceDefinition", Action::Keep),
            change("namespaces", "Label", Action::Update),
            change("tower", "Service", Action::Delete),
        ],
        cascading: vec![change("kubefed", "Cluster", Action::Delete)],
        ..Plan::default()
    };
    let began = Instant::now();
    let order = ["namespaces", "crds", "kubefed", "tower"].into_iter();
    (Progress::of_removal("Removing from kind-host", &plan, order, began), began)
}

#[test]
fn a_removal_is_no_writing() {
    let (mut progress, began) = removal();
    let later = began + Duration::from_secs(2);
    progress.record(
        &Event::Apply {
            component: "namespaces".into(),
            object: object("Label", "Label"),
            state: Action::Update,
            reason: None,
        },
        later,
    );
    progress.record(&wait("kubefed", "Cluster", "Cluster", "is being deleted"), later);
    assert_eq!(
        drawn(&(progress, later), 80, true),
        "Removing from kind-host                                                       2s
  namespaces  1/1          ✓ removed
  kubefed     0/1          … removing Cluster: is being deleted
  tower       0/1          · pending
1 of 3 removed · 1 of 3 objects"
    );
}

#[test]
fn what_was_interrupted_says_so() {
    let (mut progress, now) = run(&begun());
    progress.stop();
    let look = TableStyle { width: 80, height: None, colour: false, symbols: true };
    assert!(
        progress.lines(look, now).join("\n").contains("press Ctrl-C again to exit immediately")
    );
    progress.end(false, now);
    let text = drawn(&(progress, now), 80, true);
    assert!(text.contains("· stopped") && text.contains("· pending"), "{text}");
    assert!(!text.contains("waiting"), "{text}");
}
