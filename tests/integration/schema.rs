//! The schemas and the CRD that are checked in are those of the configuration's types.

use std::path::{Path, PathBuf};

use ksi::config;
use ksi::diagnostic::Sources;
use serde::Serialize as _;
use serde_json::{Value, json};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a generated text with the file that is checked in; `UPDATE=1` writes the file.
pub(crate) fn drift(path: &str, generated: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, generated).unwrap();
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(stored == generated, "{path} is out of date: run `make golden`, then review the diff");
}

/// The documents of a YAML file as plain values.
fn documents(file: &Path) -> Vec<Value> {
    let mut sources = Sources::default();
    let text = std::fs::read_to_string(file).unwrap();
    let id = sources.add(file.display().to_string(), text);
    let (nodes, problems) = ksi::yaml::parse(&sources, id);
    assert!(problems.is_empty(), "{}: {problems:?}", file.display());
    nodes.iter().map(ksi::yaml::Node::to_json).collect()
}

fn errors(document: &Value) -> Vec<String> {
    let validator = jsonschema::draft202012::new(&config::schema()).unwrap();
    validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

fn samples() -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(root().join("samples"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    files.sort();
    assert!(files.len() >= 6, "{files:?}");
    files
}

/// Embedded in ksi, which reads it at every start: a line for each entry and nothing more.
#[test]
fn the_plain_schema_is_checked_in() {
    let mut text = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(b"");
    let mut to_text = serde_json::Serializer::with_formatter(&mut text, format);
    config::derived_schema().serialize(&mut to_text).unwrap();
    drift("schemas/spec.json", &(String::from_utf8(text).unwrap() + "\n"));
}

#[test]
fn the_strict_schema_is_checked_in() {
    let schema = config::schema_of(&config::derived_schema());
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    drift("schemas/clusterconfiguration.schema.json", &text);
}

#[test]
fn the_crd_is_checked_in() {
    let crd = config::crd_of(&config::derived_schema());
    drift("deploy/crd.yaml", &ksi::yaml::emit(&crd));
}

#[test]
fn the_crd_fits_into_an_annotation() {
    // `kubectl apply` keeps a copy in an annotation, of which a server takes 256 KiB.
    assert!(ksi::yaml::emit(&config::crd()).len() < 60_000);
}

#[test]
fn every_sample_passes_the_strict_schema_and_becomes_a_configuration() {
    for file in samples() {
        let found: Vec<_> =
            documents(&file).into_iter().filter(|d| d["kind"] == config::KIND).collect();
        assert_eq!(found.len(), 1, "{}", file.display());
        assert_eq!(errors(&found[0]), Vec::<String>::new(), "{}", file.display());
        config::Configuration::from_json(found[0]["spec"].clone()).unwrap();
    }
}

#[test]
fn plain_samples_name_the_schema_for_editors() {
    for file in samples() {
        // One modeline holds for all documents of a file, and a KubeKey Cluster has another schema.
        if file.ends_with("config-sample.yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let path = text
            .lines()
            .find_map(|line| line.strip_prefix("# yaml-language-server: $schema="))
            .unwrap_or_else(|| panic!("{} has no modeline", file.display()));
        assert!(file.parent().unwrap().join(path).is_file(), "{}: {path}", file.display());
    }
}

#[test]
fn the_sample_that_upstream_ships_passes() {
    let name = "shared/data/cluster-configuration-v3.4.1.yaml";
    let Some(file) = root().ancestors().map(|folder| folder.join(name)).find(|f| f.is_file())
    else {
        eprintln!("skipped: {name} is not above this checkout");
        return;
    };
    let [document] = &documents(&file)[..] else { panic!("not one document") };
    assert_eq!(errors(document), Vec::<String>::new());
    let given = config::Configuration::from_json(document["spec"].clone()).unwrap();
    // It sets nearly everything to its default: what differs is what it adds.
    let mut plain = config::Configuration::default();
    plain.servicemesh.istio = given.servicemesh.istio.clone();
    plain.edgeruntime.kubeedge.cloud_core.cloud_hub.advertise_address = vec![String::new()];
    plain.edgeruntime.kubeedge.iptables_manager_hyphen =
        Some(config::types::IptablesManager::default());
    assert_eq!(given, plain);
}

#[test]
fn what_a_server_adds_passes() {
    let document = json!({
        "apiVersion": config::API_VERSION,
        "kind": config::KIND,
        "metadata": {
            "name": config::NAME,
            "namespace": config::NAMESPACE,
            "uid": "0d5c", "resourceVersion": "17", "generation": 3,
            "creationTimestamp": "2023-11-08T00:00:00Z",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
            "managedFields": [{"manager": "kubectl", "operation": "Apply"}],
        },
        "spec": {},
        "status": {"core": {"status": "enabled"}},
    });
    assert_eq!(errors(&document), Vec::<String>::new());
}

#[test]
fn defaults_in_the_schema_are_those_of_the_types() {
    // Each key alone: its default in the schema is what an empty spec has there.
    fn compare(schema: &Value, value: &Value, path: &str, compared: &mut usize) {
        if let Some(default) = schema.get("default") {
            assert_eq!(default, value, "{path}");
            *compared += 1;
            return;
        }
        for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(value) = value.get(key) {
                compare(inner, value, &format!("{path}.{key}"), compared);
            }
        }
    }
    let types = serde_json::to_value(config::Configuration::default()).unwrap();
    let mut compared = 0;
    compare(&config::spec_schema(), &types, "spec", &mut compared);
    assert!(compared > 80, "only {compared} keys were compared");
}
