//! The real manifests of a host, in the order in which kubectl would apply them.

use std::path::Path;
use std::process::Command;

use ksi::config::{self, Configuration, Input, Request};
use ksi::engine::{self, Desired};
use ksi::facts::Facts;
use ksi::object::{Object, ObjectId, order};
use ksi::render::{self, DEFAULT_VERSION};
use ksi::target::Store as _;
use ksi::values;
use ksi::values::{Given, StoredValues};

use super::world::{self, Seeded, now, options, tree, wait};
use crate::engine::doubles::Faults;

fn configuration() -> Configuration {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/host.yaml");
    let input = Input { name: "host.yaml".into(), bytes: std::fs::read(path).unwrap() };
    let loaded = config::load(Request { inputs: vec![input], sets: Vec::new() });
    let spec = loaded.spec.as_ref().unwrap().to_json();
    serde_json::from_value(spec).unwrap()
}

fn rendered(kept: &StoredValues, seed: u64) -> (Vec<Object>, StoredValues) {
    let given = Given { tower: true, kubefed: true, ..Given::default() };
    let (values, kept) = values::resolve(&given, kept, &mut Seeded::new(seed), now()).unwrap();
    let configuration = configuration();
    let facts = Facts::default();
    let input = render::Input {
        configuration: &configuration,
        facts: &facts,
        values: &values,
        version: DEFAULT_VERSION,
    };
    (render::render(&input).unwrap(), kept)
}

fn apply(root: &Path, seed: u64) -> (usize, usize) {
    let (target, script) = world::scripted(root, Faults::default());
    let planned = wait(async {
        let stored = target.values().await.unwrap();
        let (objects, values) = rendered(&stored, seed);
        let desired = Desired { objects, values, spec_hash: String::new() };
        engine::plan(&target, stored, desired, &options(seed)).await.unwrap()
    });
    let outcome = world::apply(&target, &planned, seed, &mut |_| {}).unwrap();
    (outcome.writes(), script.count())
}

#[test]
fn a_whole_host_is_written_once() {
    let root = tempfile::tempdir().unwrap();
    let (written, _) = apply(root.path(), 1);
    let (objects, _) = rendered(&StoredValues::default(), 1);
    assert_eq!(written, objects.len());
    let before = tree(root.path());
    assert_eq!(apply(root.path(), 2), (0, 0));
    assert_eq!(tree(root.path()), before);
}

/// The files in the order of Go's `filepath.Walk`: each folder's entries by name.
fn walk(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, found);
        } else if path
            .extension()
            .is_some_and(|end| ["yaml", "yml", "json"].iter().any(|e| end == *e))
        {
            found.push(path);
        }
    }
}

#[test]
fn the_order_of_names_is_one_in_which_objects_can_be_made() {
    let root = tempfile::tempdir().unwrap();
    apply(root.path(), 1);
    let mut files = Vec::new();
    walk(root.path(), &mut files);
    let ids: Vec<ObjectId> = files
        .iter()
        .map(|path| {
            let mut sources = ksi::diagnostic::Sources::default();
            let id = sources.add("file", std::fs::read_to_string(path).unwrap());
            ObjectId::of(&ksi::yaml::parse(&sources, id).0[0].to_json()).unwrap()
        })
        .collect();
    assert_eq!(ids.len(), rendered(&StoredValues::default(), 1).0.len());

    // The stages of the engine's own order; within a stage the order makes no difference. Extensions
    // come last here, since kubectl does not wait until they answer.
    let stage = |id: &ObjectId| match id.kind.as_str() {
        "Namespace" => 0,
        "CustomResourceDefinition" => 1,
        "ServiceAccount" | "ClusterRole" | "ClusterRoleBinding" | "Role" | "RoleBinding" => 2,
        "Secret"
        | "ConfigMap"
        | "NetworkPolicy"
        | "PersistentVolumeClaim"
        | "PodDisruptionBudget"
        | "KubeFedConfig" => 3,
        "Service" => 4,
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => 5,
        "APIService" | "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => 7,
        _ => 6,
    };
    let stages: Vec<_> = ids.iter().map(|id| (stage(id), id.to_string())).collect();
    assert!(stages.windows(2).all(|pair| pair[0].0 <= pair[1].0), "{stages:#?}");
    let engines = |id: &ObjectId| order::rank(id);
    let (namespace, workload) = (&ids[0], ids.iter().find(|id| id.kind == "Deployment").unwrap());
    assert!(engines(namespace) < engines(workload));
}

#[test]
fn kubectl_reads_exactly_the_manifests_in_this_order() {
    let root = tempfile::tempdir().unwrap();
    apply(root.path(), 1);
    let path = root.path().to_str().unwrap();
    let arguments = ["label", "--local", "-f", path, "--recursive", "-o", "name", "x=y"];
    let Ok(output) = Command::new("kubectl").args(arguments).output() else {
        eprintln!("skipped: there is no kubectl");
        return;
    };
    let mut files = Vec::new();
    walk(root.path(), &mut files);
    let shown = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(shown.lines().count(), files.len(), "{errors}");
    let first: Vec<_> = shown.lines().take_while(|line| line.starts_with("namespace/")).collect();
    assert!(first.contains(&"namespace/kubesphere-system"), "{shown}");
}
