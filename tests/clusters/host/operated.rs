//! The verbs that look at an installation, on one whose pods run.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use ksi::object::{ObjectId, Policy};
use ksi::values::AT_INSTALL;
use serde_json::{Value, json};

use crate::hands::Hands as _;
use crate::host::{FEDERATED, Host};
use crate::installed::ksi;
use crate::verbs::bundle::{base64_words, members};

pub(crate) fn every_verb_tells_of_it(host: &Host<'_>) {
    status_and_wait(host);
    check_finds_nothing(host);
    events_and_logs(host);
    new_lines_are_followed(host);
    no_secret_is_in_the_bundle(host);
    what_is_rendered_is_there(host);
}

fn status_and_wait(host: &Host<'_>) {
    let said = host.ksi(&["status"]).expect(0);
    assert!(said.out.contains("role host") && said.out.contains("ks-core"), "{}", said.out);
    let said = host.ksi(&["status", "-o", "json"]).expect(0);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report["state"], "healthy", "{report:#}");
    let states = report["components"].as_array().unwrap().iter().map(|part| part["state"].as_str());
    assert_eq!(states.collect::<BTreeSet<_>>().len(), 1, "{report:#}");
    host.ksi(&["wait", "--timeout", "20s"]).expect(0);
}

fn check_finds_nothing(host: &Host<'_>) {
    let said = host.ksi(&["check", "-f", &host.sample, "-o", "json"]);
    let checked: Value = serde_json::from_str(&said.out).unwrap();
    let all = checked["categories"].as_array().unwrap().iter();
    let all = all.flat_map(|category| category["checks"].as_array().unwrap());
    let errors: Vec<&Value> = all.filter(|check| check["result"] == "error").collect();
    assert!(errors.is_empty(), "{errors:#?}");
    said.expect(0);
}

fn events_and_logs(host: &Host<'_>) {
    let said = host.ksi(&["events"]).expect(0);
    assert!(said.out.contains("Started"), "{}", said.out);
    let said = host.ksi(&["logs", "ks-core", "--tail", "5"]).expect(0);
    for program in ["ks-apiserver", "ks-controller-manager", "stand-in of the sandbox"] {
        assert!(said.out.contains(program), "{program}: {}", said.out);
    }
}

/// KubeFed says when it sees a new object; until Ctrl-C.
fn new_lines_are_followed(host: &Host<'_>) {
    let followed = ksi(host.kubeconfig, &["logs", "kubefed", "-f", "--tail", "1"]);
    // A test that runs in the background may ignore Ctrl-C, and so would what it starts.
    let mut command = Command::new("env");
    command.arg("--default-signal=INT").arg(followed.get_program()).args(followed.get_args());
    command.env("KUBECONFIG", host.kubeconfig).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let lines = BufReader::new(running.stdout.take().unwrap()).lines();
    let (told, heard) = mpsc::channel();
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| told.send(line)));
    let wait = |words: &str| {
        let limit = Duration::from_secs(30);
        while let Ok(line) = heard.recv_timeout(limit) {
            if line.contains(words) {
                return;
            }
        }
        panic!("no line with `{words}`");
    };
    wait("kubefed-controller-manager-");
    host.make(format!(
        "{{apiVersion: types.kubefed.io/v1beta1, kind: FederatedConfigMap, \
         metadata: {{name: followed, namespace: {FEDERATED}}}, spec: {{template: {{}}}}}}"
    ));
    wait("followed");
    let pid = running.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let status = running.wait().unwrap();
    assert_eq!(status.signal(), Some(2), "{status}");
    host.kubectl(&format!("delete federatedconfigmap followed -n {FEDERATED} --timeout 30s"));
}

fn no_secret_is_in_the_bundle(host: &Host<'_>) {
    let mut secrets = BTreeSet::new();
    for value in host.values().values() {
        secrets.extend(pieces(value));
    }
    let path = "jsonpath={.spec.password}";
    let hash = host.kubectl(&format!("get users.iam.kubesphere.io admin -o {path}"));
    assert!(hash.starts_with("$2"), "a hash of bcrypt");
    secrets.insert(hash);
    assert!(secrets.len() > 10, "{}", secrets.len());

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bundle.tar.gz");
    host.ksi(&["bundle", "--output", file.to_str().unwrap()]).expect(0);
    let members = members(&file);
    let logs = members.iter().filter(|(name, _)| name.contains("/logs/")).collect::<Vec<_>>();
    for program in ["ks-controller-manager", "kubefed-controller-manager", "tower"] {
        let log = logs.iter().find(|(name, _)| name.contains(program));
        let (_, text) = log.unwrap_or_else(|| panic!("no log of {program}"));
        assert!(!text.trim().is_empty(), "{program} said nothing");
    }
    for (name, text) in &members {
        let decoded = base64_words(text);
        for secret in &secrets {
            let shown = text.contains(secret) || decoded.iter().any(|text| text.contains(secret));
            assert!(!shown, "{name} shows a secret that begins with {secret:.3}");
        }
    }
}

/// What must not be seen of a value: all of it, of a private key each line. Certificates are public.
fn pieces(value: &str) -> Vec<String> {
    if !value.contains("-----BEGIN") {
        return vec![value.to_owned()];
    }
    let mut pieces = Vec::new();
    let mut private = false;
    for line in value.lines() {
        if line.starts_with("-----") {
            private = line.contains("BEGIN") && line.contains("PRIVATE KEY");
        } else if private && line.len() > 20 {
            pieces.push(line.to_owned());
        }
    }
    pieces
}

/// `kubectl diff` of what `ksi render --live` prints is empty for everything that is ksi's alone.
fn what_is_rendered_is_there(host: &Host<'_>) {
    let known = host.inventory();
    let rendered = host.ksi(&["render", "-f", &host.sample, "--live", "-o", "json"]).expect(0);
    assert!(!rendered.out.contains(AT_INSTALL), "a placeholder");
    let rendered: Value = serde_json::from_str(&rendered.out).unwrap();
    let items: Vec<&Value> = rendered["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|body| {
            let entry = known.get(&ObjectId::of(body).unwrap());
            entry.is_some_and(|entry| entry.policy == Policy::Apply)
        })
        .collect();
    assert!(items.len() > 200, "{}", items.len());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rendered.json");
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    std::fs::write(&file, list.to_string()).unwrap();
    let mut command = host.plane.kubectl_command();
    command.args(["diff", "--server-side", "--force-conflicts", "--field-manager=ksi", "-f"]);
    let diff = command.arg(&file).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, errors) = (text(&diff.stdout), text(&diff.stderr));
    assert_eq!((diff.status.code(), out.as_str()), (Some(0), ""), "{errors}");
}
