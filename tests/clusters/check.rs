//! `ksi check` and `ksi cleanup` on a real API server, as users run them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use sandbox::light::Light;
use serde_json::Value;
use tempfile::TempDir;

use crate::hands::{Hands as _, policy_against};
use crate::installed::{self, Rig, release, sample};
use crate::manifests::root;

/// What a control plane without nodes cannot have.
const NODES: &[&str] = &["nodes-ready", "nodes-schedulable"];

fn ksi(kubeconfig: &Path, args: &[&str]) -> Output {
    installed::ksi(kubeconfig, args).current_dir(root()).output().unwrap()
}

/// The exit code and the results by name.
struct Checked {
    code: i32,
    json: Value,
}

impl Checked {
    fn run(light: &Light, args: &[&str]) -> Self {
        let args = [&["check", "-o", "json"], args].concat();
        Self::of(&ksi(&light.plane().kubeconfig(), &args))
    }

    fn of(out: &Output) -> Self {
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        let json = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {said}"));
        Self { code: out.status.code().unwrap(), json }
    }

    fn all(&self) -> impl Iterator<Item = &Value> {
        let categories = self.json["categories"].as_array().unwrap().iter();
        categories.flat_map(|category| category["checks"].as_array().unwrap())
    }

    /// The names of the checks with a result.
    fn with(&self, result: &str) -> BTreeSet<&str> {
        let found = self.all().filter(|check| check["result"] == result);
        found.map(|check| check["id"].as_str().unwrap()).collect()
    }

    /// What a check says.
    fn says(&self, id: &str) -> &str {
        let check = self.all().find(|check| check["id"] == id);
        check.unwrap_or_else(|| panic!("no {id}"))["error"].as_str().unwrap_or_default()
    }
}

#[test]
fn a_cluster_is_judged_and_left_as_it_is() {
    let Some(light) = &Light::start(release()).unwrap() else { return };
    let mark = light.mark();

    an_administrator_sees_only_what_is_missing(light);
    a_right_that_is_missing_is_named(light);
    after_an_installation_that_never_was(light);

    assert_eq!(light.writes(mark), [""; 0]);

    leftover_webhooks_are_found_and_deleted(light);
}

fn an_administrator_sees_only_what_is_missing(light: &Light) {
    let file = ["--pre", "-f", "samples/host.yaml"];
    let checked = Checked::run(light, &file);
    assert_eq!(checked.with("error"), NODES.iter().copied().collect(), "{:#}", checked.json);
    assert_eq!((checked.code, &checked.json["success"]), (4, &Value::Bool(false)));
    for id in ["kubernetes-version", "server-side-apply", "clock-skew", "rights", "rights-lock"] {
        assert!(checked.with("success").contains(id), "{id}: {}", checked.says(id));
    }
    let skip: Vec<&str> = NODES.iter().flat_map(|id| ["--skip-check", id]).collect();
    let checked = Checked::run(light, &[&file[..], &skip].concat());
    assert_eq!((checked.code, &checked.json["success"]), (0, &Value::Bool(true)));
}

/// Groups of kinds whose finalizers an uninstallation removes, and which ksi renders no object of.
const HELD: [&str; 4] = [
    "application.kubesphere.io",
    "cluster.kubesphere.io",
    "gateway.kubesphere.io",
    "network.kubesphere.io",
];

/// May do everything that the sample needs but patch Deployments, grant roles and hold the lock.
fn a_right_that_is_missing_is_named(light: &Light) {
    let rendered = ksi_render();
    let groups: BTreeSet<&str> = rendered
        .lines()
        .filter_map(|line| line.strip_prefix("apiVersion: "))
        .map(|version| version.rsplit_once('/').map_or("", |(group, _)| group))
        // What an uninstallation takes finalizers of, beside what is rendered.
        .chain(HELD)
        .filter(|group| *group != "apps")
        .collect();
    let role = serde_json::json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "limited"},
        "rules": [
            {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": ["apps"], "resources": ["*"], "verbs": ["create", "delete"]},
            {"apiGroups": groups, "resources": ["*"],
             "verbs": ["create", "patch", "update", "delete"]},
        ],
    });
    light.make(role);
    light.kubectl("create clusterrolebinding limited --clusterrole=limited --user=eve");
    light.await_right("eve", "delete deployments.apps", true);
    let checked = Checked::run(light, &["--pre", "-f", "samples/host.yaml", "--as", "eve"]);
    assert_eq!(checked.code, 4);
    let rights = checked.says("rights");
    assert!(!rights.is_empty(), "{:#}", checked.json);
    for line in rights.lines() {
        assert!(line.starts_with("cannot patch deployments.apps in "), "{rights}");
    }
    let roles = "cannot bind, escalate clusterroles.rbac.authorization.k8s.io";
    assert!(checked.says("rights-escalation").contains(roles), "{:#}", checked.json);
    let lock = checked.says("rights-lock");
    assert!(lock.contains("leases.coordination.k8s.io in kubesphere-system"), "{lock}");

    // Who may read nothing gets no false comfort.
    let checked = Checked::run(light, &["--as", "nobody"]);
    assert_eq!(checked.code, 4);
    assert!(checked.says("nodes-ready").starts_with("could not be read: "), "{:#}", checked.json);
}

fn ksi_render() -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_ksi"))
        .args(["render", "-f", "samples/host.yaml"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(out.status.success());
    String::from_utf8(out.stdout).unwrap()
}

fn after_an_installation_that_never_was(light: &Light) {
    let checked = Checked::run(light, &["-f", "samples/host.yaml"]);
    assert_eq!(checked.code, 4);
    assert!(checked.says("ks-apiserver").contains("does not exist"), "{:#}", checked.json);
    assert!(checked.with("error").contains("federated-types"));
    let out = ksi(&light.plane().kubeconfig(), &["check", "-o", "short"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("Deployment kubesphere-system/ks-apiserver does not exist"), "{text}");
}

/// A configuration whose webhook calls a Service that is not there.
fn webhook(name: &str, namespace: &str, group: &str) -> Value {
    serde_json::json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [{
            "name": format!("{name}.webhook.io"), "admissionReviewVersions": ["v1"],
            "sideEffects": "None", "failurePolicy": "Fail",
            "clientConfig": {"service": {"namespace": namespace, "name": "gone"}},
            "rules": [{"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE"],
                "resources": ["*"]}],
        }],
    })
}

fn leftover_webhooks_are_found_and_deleted(light: &Light) {
    for (name, namespace, group) in [
        ("users.iam.kubesphere.io", "kubesphere-system", "iam.kubesphere.io"),
        ("policy.example.com", "default", "example.com"),
    ] {
        light.make(webhook(name, namespace, group));
    }
    let checked = Checked::run(light, &["--pre"]);
    let found = checked.says("webhooks-without-backend");
    assert!(
        found.contains("users.iam.kubesphere.io: Service kubesphere-system/gone does not"),
        "{found}"
    );
    assert!(!found.contains("policy.example.com"), "{found}");
    assert!(checked.says("webhooks-of-others").contains("policy.example.com"));

    let clean = |args: &[&str]| {
        ksi(&light.plane().kubeconfig(), &[&["cleanup", "webhooks"], args].concat())
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let there = || light.kubectl("get validatingwebhookconfigurations -o name");

    let out = clean(&["--dry-run"]);
    assert!(out.status.success() && text(&out.stdout).contains("users.iam.kubesphere.io"));
    let out = clean(&[]);
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("pass --yes"), "{}", text(&out.stderr));
    assert!(there().contains("users.iam.kubesphere.io"));

    let out = clean(&["--yes"]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(!text(&out.stdout).contains("policy.example.com"));
    assert!(!there().contains("users.iam.kubesphere.io"));
    assert!(there().contains("policy.example.com"), "somebody else's was deleted");
    let checked = Checked::run(light, &["--pre"]);
    assert!(checked.with("success").contains("webhooks-without-backend"));
    assert!(clean(&["--yes"]).status.success());
}

/// Without a file, the configuration is the one that was applied last: not that of a run that failed, and none
/// after an uninstallation.
#[test]
fn without_a_file_what_was_applied_last_is_checked() {
    let Some(rig) = Rig::start(release()) else { return };
    let apply = ["apply", "-f", &sample("host.yaml"), "--yes", "--wait=false", "--timeout", "3m"];
    rig.ksi(&apply).expect(0);
    rig.kubectl("delete service tower -n kubesphere-system");
    let checked = Checked::of(&rig.command(&["check", "-o", "json"]).output().unwrap());
    assert!(checked.says("tower-address").contains("does not exist"), "{:#}", checked.json);
    assert!(!checked.with("skipped").contains("federated-types"), "{:#}", checked.json);
    assert_eq!(checked.code, 4);
    let source = "the configuration is valid: revision 1 of the history, applied ";
    let text = rig.ksi(&["check"]).expect(4).out;
    assert!(text.contains(source), "{text}");

    rig.make(policy_against("redis-secret"));
    let probe = "create secret generic redis-secret --dry-run=server -n kubesphere-system";
    rig.await_kubectl(probe, false);
    rig.ksi(&[&apply[..], &["--set", "common.redis.enabled=true"]].concat()).expect(4);
    let source = "the configuration is valid: revision 1 of the history, applied ";
    let text = rig.ksi(&["check"]).expect(4).out;
    assert!(text.contains(source), "{text}");

    rig.ksi(&["uninstall", "--yes", "--timeout", "3m"]).expect(0);
    let checked = Checked::of(&rig.command(&["check", "-o", "json"]).output().unwrap());
    assert!(checked.with("skipped").contains("configuration-valid"), "{:#}", checked.json);
}

#[test]
fn without_a_server_the_code_is_seven() {
    let folder = TempDir::new().unwrap();
    let kubeconfig = folder.path().join("config");
    let text = r#"{"apiVersion": "v1", "kind": "Config", "current-context": "a",
        "clusters": [{"name": "a", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "a", "user": {}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}]}"#;
    fs::write(&kubeconfig, text).unwrap();
    for args in [&["check", "--pre"][..], &["cleanup", "webhooks", "--yes"]] {
        let out = ksi(&kubeconfig, args);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(7), "{said}");
        assert!(said.contains("127.0.0.1:1") && said.contains("help: "), "{said}");
    }
    let out = ksi(&kubeconfig, &["check", "--skip-check", "no-such-check"]);
    assert_eq!(out.status.code(), Some(2));
}
