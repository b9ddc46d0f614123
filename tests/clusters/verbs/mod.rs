//! The verbs that look at an installation, on a real API server with controllers and scheduler but
//! without nodes: pods stay pending, and say so.

pub(crate) mod bundle;

use std::fs;
use std::process::{Output, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ksi::inventory::{Inventory, Key};
use ksi::object::{Object, ObjectId, Policy};
use sandbox::light::Light;
use sandbox::process::wait_until;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::hands::{Hands as _, SYSTEM};
use crate::installed::{Said, ksi, release};

const VERBS: [&[&str]; 5] =
    [&["status"], &["wait"], &["logs"], &["events"], &["bundle", "--dry-run"]];
/// The value of the Secret.
const CANARY: &str = "CANARY-3f9a1c77-value";

/// The exit code, and what was said on standard output and standard error.
fn run(light: &Light, args: &[&str]) -> (i32, String, String) {
    of(ksi(&light.plane().kubeconfig(), args).output().unwrap())
}

fn of(output: Output) -> (i32, String, String) {
    let Said { code, out, err } = Said::of(output);
    (code, out, err)
}

/// Server-side: otherwise kubectl keeps a copy of each object in an annotation.
fn apply(light: &Light, body: &Value) {
    light.kubectl_file("apply --server-side --force-conflicts", body);
}

/// Records objects as ours, each with its component.
fn record(light: &Light, objects: &[(&str, &Value)]) {
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
        light,
        &json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "ksi-inventory", "namespace": SYSTEM},
            "data": inventory.to_secret(),
        }),
    );
}

fn object(api_version: &str, kind: &str, name: &str) -> Value {
    json!({
        "apiVersion": api_version, "kind": kind,
        "metadata": {"name": name, "namespace": SYSTEM},
    })
}

fn namespace() -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}})
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
        let (code, out, errors) = of(ksi(&kubeconfig, verb).output().unwrap());
        assert_eq!((code, out.as_str()), (7, ""), "{verb:?}: {errors}");
        assert!(errors.contains("help: "), "{errors}");
    }
}

#[test]
fn an_installation_is_looked_at_waited_for_and_bundled() {
    let Some(light) = &Light::start(release()).unwrap() else { return };
    nothing_is_installed(light);
    for body in [&namespace(), &tower(0), &config(), &secret()] {
        apply(light, body);
    }
    let bodies = (namespace(), tower(0), service(), config(), secret());
    record(
        light,
        &[
            ("namespaces", &bodies.0),
            ("tower", &bodies.1),
            ("tower", &bodies.2),
            ("ks-core", &bodies.3),
            ("ks-core", &bodies.4),
        ],
    );
    status_tells_what_is_missing_and_what_is_wrong(light);
    wait_says_why_and_then_ends(light);
    events_are_those_of_the_installation(light);
    bundle::no_secret_is_in_it(light);
    wait_for_the_end(light);
}

fn nothing_is_installed(light: &Light) {
    for verb in VERBS {
        let (code, out, errors) = run(light, verb);
        assert_eq!((code, out.as_str()), (1, ""), "{verb:?}: {errors}");
        assert!(
            errors.contains("nothing is installed") && errors.contains("ksi apply"),
            "{errors}"
        );
    }
    assert_eq!(run(light, &["wait", "--for", "deleted"]).0, 0);
}

fn status_tells_what_is_missing_and_what_is_wrong(light: &Light) {
    let (code, out, _) = run(light, &["status"]);
    assert_eq!(code, 5, "{out}");
    assert!(out.contains("Service/kubesphere-system/tower: not found"), "{out}");
    assert!(out.contains("role host"), "{out}");
    apply(light, &service());
    let (code, out, errors) = run(light, &["status"]);
    assert_eq!((code, errors.as_str()), (0, ""), "{out}");
    assert!(out.contains(":30721"), "the real NodePort is in the remedy: {out}");
    let (code, out, _) = run(light, &["status", "-o", "json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["state"]), (0, &json!("healthy")));
    let names: Vec<_> =
        report["components"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
    assert_eq!(names, ["namespaces", "ks-core", "tower"]);
    assert!(!out.contains("CANARY"));
    assert_eq!(run(light, &["status", "-o", "yaml"]).0, 0);
}

fn wait_says_why_and_then_ends(light: &Light) {
    assert_eq!(run(light, &["wait", "--timeout", "20s"]).0, 0);
    let (code, _, errors) = run(light, &["wait", "--component", "none"]);
    assert!(code == 2 && errors.contains("tower"), "{errors}");
    apply(light, &tower(1));
    wait_until("the scheduler to find no node", Duration::from_secs(30), || {
        let failed = "--field-selector=reason=FailedScheduling";
        Ok(light.has(&format!("events -n {SYSTEM} {failed}")))
    })
    .unwrap();
    let (code, out, errors) = run(light, &["wait", "--timeout", "3s"]);
    assert_eq!((code, out.as_str()), (5, ""), "{errors}");
    for words in [
        "waiting for Deployment/kubesphere-system/tower (tower)",
        "Unschedulable",
        " ago): FailedScheduling",
        "next: ",
        "timed out after 3s",
    ] {
        assert!(errors.contains(words), "{words}: {errors}");
    }
    let (code, out, _) = run(light, &["status"]);
    assert_eq!(code, 5);
    assert!(out.contains("Failing pods") && out.contains("0/1"), "{out}");
    let waiting = ksi(&light.plane().kubeconfig(), &["wait", "--timeout", "60s", "-o", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Not a wait for something: the change shall come while the other one waits.
    std::thread::sleep(Duration::from_secs(2));
    apply(light, &tower(0));
    let (code, out, _) = of(waiting.wait_with_output().unwrap());
    assert_eq!(code, 0, "{out}");
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = events.iter().filter_map(|e| e["type"].as_str()).collect();
    assert!(kinds.contains(&"wait") && kinds.contains(&"ready"), "{out}");
    assert_eq!(kinds.last(), Some(&"summary"), "{out}");
}

fn events_are_those_of_the_installation(light: &Light) {
    let (code, out, errors) = run(light, &["events", "--types", "Warning"]);
    assert_eq!(code, 0, "{errors}");
    assert!(out.contains("FailedScheduling") && !out.contains("Normal"), "{out}");
    let (_, out, _) = run(light, &["events", "tower", "-o", "json"]);
    let first: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(first["object"]["namespace"], "kubesphere-system");
    let (code, out, _) = run(light, &["events", "ks-core"]);
    assert_eq!((code, out.as_str()), (0, ""));
    let (code, _, errors) = run(light, &["logs", "tower"]);
    assert!(code == 0 && errors.contains("no pods"), "{errors}");
}

fn wait_for_the_end(light: &Light) {
    let waiting =
        ksi(&light.plane().kubeconfig(), &["wait", "--for", "deleted", "--timeout", "60s"])
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
        light.kubectl(&format!("-n {SYSTEM} delete {name}"));
    }
    let (code, _, errors) = of(waiting.wait_with_output().unwrap());
    assert_eq!(code, 0, "{errors}");
    assert!(errors.contains("everything is deleted"), "{errors}");
}
