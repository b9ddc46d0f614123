//! `docs/json.md` names every field that the verbs print, and no other.
#![allow(clippy::unwrap_used, clippy::panic)] // In the helpers of tests, which clippy does not take for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ksi::availability::{self, Asked, Holders};
use ksi::check::{self, Configured, Context, Gathered};
use ksi::diagnose::Event as ClusterEvent;
use ksi::engine::{ComponentState, ConnectionState, Event, Found, Phase, Pruned};
use ksi::health::{Cause, Passing};
use ksi::install::history;
use ksi::install::images::{self, Availability, Row, State};
use ksi::inventory::{Inventory, Key, LastRun, Operation};
use ksi::object::{Object, ObjectId, Policy};
use ksi::plan::{Action, Summary};
use ksi::registry::{Digest, Error, ErrorKind};
use ksi::render::Alternative;
use ksi::status::{About, Installed, InstalledComponent, Report, Snapshot};
use ksi::target::{About as RunOf, ErrorKind as TargetErrorKind, Finding, Revision, RunResult};
use ksi::ui::event_json;
use sandbox::archive::{self, Image, Layer};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::cli::{ksi, root};

/// One field of a table.
#[derive(Debug)]
struct Field {
    path: String,
    kind: String,
    optional: bool,
}

/// The tables of the page by the heading above.
fn tables() -> BTreeMap<String, Vec<Field>> {
    let (mut tables, mut heading) = (BTreeMap::<String, Vec<Field>>::new(), String::new());
    for line in include_str!("../../docs/json.md").lines() {
        if line.starts_with('#') {
            line.trim_start_matches('#').trim().clone_into(&mut heading);
        }
        let cells: Vec<&str> =
            line.split(" | ").map(|cell| cell.trim_matches(['|', ' '])).collect();
        if let ([path, kind, meaning], true) = (&cells[..], line.starts_with("| `")) {
            tables.entry(heading.clone()).or_default().push(Field {
                path: path.trim_matches('`').to_owned(),
                kind: (*kind).to_owned(),
                optional: meaning.starts_with("optional"),
            });
        }
    }
    tables
}

/// The paths in a value, as deep as the page goes.
fn paths(value: &Value, path: &str, fields: &[Field], found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                found.insert(path.clone());
                let field = fields.iter().find(|field| field.path == path);
                // An object is described once, and so are counts.
                let below = format!("{path}.");
                let ends = field.is_some_and(|f| f.kind != "list")
                    && !fields.iter().any(|field| field.path.starts_with(&below));
                if !ends {
                    paths(inner, &path, fields, found);
                }
            }
        }
        Value::Array(items) => {
            let path = format!("{path}[]");
            let inner = fields.iter().any(|field| field.path.starts_with(&format!("{path}.")));
            for item in items.iter().filter(|_| inner || path == "[]") {
                let path = if path == "[]" { "" } else { path.as_str() };
                paths(item, path, fields, found);
            }
        }
        _ => {}
    }
}

fn printed(arguments: &[&str]) -> Vec<Value> {
    let output = ksi(arguments).output().unwrap();
    let stream = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    stream.map(|value| value.unwrap_or_else(|error| panic!("{arguments:?}: {error}"))).collect()
}

fn id(kind: &str, name: &str) -> ObjectId {
    let (group, version) = if kind == "Deployment" { ("apps", "v1") } else { ("", "v1") };
    ObjectId {
        group: group.into(),
        version: version.into(),
        kind: kind.into(),
        namespace: Some("kubesphere-system".into()),
        name: name.into(),
    }
}

/// An image that is copied between files, and the same for a platform that it is not for.
fn copied(folder: &Path) -> Vec<Value> {
    let (saved, out) = (folder.join("saved.tar"), format!("oci:{}", folder.join("oci").display()));
    let layer = Layer {
        program: root().join("Cargo.toml"),
        libraries: Vec::new(),
        path: "/program",
        links: &[],
    };
    let image = Image { name: "docker.io/a/b:1".to_owned(), layer, entrypoint: Vec::new() };
    archive::write(&[image], &saved).unwrap();
    let from = format!("docker-archive:{}", saved.display());
    let copy = |more: &[&str]| {
        printed(&[&["images", "copy", "--from", &from, "--to", &out, "-o", "json"], more].concat())
    };
    let copied = copy(&[]);
    assert!(copied[0][0]["sentBytes"].as_u64() > Some(0), "{copied:?}");
    let failed = copy(&["--platform", "linux/s390x"]);
    assert!(failed[0][0]["error"]["message"].is_string(), "{failed:?}");
    copied.into_iter().chain(failed).collect()
}

/// Every event of a run, with everything that it may hold.
fn events() -> Vec<(&'static str, Event)> {
    let (component, object) = ("tower".to_owned(), id("Deployment", "tower"));
    let why = Some("why".to_owned());
    let finding = Finding {
        object: object.clone(),
        reason: "BackOff".into(),
        message: "m".into(),
        lines: vec!["l".into()],
        next_step: "n".into(),
    };
    let text = || "text".to_owned();
    vec![
        ("status", Event::Status { state: Phase::Locking, message: text() }),
        ("check", Event::Check { id: "dns", state: Found::Error, message: text(), help: text() }),
        (
            "apply",
            Event::Apply {
                component: component.clone(),
                object: object.clone(),
                state: Action::Conflict,
                reason: why.clone(),
            },
        ),
        (
            "prune",
            Event::Prune {
                component: component.clone(),
                object: object.clone(),
                state: Pruned::Kept,
                reason: why.clone(),
            },
        ),
        (
            "component",
            Event::Component {
                name: component.clone(),
                state: ComponentState::Failed,
                done: 1,
                total: 2,
                reason: why,
            },
        ),
        (
            "wait",
            Event::Wait {
                component: component.clone(),
                object: object.clone(),
                reason: text(),
                cause: Some(Box::new(Cause {
                    object: object.clone(),
                    reason: text(),
                    message: text(),
                    next_step: text(),
                    passing: Passing::Possible,
                })),
            },
        ),
        ("connection", Event::Connection { state: ConnectionState::Lost, message: text() }),
        ("ready", Event::Ready { component: component.clone(), object: object.clone() }),
        ("finding", Event::Finding { component, finding }),
        ("warning", Event::Warning { message: text() }),
        (
            "error",
            Event::Error {
                object: Some(object),
                reason: Some(TargetErrorKind::Invalid),
                message: text(),
                help: text(),
            },
        ),
        ("summary", Event::Summary(Summary::default())),
    ]
}

/// A host on which everything is wrong that a status can show.
fn status() -> Value {
    let namespace = "kubesphere-system";
    let tower = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "tower", "namespace": namespace, "uid": "other"},
        "spec": {"type": "NodePort", "ports": [{"port": 8080, "nodePort": 30721}]},
    });
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "tower", "namespace": namespace, "uid": "d",
            "creationTimestamp": "2026-11-21T16:15:00Z"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "tower"}}},
    });
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "tower-1", "namespace": namespace, "labels": {"app": "tower"}},
        "status": {"phase": "Running", "containerStatuses": [{
            "name": "tower", "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
        }]},
    });
    let mut inventory = Inventory::new(Key::new([7; 32]), "0.1.0");
    for (body, uid) in [(&tower, "ours"), (&deployment, "d")] {
        let (id, policy) = (ObjectId::of(body).unwrap(), Policy::Apply);
        let object = Object { id, component: "tower".into(), policy, body: body.clone() };
        inventory.insert(inventory.entry(&object, Some(uid.into())));
    }
    inventory.last_run = Some(LastRun {
        operation: Operation::Apply,
        by: "ann@laptop".into(),
        started: "2026-11-21T16:15:00Z".into(),
        ended: Some("2026-11-21T16:20:00Z".into()),
        error: Some("the run timed out".into()),
    });
    let entries = inventory.entries().to_vec();
    let components = vec![InstalledComponent { name: "tower".into(), description: "", entries }];
    let installed = Installed { inventory, written: None, components };
    let by_id = |bodies: [&Value; 2]| {
        bodies.map(|body| (ObjectId::of(body).unwrap(), body.clone())).into_iter().collect()
    };
    let snapshot = Snapshot {
        objects: by_id([&tower, &deployment]),
        pods: [(ObjectId::of(&pod).unwrap(), pod)].into(),
        ..Snapshot::default()
    };
    let now = OffsetDateTime::UNIX_EPOCH;
    let report = Report::new(&installed, &snapshot, &About::default(), now);
    serde_json::to_value(report).unwrap()
}

fn checked() -> Value {
    let configured = Configured::default();
    let context = Context { configured: &configured, now: OffsetDateTime::UNIX_EPOCH };
    check::json(&check::run(&Gathered::default(), &context, false, &[]))
}

fn revision() -> Value {
    let about = RunOf {
        result: RunResult::Failed,
        error: Some("the run timed out".into()),
        ..RunOf::default()
    };
    history::json(&Revision { number: 3, about, configuration: "spec: {}\n".into() })
}

fn cluster_event() -> Value {
    let event = json!({
        "involvedObject": {"kind": "Pod", "namespace": "a", "name": "x", "apiVersion": "v1"},
        "type": "Warning", "reason": "BackOff", "message": "again",
    });
    serde_json::to_value(ClusterEvent::of(&event).unwrap()).unwrap()
}

/// An image that a registry has, and one that only a node has.
fn available() -> Vec<Value> {
    let error = || Error::new(ErrorKind::Denied, "read", "an image", "denied");
    let found = || availability::Found {
        digest: Digest::of(b"a"),
        platforms: vec!["linux/amd64".parse().unwrap()],
        is_index: true,
    };
    let row = |state, answer, others| Row {
        name: "tower".into(),
        components: vec!["tower".into()],
        later: false,
        asked: Asked {
            image: "kubesphere/tower:v0.2.1".parse().unwrap(),
            answer,
            wanted: Vec::new(),
            holders: Holders { nodes: vec!["n1".into()], unknown: Vec::new() },
        },
        state,
        others,
    };
    let place = || Alternative { image: "a/tower:v0.2.1".into(), source: "them".into() };
    let others = vec![(place(), Ok(found())), (place(), Err(error()))];
    let rows = vec![
        row(State::Available, Ok(found()), Vec::new()),
        row(State::OnNodes, Err(error()), others),
    ];
    let Value::Array(items) = images::json(&Availability { rows, nodes: Some(1) }) else {
        panic!()
    };
    items
}

/// What is printed under each heading of the page.
fn samples() -> BTreeMap<&'static str, Vec<Value>> {
    let mut samples: BTreeMap<&'static str, Vec<Value>> = BTreeMap::new();
    for (name, event) in events() {
        samples.entry(name).or_default().push(event_json(&event, OffsetDateTime::UNIX_EPOCH));
    }
    let folder = tempfile::tempdir().unwrap();
    let target = format!("dir:{}", folder.path().join("out").display());
    let host = "samples/host.yaml";
    for event in printed(&["apply", "-f", host, "--target", &target, "-o", "json"]) {
        let kind = event["type"].as_str().unwrap().to_owned();
        let name = events().into_iter().map(|(name, _)| name).find(|name| *name == kind);
        samples.entry(name.unwrap_or_else(|| panic!("{kind}"))).or_default().push(event);
    }
    let errors = printed(&["apply", "-f", "nowhere.yaml", "--target", &target, "-o", "json"]);
    assert_eq!(errors.last().unwrap()["type"], "error");
    samples.entry("error").or_default().extend(errors);
    let invalid = "tests/fixtures/invalid/key-with-hyphens.yaml";
    samples.extend([
        ("Plan", printed(&["diff", "-f", host, "--against", "none", "-o", "json"])),
        ("Status", vec![status()]),
        ("Check", vec![checked()]),
        ("History", vec![revision()]),
        ("Validate", printed(&["validate", "-f", invalid, "-o", "json"])),
        ("images check", available()),
        ("images copy", copied(folder.path())),
        ("images list", printed(&["images", "list", "-f", host, "-o", "json"])),
        (
            "images rewrite",
            printed(&["images", "rewrite", "-f", host, "--registry", "r.local", "-o", "json"]),
        ),
        (
            "explain",
            ["multicluster", "multicluster.clusterRole"]
                .iter()
                .flat_map(|path| printed(&["explain", path, "-o", "json"]))
                .collect(),
        ),
        ("explain a code", printed(&["explain", "KSI0012", "-o", "json"])),
        (
            "config view --show-origin",
            printed(&["config", "view", "-f", host, "--show-origin", "-o", "json"]),
        ),
        ("version", printed(&["version", "-o", "json"])),
        ("events", vec![cluster_event()]),
    ]);
    samples
}

#[test]
fn the_page_names_every_field_that_is_printed_and_no_other() {
    let (tables, samples) = (tables(), samples());
    let headings: BTreeSet<&str> = tables.keys().map(String::as_str).collect();
    assert_eq!(headings, samples.keys().copied().collect());
    let mut wrong = Vec::new();
    for (heading, fields) in &tables {
        let mut found = BTreeSet::new();
        for sample in &samples[heading.as_str()] {
            paths(sample, "", fields, &mut found);
        }
        let known: BTreeSet<String> = fields.iter().map(|field| field.path.clone()).collect();
        wrong
            .extend(found.difference(&known).map(|path| format!("{heading}: `{path}` is missing")));
        let always = fields.iter().filter(|field| !field.optional);
        let parents = |path: &str| -> bool {
            // Below an optional field.
            fields.iter().any(|f| f.optional && path.starts_with(&format!("{}.", f.path)))
        };
        wrong.extend(
            always
                .filter(|field| !found.contains(&field.path) && !parents(&field.path))
                .map(|field| format!("{heading}: `{}` is not printed", field.path)),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
