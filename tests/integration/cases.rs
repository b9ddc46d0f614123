//! Inputs made from public guides and reports: what each must give. They are not in this repository;
//! the faults that they show are also files in `tests/fixtures`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ksi::config::{self, Input, Request};
use ksi::diagnostic::Severity;
use ksi::facts::Facts;
use ksi::validate::{self, Options};
use serde_json::{Value, json};

use crate::render::{document, render_with};

/// File, errors, warnings; codes in the order of the text.
const CASES: &[(&str, &str, &str)] = &[
    ("01-sso-docs.yaml", "", "KSI0080"),
    ("02-external-es-33.yaml", "", "KSI0048"),
    ("05-spec-under-metadata.yaml", "KSI0013", ""),
    ("07-cn-registry-own-namespace.yaml", "", ""),
    ("08-kubeedge-32.yaml", "", "KSI0080 KSI0048"),
    ("09-proxy-without-port.yaml", "", ""),
    ("10-guide-secret.yaml", "KSI0057", ""),
    ("12-bad-hints-enabled.yaml", "", "KSI0082"),
    ("14-qke-variables.yaml", "", "KSI0082"),
    ("17-helm-template.yaml", "KSI0018", ""),
];

fn folder() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.ancestors().map(|a| a.join("shared/data/cases")).find(|folder| folder.is_dir())
}

/// The specification of a case, and the codes of its errors and its warnings.
fn read(path: &Path) -> (Option<Value>, String, String) {
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let input = Input { name, bytes: std::fs::read(path).unwrap() };
    let loaded = config::load(Request { inputs: vec![input], sets: Vec::new() });
    let (configuration, found) =
        match validate::validate(&loaded, &Facts::default(), Options::default()) {
            Ok(valid) => (Some(serde_json::to_value(valid.configuration).unwrap()), valid.warnings),
            Err(found) => (None, found),
        };
    let codes = |severity| {
        let chosen = found.iter().filter(|d| d.severity == severity);
        let mut codes: Vec<String> = chosen.map(|d| d.code.to_string()).collect();
        codes.dedup();
        codes.join(" ")
    };
    (configuration, codes(Severity::Error), codes(Severity::Warning))
}

#[test]
fn each_case_gives_what_it_must() {
    let Some(folder) = folder() else {
        eprintln!("skipped: ../shared/data/cases is not here");
        return;
    };
    let mut expected: BTreeMap<&str, _> = CASES.iter().map(|(f, e, w)| (*f, (*e, *w))).collect();
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let (configuration, errors, warnings) = read(&path);
        assert_eq!(configuration.is_some(), errors.is_empty());
        match expected.remove(name) {
            Some(codes) if codes == (&*errors, &*warnings) => {}
            other => wrong.push(format!("{name}: {other:?}, but gave {errors:?} {warnings:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(expected.is_empty(), "no such file: {:?}", expected.keys());
}

/// The effective specification of a case; `None` where the cases are not here.
fn specification(name: &str) -> Option<Value> {
    Some(read(&folder()?.join(name)).0.unwrap())
}

#[test]
fn an_external_elasticsearch_of_3_3_is_the_one_that_kubesphere_asks() {
    let Some(mut spec) = specification("02-external-es-33.yaml") else { return };
    for component in ["events", "auditing"] {
        spec[component]["enabled"] = json!(true);
    }
    let config = document(&render_with(spec, &Facts::default()));
    for (component, index) in [
        ("logging", "ks-logstash-log"),
        ("events", "ks-logstash-events"),
        ("auditing", "ks-logstash-auditing"),
    ] {
        let section = &config[component];
        assert_eq!(section["host"], "http://es.example.com:9200", "{component}");
        assert_eq!(section["basicAuth"], true);
        assert_eq!(section["username"], "elastic");
        assert_eq!(section["password"], "Example-Pass-1");
        assert_eq!(section["indexPrefix"], index);
    }
}

#[test]
fn the_organisation_of_the_user_stays_in_the_mirror_for_china() {
    let Some(spec) = specification("07-cn-registry-own-namespace.yaml") else { return };
    let objects = render_with(spec, &Facts::default());
    let text = serde_json::to_string(&objects.iter().map(|o| &o.body).collect::<Vec<_>>()).unwrap();
    assert!(text.contains("registry.cn-beijing.aliyuncs.com/mycompany/ks-apiserver:"));
    assert!(!text.contains("kubesphereio"));
}

#[test]
fn kubeedge_of_3_2_is_the_edge_runtime() {
    let Some(spec) = specification("08-kubeedge-32.yaml") else { return };
    assert_eq!(spec["edgeruntime"]["enabled"], true);
    assert_eq!(spec["edgeruntime"]["kubeedge"]["enabled"], true);
    let address = &spec["edgeruntime"]["kubeedge"]["cloudCore"]["cloudHub"]["advertiseAddress"];
    assert_eq!(*address, json!(["203.0.113.7"]));
    let config = document(&render_with(spec, &Facts::default()));
    assert_eq!(config["edgeruntime"]["endpoint"], "http://edgeservice.kubeedge.svc/api/");
}
