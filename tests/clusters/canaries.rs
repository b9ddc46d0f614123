//! No secret in any output of a run on a cluster, at the most talkative level, of failures too.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ksi::yaml;
use sandbox::proxy::{Fault, FaultProxy, Match, Nth, Rule};
use serde_json::{Value, json};

use crate::canary::canaries;
use crate::hands::{Hands as _, SYSTEM};
use crate::installed::{Rig, Said, ksi, release};
use crate::manifests::root;
use crate::verbs::bundle::{every_file_can_be_read, members};

/// A webhook could do the same; the server itself does so where a value is invalid.
const TELLTALE: &str = r#"{
  "apiVersion": "v1", "kind": "List", "items": [
    {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
     "metadata": {"name": "telltale"},
     "spec": {
       "failurePolicy": "Fail",
       "matchConstraints": {"resourceRules": [{
         "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
         "resources": ["secrets", "configmaps"]}]},
       "matchConditions": [{"name": "ours", "expression":
         "object.metadata.name == 'kubesphere-secret' || object.metadata.name == 'kubesphere-config'"}],
       "validations": [{"expression": "false", "messageExpression":
         "'refused: ' + object.data.map(key, key + '=' + object.data[key]).join(' ')"}]}},
    {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
     "metadata": {"name": "telltale"},
     "spec": {"policyName": "telltale", "validationActions": ["Deny"]}}
  ]}"#;

#[test]
fn no_output_of_a_run_shows_a_secret() {
    let Some(rig) = Rig::start(release()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (document, mut secrets) = canaries();
    let good = file("good.yaml", &yaml::emit(&document));
    let other = file("other.yaml", &yaml::emit(&document).replace("abcdef", "fedcba"));
    let bundle = folder.path().join("bundle.tar.gz").display().to_string();
    secrets.extend(secrets.clone().iter().map(|secret| secret.replace("abcdef", "fedcba")));

    let kubeconfig = std::fs::read(rig.kubeconfig()).unwrap();
    let kubeconfig: Value = serde_json::from_slice(&kubeconfig).unwrap();
    secrets.push(kubeconfig["users"][0]["user"]["token"].as_str().unwrap().to_owned());

    // Refused by somebody who quotes what he refuses.
    let probe = format!("create configmap kubesphere-config --dry-run=server -n {SYSTEM}");
    rig.make(TELLTALE);
    rig.await_kubectl(&probe, false);
    let apply = ["apply", "-vvv", "--yes", "--wait=false", "--timeout", "1m", "-f"];
    let refused = rig.ksi(&[&apply[..], &[good.as_str()]].concat());
    assert!(refused.err.contains("refused: "), "nothing was quoted\n{}", refused.err);
    let mut outputs = vec![("refused", refused)];
    rig.kubectl_file("delete", TELLTALE);
    rig.await_kubectl(&probe, true);

    let runs: &[(&str, i32, &[&str])] = &[
        ("apply", 0, &["-o", "json", "-f", &good]),
        ("apply", 0, &["-f", &good]),
        ("diff", 1, &["-f", &other]),
        ("diff", 1, &["-o", "json", "-f", &other]),
        ("apply", 0, &["--dry-run=server", "-f", &other]),
        ("apply", 0, &["-f", &other]),
        ("events", 0, &[]),
        ("history", 0, &[]),
        ("rollback", 2, &["--dry-run"]),
        ("rollback", 0, &["--dry-run", "-f", &good]),
        ("bundle", 0, &["--output", &bundle]),
        // On kwok nobody starts the federated types.
        ("status", 5, &[]),
        ("status", 5, &["-o", "json"]),
        ("check", 4, &["-o", "json"]),
    ];
    for (verb, code, more) in runs {
        let wait: &[&str] =
            if *verb == "apply" { &["--yes", "--wait=false", "--timeout", "1m"] } else { &[] };
        let said = rig.ksi(&[&[*verb, "-vvv"], wait, more].concat()).expect(*code);
        assert!(said.err.contains("DEBUG"), "{verb} logs nothing: {}", said.err);
        outputs.push((verb, said));
    }
    outputs.extend(followed(&rig, &other));
    secrets.extend(generated(&rig));
    let packed = members(Path::new(&bundle));
    every_file_can_be_read(&packed);
    let packed = packed.into_iter().map(|(name, text)| name + &text).collect::<String>();
    // The Secrets of the history hold these, too.
    for name in ["kubesphere-secret", "namespace: kubesphere-system", "metadata:", "ks-apiserver"] {
        assert!(packed.contains(name), "the bundle hides {name}");
    }
    outputs.push(("bundle's archive", Said { code: 0, out: packed, err: String::new() }));

    // Answers that are cut, garbage, or errors, where secrets are sent and read.
    let proxy = FaultProxy::start(rig.kubeconfig(), &folder.path().join("proxy")).unwrap();
    let mut files = [&good, &other].into_iter().cycle();
    for fault in [
        Fault::Truncate,
        Fault::Garbage { code: 200 },
        Fault::Status { code: 400, retry_after: None },
        Fault::ResetAfter,
    ] {
        for methods in [["PUT", "PATCH"], ["GET", "GET"]] {
            let secrets = Match::methods(&methods).resource("secrets");
            proxy.forget();
            proxy.set([Rule::new(secrets, Nth::First(4), fault.clone())]);
            // Each time the other one, so that there is something to write.
            let file = files.next().unwrap().as_str();
            let arguments = [&apply[..], &[file]].concat();
            let said = Said::of(ksi(proxy.kubeconfig(), &arguments).output().unwrap());
            assert!(proxy.seen().iter().any(|seen| seen.rule.is_some()), "no {fault:?}");
            outputs.push(("through faults", said));
        }
    }
    proxy.set([]);
    outputs.push(("uninstall", rig.ksi(&["uninstall", "-vvv", "--yes", "--timeout", "1m"])));

    for (verb, said) in outputs {
        let text = said.out + &said.err;
        for secret in &secrets {
            assert!(!shows(&text, secret), "{verb} shows {secret}:\n{}", around(&text, secret));
        }
    }
}

/// What a controller says, in the log, in the status and in Events: it plans, approves, and puts back.
fn followed(rig: &Rig, configuration: &str) -> Vec<(&'static str, Said)> {
    let crd = root().join("deploy/crd.yaml").display().to_string();
    rig.kubectl(&format!("apply -f {crd}"));
    let crd = "crd clusterconfigurations.installer.kubesphere.io";
    rig.await_kubectl(&format!("wait --for=condition=Established {crd}"), true);
    rig.kubectl(&format!("create -f {configuration}"));
    let annotate = |text: &str| {
        rig.kubectl(&format!(
            "-n {SYSTEM} annotate --overwrite cc ks-installer ksi.kubesphere.io/{text}"
        ));
    };
    let once = |code: i32, more: &[&str]| {
        let arguments = ["controller", "--once", "--wait=false", "-vvv"];
        ("controller", rig.admin(&[&arguments, more].concat()).expect(code))
    };
    let status = || {
        let status = rig.json(&format!("cc ks-installer -n {SYSTEM}"))["status"].to_string();
        ("status of the controller", Said { code: 0, out: status, err: String::new() })
    };
    let mut outputs = vec![once(0, &[]), status()];
    annotate("mode=plan");
    rig.kubectl(&format!("-n {SYSTEM} delete secret kubesphere-secret"));
    outputs.extend([once(2, &["--log-format", "json"]), status()]);
    annotate("mode=enforce");
    outputs.extend([once(0, &["--log-format", "json"]), status()]);
    let events = rig.json(&format!("events -n {SYSTEM}")).to_string();
    outputs.push(("Events of the controller", Said { code: 0, out: events, err: String::new() }));
    outputs
}

/// Every generated value as it might be told: a line of a private key is enough of it.
fn generated(rig: &Rig) -> Vec<String> {
    let mut secrets = Vec::new();
    for (name, text) in rig.values() {
        if text.contains("PRIVATE KEY") {
            secrets.extend(text.lines().filter(|line| !line.contains("-----")).map(str::to_owned));
        } else if !text.contains("CERTIFICATE") {
            assert!(!text.is_empty(), "{name}");
            secrets.push(text);
        }
    }
    assert!(secrets.len() > 10, "{} lines of secrets", secrets.len());
    secrets.retain(|secret| secret.len() > 8);
    secrets
}

/// In clear, or in base64 wherever it begins.
fn shows(text: &str, secret: &str) -> bool {
    (0..3).any(|shift| {
        let encoded = STANDARD.encode(secret.as_bytes().get(shift..).unwrap_or_default());
        encoded.len() >= 12 && text.contains(&encoded[..encoded.len() / 4 * 4 - 4])
    }) || text.contains(secret)
}

fn around<'t>(text: &'t str, secret: &str) -> &'t str {
    text.lines().find(|line| shows(line, secret)).unwrap_or(text)
}

#[test]
fn what_shows_a_secret_is_found() {
    let secret = "hunter2hunter2hunter2";
    let told = json!({"data": STANDARD.encode(format!("a{secret}"))}).to_string();
    assert!(shows(&told, secret) && shows("hunter2hunter2hunter2", secret));
    assert!(!shows("hunter2", secret));
}
