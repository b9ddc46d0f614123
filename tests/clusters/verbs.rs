//! The verbs that look at an installation, on a real API server with controllers and scheduler but
//! without nodes: pods stay pending, and say so.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ksi::inventory::{Inventory, Key};
use ksi::object::{Object, ObjectId, Policy};
use sandbox::builds::Release;
use sandbox::control_plane::ControlPlane;
use sandbox::light::Light;
use sandbox::process::wait_until;
use serde_json::{Value, json};
use tempfile::TempDir;

const VERBS: [&[&str]; 5] =
    [&["status"], &["wait"], &["logs"], &["events"], &["bundle", "--dry-run"]];
const CANARY: &str = "CANARY-3f9a1c77-value";

fn ksi(kubeconfig: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ksi"));
    command.args(args).arg("--kubeconfig").arg(kubeconfig).env_remove("KSI_CONTEXT");
    command
}

fn run(plane: &ControlPlane, args: &[&str]) -> (i32, String, String) {
    of(&ksi(&plane.kubeconfig(), args).output().unwrap())
}

fn of(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn apply(plane: &ControlPlane, body: &Value) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("object.json");
    fs::write(&file, body.to_string()).unwrap();
    let file = file.to_str().unwrap();
    plane.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", file]).unwrap();
}

/// Records objects as ours, each with its component.
fn record(plane: &ControlPlane, objects: &[(&str, &Value)]) {
    let mut inventory = Inventory::new(Key::new([7; 32]), "0.1.0");
    for (component, body) in objects {
        let object = Object {
            id: ObjectId::of(body).unwrap(),
            component: (*component).to_owned(),
            policy: Policy::Apply,
            body: (*body).clone(),
        };
        inventory.insert(inventory.entry(&object, None));
    }
    apply(
        plane,
        &json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "ksi-inventory", "namespace": "kubesphere-system"},
            "data": inventory.to_secret(),
        }),
    );
}

fn object(api_version: &str, kind: &str, name: &str) -> Value {
    json!({
        "apiVersion": api_version, "kind": kind,
        "metadata": {"name": name, "namespace": "kubesphere-system"},
    })
}

fn namespace() -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kubesphere-system"}})
}

fn tower(replicas: u32) -> Value {
    let mut body = object("apps/v1", "Deployment", "tower");
    body["spec"] = json!({
        "replicas": replicas, "selector": {"matchLabels": {"app": "tower"}},
        "template": {
            "metadata": {"labels": {"app": "tower"}},
            "spec": {"containers": [{
                "name": "tower", "image": "tower:v1",
                "env": [{"name": "TOWER_TOKEN", "value": CANARY}],
                "args": [format!("--token={CANARY}")],
            }]},
        },
    });
    body
}

fn service() -> Value {
    let mut body = object("v1", "Service", "tower");
    body["spec"] = json!({
        "type": "LoadBalancer", "selector": {"app": "tower"},
        "ports": [{"port": 8080, "nodePort": 30721}],
    });
    body
}

fn config() -> Value {
    let mut body = object("v1", "ConfigMap", "kubesphere-config");
    let text =
        format!("authentication:\n  jwtSecret: {CANARY}\nmulticluster:\n  clusterRole: host\n");
    body["data"] = json!({"kubesphere.yaml": text});
    body
}

fn secret() -> Value {
    let mut body = object("v1", "Secret", "kubesphere-secret");
    let docker = format!(
        r#"{{"auths":{{"r.local":{{"auth":"{}"}}}}}}"#,
        STANDARD.encode(format!("me:{CANARY}"))
    );
    body["data"] =
        json!({"secret": STANDARD.encode(CANARY), ".dockerconfigjson": STANDARD.encode(docker)});
    body
}

#[test]
fn what_cannot_be_reached_exits_with_7() {
    let folder = TempDir::new().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "gone",
        "clusters": [{"name": "gone", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "gone", "user": {"token": "x"}}],
        "contexts": [{"name": "gone", "context": {"cluster": "gone", "user": "gone"}}],
    });
    fs::write(&kubeconfig, config.to_string()).unwrap();
    for verb in VERBS {
        let (code, out, errors) = of(&ksi(&kubeconfig, verb).output().unwrap());
        assert_eq!((code, out.as_str()), (7, ""), "{verb:?}: {errors}");
        assert!(errors.contains("help: "), "{errors}");
    }
}

#[test]
fn an_installation_is_looked_at_waited_for_and_bundled() {
    let Some(light) = Light::start(Release::Oldest).unwrap() else { return };
    let plane = light.control_plane();
    nothing_is_installed(plane);
    for body in [&namespace(), &tower(0), &config(), &secret()] {
        apply(plane, body);
    }
    let bodies = (namespace(), tower(0), service(), config(), secret());
    record(
        plane,
        &[
            ("namespaces", &bodies.0),
            ("tower", &bodies.1),
            ("tower", &bodies.2),
            ("ks-core", &bodies.3),
            ("ks-core", &bodies.4),
        ],
    );
    status_tells_what_is_missing_and_what_is_wrong(plane);
    wait_says_why_and_then_ends(plane);
    events_are_those_of_the_installation(plane);
    no_secret_is_in_the_bundle(plane);
    wait_for_the_end(plane);
}

fn nothing_is_installed(plane: &ControlPlane) {
    for verb in VERBS {
        let (code, out, errors) = run(plane, verb);
        assert_eq!((code, out.as_str()), (1, ""), "{verb:?}: {errors}");
        assert!(
            errors.contains("nothing is installed") && errors.contains("ksi apply"),
            "{errors}"
        );
    }
    assert_eq!(run(plane, &["wait", "--for", "deleted"]).0, 0);
}

fn status_tells_what_is_missing_and_what_is_wrong(plane: &ControlPlane) {
    let (code, out, _) = run(plane, &["status"]);
    assert_eq!(code, 5, "{out}");
    assert!(out.contains("Service/kubesphere-system/tower: is not there"), "{out}");
    assert!(out.contains("role host"), "{out}");
    apply(plane, &service());
    let (code, out, errors) = run(plane, &["status"]);
    assert_eq!((code, errors.as_str()), (0, ""), "{out}");
    assert!(out.contains(":30721"), "the real NodePort is in the remedy: {out}");
    let (code, out, _) = run(plane, &["status", "-o", "json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["state"]), (0, &json!("healthy")));
    let names: Vec<_> =
        report["components"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
    assert_eq!(names, ["namespaces", "ks-core", "tower"]);
    assert!(!out.contains("CANARY"));
    assert_eq!(run(plane, &["status", "-o", "yaml"]).0, 0);
}

fn wait_says_why_and_then_ends(plane: &ControlPlane) {
    assert_eq!(run(plane, &["wait", "--timeout", "20s"]).0, 0);
    let (code, _, errors) = run(plane, &["wait", "--component", "none"]);
    assert!(code == 2 && errors.contains("tower"), "{errors}");
    apply(plane, &tower(1));
    let pending = [
        "get",
        "events",
        "-n",
        "kubesphere-system",
        "--field-selector=reason=FailedScheduling",
        "-o=name",
    ];
    wait_until("the scheduler to find no node", Duration::from_secs(30), || {
        Ok(plane.kubectl(&pending)?.contains("event"))
    })
    .unwrap();
    let (code, out, errors) = run(plane, &["wait", "--timeout", "3s"]);
    assert_eq!((code, out.as_str()), (5, ""), "{errors}");
    for words in [
        "waiting for Deployment/kubesphere-system/tower (tower)",
        "Unschedulable",
        "event: FailedScheduling",
        "next: ",
        "not reached within 3s",
    ] {
        assert!(errors.contains(words), "{words}: {errors}");
    }
    let (code, out, _) = run(plane, &["status"]);
    assert_eq!(code, 5);
    assert!(out.contains("Pods in trouble") && out.contains("0/1"), "{out}");
    let waiting = ksi(&plane.kubeconfig(), &["wait", "--timeout", "60s", "-o", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Not a wait for something: the change shall come while the other one waits.
    std::thread::sleep(Duration::from_secs(2));
    apply(plane, &tower(0));
    let (code, out, _) = of(&waiting.wait_with_output().unwrap());
    assert_eq!(code, 0, "{out}");
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = events.iter().filter_map(|e| e["type"].as_str()).collect();
    assert!(kinds.contains(&"wait") && kinds.contains(&"ready"), "{out}");
    assert_eq!(kinds.last(), Some(&"summary"), "{out}");
}

fn events_are_those_of_the_installation(plane: &ControlPlane) {
    let (code, out, errors) = run(plane, &["events", "--types", "Warning"]);
    assert_eq!(code, 0, "{errors}");
    assert!(out.contains("FailedScheduling") && !out.contains("Normal"), "{out}");
    let (_, out, _) = run(plane, &["events", "tower", "-o", "json"]);
    let first: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(first["object"]["namespace"], "kubesphere-system");
    let (code, out, _) = run(plane, &["events", "ks-core"]);
    assert_eq!((code, out.as_str()), (0, ""));
    let (code, _, errors) = run(plane, &["logs", "tower"]);
    assert!(code == 0 && errors.contains("there are no pods"), "{errors}");
}

fn no_secret_is_in_the_bundle(plane: &ControlPlane) {
    plant_canaries(plane);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("bundle.tar.gz");
    let path = file.to_str().unwrap();
    let (code, out, errors) = run(plane, &["bundle", "--output", path]);
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
    let secrets = &members.iter().find(|(name, _)| name.ends_with("secrets.json")).unwrap().1;
    assert!(secrets.contains("kubesphere-secret") && secrets.contains(".dockerconfigjson"));
    let (code, _, errors) = run(plane, &["bundle", "--output", path]);
    assert!(code == 1 && errors.contains("is there already"), "{errors}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let (code, out, _) = run(plane, &["bundle", "--dry-run", "--quick"]);
    assert!(code == 0 && out.contains("/status.json"), "{out}");
}

/// The value of the Secret in every place that goes into a bundle.
fn plant_canaries(plane: &ControlPlane) {
    let encoded = STANDARD.encode(format!("x{CANARY}"));
    let jwt = format!(
        "eyJhbGciOiJIUzI1NiJ9.{}.c2lnbmF0dXJl",
        STANDARD.encode("{\"sub\":\"CANARY-jwt\"}")
    );
    let mut annotated = tower(0);
    annotated["metadata"]["annotations"] = json!({"note": format!("pw {CANARY} {encoded} {jwt}")});
    apply(plane, &annotated);
    let mut plain = object("v1", "ConfigMap", "kubesphere-config");
    plain["data"] = json!({
        "kubesphere.yaml": config()["data"]["kubesphere.yaml"],
        "notes": format!("see {CANARY}\n-----BEGIN ENCRYPTED PRIVATE KEY-----\nCANARYkey\n-----END ENCRYPTED PRIVATE KEY-----\n"),
    });
    apply(plane, &plain);
    apply(
        plane,
        &json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": "canary", "namespace": "kubesphere-system"},
            "involvedObject": {"kind": "Pod", "namespace": "kubesphere-system", "name": "tower-x"},
            "type": "Warning", "reason": "Leaked", "lastTimestamp": "2026-01-01T00:00:00Z",
            "message": format!("got {CANARY}, {encoded}, password=CANARY-password and {jwt}"),
        }),
    );
    apply(
        plane,
        &json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "loose", "namespace": "kubesphere-system"},
            "spec": {"containers": [{
                "name": "c", "image": "c", "command": ["c", "--password", "CANARY-argument"],
                "env": [{"name": "API_TOKEN", "value": "CANARY-environment"}, {"name": "URL", "value": format!("http://me:{CANARY}@h/")}],
            }]},
        }),
    );
    apply(
        plane,
        &json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": "node", "annotations": {"note": CANARY}},
        }),
    );
}

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

fn wait_for_the_end(plane: &ControlPlane) {
    let waiting = ksi(&plane.kubeconfig(), &["wait", "--for", "deleted", "--timeout", "60s"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    for name in [
        "deployment/tower",
        "service/tower",
        "configmap/kubesphere-config",
        "secret/kubesphere-secret",
        "secret/ksi-inventory",
    ] {
        plane.kubectl(&["-n=kubesphere-system", "delete", name]).unwrap();
    }
    let (code, _, errors) = of(&waiting.wait_with_output().unwrap());
    assert_eq!(code, 0, "{errors}");
    assert!(errors.contains("everything is gone"), "{errors}");
}
