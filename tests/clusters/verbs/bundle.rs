//! What a support archive holds, and what it must not.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ksi::diagnostic::Sources;
use ksi::yaml;
use sandbox::light::Light;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{CANARY, apply, config, object, run, tower};
use crate::hands::SYSTEM;

pub(super) fn no_secret_is_in_it(light: &Light) {
    plant_canaries(light);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("bundle.tar.gz");
    let path = file.to_str().unwrap();
    let (code, out, errors) = run(light, &["bundle", "--output", path]);
    assert_eq!((code, out.trim()), (0, path), "{errors}");
    let members = members(&file);
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    for end in [
        "status.txt",
        "version.json",
        "inventory.json",
        "events.txt",
        "nodes.yaml",
        "deployment_kubesphere-system_tower.yaml",
        "secrets.json",
    ] {
        assert!(names.iter().any(|name| name.ends_with(end)), "{end}: {names:?}");
    }
    for (name, text) in &members {
        assert!(!text.contains("CANARY") && !name.contains("CANARY"), "{name}: {text}");
        for encoded in base64_words(text) {
            assert!(!encoded.contains("CANARY"), "{name}: {encoded}");
        }
    }
    every_file_can_be_read(&members);
    let secrets = &members.iter().find(|(name, _)| name.ends_with("secrets.json")).unwrap().1;
    assert!(secrets.contains("kubesphere-secret") && secrets.contains(".dockerconfigjson"));
    let (code, _, errors) = run(light, &["bundle", "--output", path]);
    assert!(code == 1 && errors.contains("already exists"), "{errors}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let (code, out, _) = run(light, &["bundle", "--dry-run", "--quick"]);
    assert!(code == 0 && out.contains("/status.json"), "{out}");
}

/// Whatever is hidden, YAML stays YAML and JSON stays JSON.
pub(crate) fn every_file_can_be_read(members: &[(String, String)]) {
    for (name, text) in members {
        let format = name.rsplit('.').next();
        if format == Some("json") {
            let parsed = serde_json::from_str::<Value>(text);
            assert!(parsed.is_ok(), "{name}: {parsed:?}\n{text}");
        }
        if format == Some("yaml") {
            let mut sources = Sources::default();
            let id = sources.add(name, text.as_str());
            let (documents, problems) = yaml::parse(&sources, id);
            let is_read = !documents.is_empty() || text.trim().is_empty();
            assert!(is_read && problems.is_empty(), "{name}: {problems:?}\n{text}");
        }
    }
}

/// The value of the Secret in every place that goes into a bundle.
fn plant_canaries(light: &Light) {
    let encoded = STANDARD.encode(format!("x{CANARY}"));
    let jwt = format!(
        "eyJhbGciOiJIUzI1NiJ9.{}.c2lnbmF0dXJl",
        STANDARD.encode("{\"sub\":\"CANARY-jwt\"}")
    );
    let mut annotated = tower(0);
    annotated["metadata"]["annotations"] = json!({"note": format!("pw {CANARY} {encoded} {jwt}")});
    apply(light, &annotated);
    let mut plain = object("v1", "ConfigMap", "kubesphere-config");
    plain["data"] = json!({
        "kubesphere.yaml": config()["data"]["kubesphere.yaml"],
        "notes": format!("see {CANARY}\n-----BEGIN ENCRYPTED PRIVATE KEY-----\nCANARYkey\n-----END ENCRYPTED PRIVATE KEY-----\n"),
    });
    apply(light, &plain);
    apply(
        light,
        &json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": "canary", "namespace": SYSTEM},
            "involvedObject": {"kind": "Pod", "namespace": SYSTEM, "name": "tower-x"},
            "type": "Warning", "reason": "Leaked", "lastTimestamp": "2026-01-01T00:00:00Z",
            "message": format!("got {CANARY}, {encoded}, password=CANARY-password and {jwt}"),
        }),
    );
    apply(
        light,
        &json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "loose", "namespace": SYSTEM},
            "spec": {"containers": [{
                "name": "c", "image": "c", "command": ["c", "--password", "CANARY-argument"],
                "env": [{"name": "API_TOKEN", "value": "CANARY-environment"}, {"name": "URL", "value": format!("http://me:{CANARY}@h/")}],
            }]},
        }),
    );
    apply(
        light,
        &json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": "node", "annotations": {"note": CANARY}},
        }),
    );
}

/// The files in an archive, each with its text.
pub(crate) fn members(file: &Path) -> Vec<(String, String)> {
    let file = fs::File::open(file).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let entries = archive.entries().unwrap();
    entries
        .map(|entry| {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            (entry.path().unwrap().display().to_string(), text)
        })
        .collect()
}

/// What decodes as base64 in a text, from wherever it begins.
pub(crate) fn base64_words(text: &str) -> Vec<String> {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    let words = text.split(|c| !is_base64(c)).filter(|word| word.len() >= 8);
    let decoded = words.flat_map(|word| {
        (0..4).filter_map(move |from| {
            let part = word.get(from..)?.replace('-', "+").replace('_', "/");
            let whole = &part[..part.len() / 4 * 4];
            STANDARD.decode(whole).ok()
        })
    });
    decoded.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}
