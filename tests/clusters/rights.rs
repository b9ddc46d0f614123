//! `deploy/rbac.yaml` on real API servers: it is enough for everything that ksi does, and nothing in it is
//! there for nothing.

use std::collections::BTreeSet;

use ksi::object::rules as known;
use ksi::rights::Rule;
use sandbox::audit::{self, Request};
use sandbox::builds::Release;
use sandbox::light::Light;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::hands::Hands;
use crate::installed::{ACCOUNT, Rig, release, releases, sample};
use crate::manifests::root;

/// Rights that this test does not use, and what does: verb, resource, one of the names.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    // `uninstall::*`, with the same account: namespaces, and the installer of KubeSphere 3.
    ("delete", "namespaces", "kubesphere-system"),
    ("delete", "deployments", "ks-installer"),
    // `incluster::guides::*`, which is refused nothing: only a controller that runs on registers its webhook.
    ("create", "validatingwebhookconfigurations", WEBHOOK),
    ("patch", "validatingwebhookconfigurations", WEBHOOK),
    // It is also the only one that leads.
    ("get", "leases", "ks-installer"),
    ("update", "leases", "ks-installer"),
    ("delete", "leases", "ks-installer"),
];

const WEBHOOK: &str = "clusterconfigurations.installer.kubesphere.io";

const SPOILED: &str = "-n kube-federation-system patch secret kubefed-admission-webhook-serving-cert \
                       --type=merge -o name -p";

/// An object of each kind on which controllers leave finalizers, with these, as users and controllers make them.
fn hold(rig: &Rig) {
    let puts: Vec<_> = known().finalizers.iter().flat_map(|one| &one.puts).collect();
    let definitions = rig.json("crd");
    // Nobody answers behind them; the next run makes them again.
    rig.kubectl("delete validatingwebhookconfigurations,mutatingwebhookconfigurations --all");
    let mut held = 0;
    for definition in definitions["items"].as_array().unwrap() {
        let name = definition["metadata"]["name"].as_str().unwrap();
        let fits = |resource: &str| match resource.strip_prefix('*') {
            Some(group) => name.ends_with(group),
            None => resource == name,
        };
        let Some(put) = puts.iter().find(|put| fits(&put.resource)) else { continue };
        let spec = &definition["spec"];
        let version =
            &spec["versions"].as_array().unwrap().iter().find(|v| v["storage"] == true).unwrap();
        let mut body = example(&version["schema"]["openAPIV3Schema"]);
        let group = spec["group"].as_str().unwrap();
        body["apiVersion"] = json!(format!("{group}/{}", version["name"].as_str().unwrap()));
        body["kind"] = spec["names"]["kind"].clone();
        // A Cluster that is called so is no member.
        body["metadata"] = json!({"name": "host", "finalizers": put.names});
        if spec["scope"] == "Namespaced" {
            body["metadata"]["namespace"] = json!("default");
        }
        rig.kubectl_file("create", body);
        held += 1;
    }
    assert!(held > 40, "{held}");
    let namespaces = format!(
        "patch namespace default --type=merge -p {}",
        json!({"metadata": {"finalizers": puts[0].names}})
    );
    rig.kubectl(&namespaces);
}

/// The smallest value that fits a schema.
fn example(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("object") => {
            let required = schema["required"].as_array().into_iter().flatten();
            let fields = required.map(|name| {
                let name = name.as_str().unwrap();
                (name.to_owned(), example(&schema["properties"][name]))
            });
            Value::Object(fields.collect())
        }
        Some("array") => json!([]),
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(false),
        Some("string") => json!("a"),
        _ => json!({}),
    }
}

/// Everything that an installation goes through, with all components.
fn whole_life(rig: &Rig) {
    let host = sample("host.yaml");
    let folder = TempDir::new().unwrap();
    let bundle = folder.path().join("bundle.tar.gz");
    let bundle = bundle.to_str().unwrap();
    let all = ["--set", "common.redis.enabled=true", "--set", "metrics_server.enabled=true"];
    let apply = |more: &[&str]| {
        let arguments = ["apply", "-f", &host, "--yes", "--wait=false", "--timeout", "2m"];
        rig.ksi(&[&arguments, more].concat()).expect(0)
    };
    rig.kubectl(&format!("apply -f {}", root().join("deploy/crd.yaml").display()));
    rig.ksi(&["apply", "-f", &host, "--wait=false", "--dry-run=server"]).expect(0);
    apply(&all);
    hold(rig);
    apply(&all);
    rig.kubectl(&format!("apply -f {host}"));
    // With what is there, and something new to tell.
    let more = json!({"spec": {
        "common": {"redis": {"enabled": true}}, "metrics_server": {"enabled": true},
        "authentication": {"maximumClockSkew": "20s"},
    }});
    rig.kubectl_with(
        "-n kubesphere-system patch cc ks-installer --type=merge -p",
        &more.to_string(),
    );
    rig.ksi(&["controller", "--once", "--wait=false", "--timeout", "2m"]);
    rig.ksi(&["check", "--pre", "-f", &host]);
    rig.ksi(&["check", "-f", &host]);
    rig.ksi(&["status"]);
    rig.ksi(&["wait", "--timeout", "1s"]);
    rig.ksi(&["events"]).expect(0);
    rig.ksi(&["logs", "tower"]);
    rig.ksi(&["bundle", "--output", bundle]).expect(0);
    // Somebody spoils a certificate, which is written anew.
    rig.kubectl_with(SPOILED, r#"{"data": {"tls.crt": "c3BvaWxlZA=="}}"#);
    rig.ksi(&[&["apply", "-f", &host, "--yes", "--wait=false"], &all[..]].concat());
    // Some objects go, some change.
    apply(&["--set", "authentication.maximumClockSkew=30s", "--history-max", "1"]);
    rig.ksi(&["rollback", "--dry-run"]);
    rig.ksi(&["uninstall", "--yes", "--timeout", "2m", "--delete-data"]).expect(0);
    let held = rig.admin(&["cleanup", "finalizers", "--dry-run"]).expect(0);
    assert_eq!(held.out, "", "{}", held.err);
    // Now the kinds are old, and their objects are made by POST.
    apply(&[]);
}

fn rules(rig: &Rig) -> Vec<Rule> {
    let cluster = rig.json("clusterrole ks-installer");
    let own = rig.json("role ks-installer -n kubesphere-system");
    [cluster, own]
        .into_iter()
        .flat_map(|role| serde_json::from_value::<Vec<Rule>>(role["rules"].clone()).unwrap())
        .collect()
}

/// Whether somebody asked for what a rule gives. To bind and to escalate is asked for within a write of
/// a role or binding.
fn is_used(requests: &BTreeSet<Request>, rule: &Rule, resource: &str, verb: &str) -> bool {
    let binds = verb == "bind" || verb == "escalate";
    // What is listed is watched from then on where it takes its time.
    let verb = if verb == "watch" { "list" } else { verb };
    requests.iter().any(|request| {
        let is_named = rule.resource_names.contains(&request.name);
        let named = rule.resource_names.is_empty() || is_named || binds;
        let does = request.verb == verb
            || (binds && request.verb == "patch")
            // An apply creates what is not there and has a name in the rule.
            || (verb == "create" && request.verb == "patch" && request.code == 201 && is_named);
        named && does && request.resource == resource && rule.api_groups.contains(&request.group)
    })
}

fn is_enough_and_no_more(release: Release) {
    let Some(rig) = Rig::start(release) else { return };
    let since = rig.mark();
    whole_life(&rig);
    let requests = audit::requests(rig.plane(), since, ACCOUNT).unwrap();
    assert!(requests.len() > 500, "only {} requests", requests.len());
    let refused: Vec<_> =
        requests.iter().filter(|request| [401, 403].contains(&request.code)).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    // With its kinds goes what others made of them, which the account cannot even see.
    let all = ["uninstall", "--yes", "--timeout", "2m", "--delete-crds"];
    let said = rig.ksi(&all).expect(7);
    assert!(said.err.contains("cannot list resource"), "{}", said.err);
    rig.admin(&all).expect(0);

    let mut unused = BTreeSet::new();
    for rule in rules(&rig) {
        for resource in &rule.resources {
            for verb in rule.verbs.iter().filter(|v| !is_used(&requests, &rule, resource, v)) {
                unused.insert(format!("{verb} {resource} {:?}", rule.resource_names));
            }
        }
    }
    // A log is asked for once a container has begun, and those of kwok begin when they like.
    unused.remove("get pods/log []");
    // Nor is a definition read that is neither changed nor late.
    unused.remove("get customresourcedefinitions []");
    for (verb, resource, name) in ELSEWHERE {
        let (before, begin) = (unused.len(), format!("{verb} {resource} "));
        unused.retain(|line| !line.starts_with(&begin) || !line.contains(&format!("{name:?}")));
        assert!(unused.len() < before, "{verb} {resource} {name} is used here, or in no rule");
    }
    assert!(unused.is_empty(), "{unused:#?}");
}

#[test]
fn the_account_is_enough_and_no_more() {
    releases().into_iter().for_each(is_enough_and_no_more);
}

/// What `deploy/rbac.yaml` builds on: names in rules hold for what is created by an apply, for `bind` and
/// for `escalate`, and not for what is created by POST.
#[test]
fn names_in_rules_hold_for_applies_bindings_and_escalation() {
    let Some(light) = Light::start(release()).unwrap() else { return };
    let rbac = "rbac.authorization.k8s.io";
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "narrow"},
        "rules": [
            {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["named"],
             "verbs": ["create", "patch"]},
            {"apiGroups": [rbac], "resources": ["clusterroles"], "resourceNames": ["strong"],
             "verbs": ["create", "patch", "escalate"]},
            {"apiGroups": [rbac], "resources": ["clusterroles"], "resourceNames": ["weak", "edit"],
             "verbs": ["create", "patch"]},
            {"apiGroups": [rbac], "resources": ["clusterroles"], "resourceNames": ["strong"],
             "verbs": ["bind"]},
            {"apiGroups": [rbac], "resources": ["clusterrolebindings"],
             "resourceNames": ["good", "bad"], "verbs": ["create", "patch"]},
        ],
    });
    let folder = TempDir::new().unwrap();
    let run = |words: &[&str], body: &Value| {
        let file = folder.path().join("object.json");
        std::fs::write(&file, body.to_string()).unwrap();
        let out =
            light.plane().kubectl_command().args(words).arg("-f").arg(&file).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success() || said.contains("forbidden"), "{said}");
        out.status.success()
    };
    light.make(role);
    light.kubectl("create clusterrolebinding narrow --clusterrole=narrow --user=eve");
    light.await_right("eve", "patch configmaps/named", true);
    let map = |name: &str| {
        json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default"}})
    };
    let role = |name: &str| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]})
    };
    let binding = |name: &str, role: &str| {
        json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "User", "name": "mallory", "apiGroup": rbac}]})
    };
    let create = ["create", "--as=eve"];
    let apply = ["apply", "--server-side", "--as=eve"];
    assert!(!run(&create, &map("named")), "POST knows no names");
    assert!(run(&apply, &map("named")));
    assert!(!run(&apply, &map("other")));
    assert!(run(&apply, &role("strong")), "escalate holds for its name");
    assert!(!run(&apply, &role("weak")), "and for no other");
    let label = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "edit", "labels": {"a": "b"}}});
    assert!(!run(&apply, &label), "a label alone needs the rules or escalate");
    assert!(run(&apply, &binding("good", "strong")), "bind holds for its name");
    assert!(!run(&apply, &binding("bad", "cluster-admin")), "and for no other");
}
