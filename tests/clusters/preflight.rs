//! What would make a run fail is told before its first write.

use std::collections::BTreeSet;
use std::time::Duration;

use ksi::rights::Rule;
use sandbox::audit;
use sandbox::control_plane::ControlPlane;
use sandbox::process::wait_until;
use serde_json::{Value, json};

use crate::hands::Hands;
use crate::installed::{ACCOUNT, Rig, Said, release, sample};

struct World(Rig);

impl Hands for World {
    fn plane(&self) -> &ControlPlane {
        self.0.plane()
    }
}

/// Rights that were taken from the account.
struct Taken {
    /// What the role was.
    role: Value,
    rights: Vec<Value>,
}

impl World {
    fn apply(&self, more: &[&str]) -> Said {
        let host = sample("host.yaml");
        let arguments = ["apply", "-f", &host, "--yes", "--wait=false", "--timeout", "2m"];
        self.0.ksi(&[&arguments, more].concat())
    }

    /// A run that stops before its first write, because of these checks.
    fn is_refused(&self, checks: &[&str]) -> Said {
        let since = self.mark();
        let said = self.apply(&[]).expect(4);
        assert_eq!(self.writes(since), [""; 0], "{}", said.err);
        let named = format!("these checks failed: {}\n", checks.join(", "));
        assert!(said.err.contains(&named), "{checks:?}: {}", said.err);
        said
    }

    /// What `ksi check --pre` says of a check.
    fn check(&self, id: &str) -> String {
        let said = self.0.ksi(&["check", "--pre", "-f", &sample("host.yaml"), "-o", "json"]);
        let json: Value = serde_json::from_str(&said.out).unwrap();
        let categories = json["categories"].as_array().unwrap().iter();
        let mut checks = categories.flat_map(|category| category["checks"].as_array().unwrap());
        let check = checks.find(|check| check["id"] == id).unwrap();
        check["error"].as_str().unwrap_or_default().to_owned()
    }

    /// Takes verbs on a resource from a role of the account.
    fn without(&self, role: &str, resource: &str, verbs: &[&str]) -> Taken {
        let role = self.json(role);
        let (mut changed, mut rights) = (role.clone(), Vec::new());
        for rule in changed["rules"].as_array_mut().unwrap() {
            let parsed: Rule = serde_json::from_value(rule.clone()).unwrap();
            if !parsed.resources.iter().any(|r| r == resource) {
                continue;
            }
            let is_taken = |verb: &&String| verbs.contains(&verb.as_str());
            let (gone, kept): (Vec<_>, Vec<_>) = parsed.verbs.iter().partition(is_taken);
            rights.extend(gone.into_iter().map(|verb| {
                json!({
                    "verb": verb, "group": parsed.api_groups[0], "resource": resource,
                    "name": parsed.resource_names.first(),
                    "namespace": role["metadata"]["namespace"],
                })
            }));
            // A rule without verbs is refused.
            rule["verbs"] = if kept.is_empty() { json!(["none"]) } else { json!(kept) };
        }
        assert!(!rights.is_empty(), "{resource} is in no rule");
        self.replace(&changed, &rights, false);
        Taken { role, rights }
    }

    fn give_back(&self, Taken { role, rights }: &Taken) {
        self.replace(role, rights, true);
    }

    /// Replaces a role, and waits until the API server goes by it.
    fn replace(&self, role: &Value, rights: &[Value], allowed: bool) {
        let mut role = role.clone();
        role["metadata"].as_object_mut().unwrap().remove("resourceVersion");
        self.kubectl_file("replace", role);
        wait_until("the authorizer to know", Duration::from_secs(20), || {
            Ok(rights.iter().all(|right| self.is_allowed(right) == allowed))
        })
        .unwrap();
    }

    fn is_allowed(&self, right: &Value) -> bool {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": ACCOUNT, "resourceAttributes": right},
        });
        self.kubectl_file("create -o jsonpath={.status.allowed}", review) == "true"
    }
}

const EVERYWHERE: &str = "clusterrole ks-installer";
const HERE: &str = "role ks-installer -n kubesphere-system";

#[test]
fn what_would_make_a_run_fail_is_told_before_its_first_write() {
    let Some(rig) = Rig::start(release()) else { return };
    let world = World(rig);
    a_right_that_is_missing_is_named(&world);
    a_right_to_look_that_is_missing_is_named_by_the_server(&world);
    a_definition_that_cannot_be_changed_is_named(&world);
    a_webhook_that_would_refuse_is_named(&world);
    a_webhook_of_ours_that_was_left_is_in_the_way_of_runs_that_do_not_wait(&world);
    a_port_that_another_has_is_named(&world);
    what_pods_would_wait_for_in_vain_is_named(&world);
    a_settled_run_asks_nothing(&world);
    a_right_to_remove_is_asked_for_when_something_goes(&world);
}

fn a_right_that_is_missing_is_named(world: &World) {
    let roles = "clusterroles.rbac.authorization.k8s.io";
    for (role, resource, verbs, check, expected) in [
        (
            EVERYWHERE,
            "kubefedconfigs",
            &["patch"][..],
            "rights",
            "cannot patch kubefedconfigs.core.kubefed.io in kube-federation-system".to_owned(),
        ),
        (
            EVERYWHERE,
            "clusterroles",
            &["escalate"],
            "rights-escalation",
            format!("cannot escalate {roles}"),
        ),
        (
            HERE,
            "leases",
            &["update"],
            "rights-lock",
            "cannot update leases.coordination.k8s.io in kubesphere-system".to_owned(),
        ),
    ] {
        let taken = world.without(role, resource, verbs);
        let told = world.check(check);
        assert_eq!(told, expected, "{check}");
        let said = world.is_refused(&[check]);
        assert!(said.err.contains(&expected), "{}", said.err);
        world.give_back(&taken);
        assert_eq!(world.check(check), "", "with all its rights");
    }
    // What helps but is not needed stops no run.
    let taken = world.without(EVERYWHERE, "customresourcedefinitions", &["watch"]);
    let told = world.check("rights");
    assert_eq!(told, "cannot watch customresourcedefinitions.apiextensions.k8s.io");
    let said = world.apply(&["--dry-run=server"]).expect(0);
    assert!(!said.err.contains("cannot watch"), "{}", said.err);
    world.give_back(&taken);
}

fn a_right_to_look_that_is_missing_is_named_by_the_server(world: &World) {
    let taken = world.without(EVERYWHERE, "nodes", &["list"]);
    let since = world.mark();
    let said = world.apply(&[]).expect(7);
    assert!(said.err.contains("cannot list resource \"nodes\""), "{}", said.err);
    assert_eq!(world.writes(since), [""; 0]);
    world.give_back(&taken);
}

fn a_definition_that_cannot_be_changed_is_named(world: &World) {
    let name = "rolebases.iam.kubesphere.io";
    world.make(json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": name},
        "spec": {
            "group": "iam.kubesphere.io", "scope": "Namespaced",
            "names": {"kind": "RoleBase", "plural": "rolebases"},
            "versions": [{"name": "v1alpha2", "served": true, "storage": true, "schema":
                {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}],
        },
    }));
    world.kubectl(&format!("wait --for=condition=Established crd {name}"));
    let said = world.is_refused(&["definitions-scope"]);
    assert!(
        said.err.contains(&format!("{name} is Namespaced, but must be Cluster")),
        "{}",
        said.err
    );
    let said = world.apply(&["-o", "json"]).expect(4);
    let event: Value = serde_json::from_str(said.out.lines().next().unwrap()).unwrap();
    assert_eq!((&event["type"], &event["id"]), (&json!("check"), &json!("definitions-scope")));
    assert_eq!(event["state"], "error");
    assert!(event["message"].as_str().unwrap().contains(name), "{event}");
    world.kubectl(&format!("delete crd {name}"));
}

fn webhook(name: &str, more: &Value) -> Value {
    let mut webhook = json!({
        "name": format!("{name}.webhook.io"), "admissionReviewVersions": ["v1"],
        "sideEffects": "None", "failurePolicy": "Fail",
        "clientConfig": {"service": {"namespace": "default", "name": "gone"}},
        "rules": [{"apiGroups": ["apps"], "apiVersions": ["*"], "operations": ["CREATE"],
            "resources": ["deployments"]}],
    });
    for (key, value) in more.as_object().unwrap() {
        webhook[key] = value.clone();
    }
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name}, "webhooks": [webhook],
    })
}

fn a_webhook_that_would_refuse_is_named(world: &World) {
    for (name, check) in [
        ("policy.example.com", "webhooks-of-others"),
        ("old.kubesphere.io", "webhooks-without-backend"),
    ] {
        world.make(webhook(name, &json!({})));
        let said = world.is_refused(&[check]);
        assert!(said.err.contains(name) && said.err.contains("default/gone"), "{}", said.err);
        let host = sample("host.yaml");
        let foreseen = world.0.ksi(&["apply", "-f", &host, "--dry-run=server"]).expect(4);
        assert!(foreseen.err.contains(name), "{}", foreseen.err);
        world.0.ksi(&["apply", "-f", &host, "--dry-run"]).expect(0);
        // What is not about us stops nobody.
        let elsewhere = json!({"namespaceSelector": {"matchLabels": {"a": "b"}}});
        world.make(webhook(name, &elsewhere));
        let foreseen = world.0.ksi(&["apply", "-f", &host, "--dry-run=server"]).expect(0);
        assert!(!foreseen.err.contains(name), "{}", foreseen.err);
        world.kubectl(&format!("delete validatingwebhookconfiguration {name}"));
    }
}

/// One of ours that an earlier installation left: a run that waits puts it right, and one that does not
/// would be refused the first account before it gets there.
fn a_webhook_of_ours_that_was_left_is_in_the_way_of_runs_that_do_not_wait(world: &World) {
    let name = "users.iam.kubesphere.io";
    let users = json!({"rules": [{"apiGroups": ["iam.kubesphere.io"], "apiVersions": ["*"],
        "operations": ["CREATE"], "resources": ["users"]}]});
    world.make(webhook(name, &users));
    world.is_refused(&["webhooks-without-backend"]);
    let foreseen = ["apply", "-f", &sample("host.yaml"), "--dry-run=server"];
    let said = world.0.ksi(&foreseen).expect(0);
    assert!(!said.err.contains(name), "{}", said.err);
    world.kubectl(&format!("delete validatingwebhookconfiguration {name}"));
}

fn a_port_that_another_has_is_named(world: &World) {
    world.make(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "taker", "namespace": "default"},
        "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30880}]},
    }));
    let said = world.is_refused(&["console-port"]);
    assert!(said.err.contains("30880 is used by Service default/taker"), "{}", said.err);
    let skipped = world.apply(&["--skip-check", "console-port"]);
    assert_ne!(skipped.code, 0, "the server says no, as it was foreseen");
    let told = "node port 30880 belongs to Service/default/taker";
    assert!(skipped.err.contains(told), "{}", skipped.err);
    world.kubectl("delete service taker -n default");
    let wrong = world.apply(&["--skip-check", "no-such-check"]).expect(2);
    assert!(wrong.err.contains("no-such-check"), "{}", wrong.err);
}

fn a_settled_run_asks_nothing(world: &World) {
    let asked = |since| -> BTreeSet<String> {
        let requests = audit::requests(world.plane(), since, ACCOUNT).unwrap();
        let resources = requests.into_iter().map(|request| request.resource);
        resources.filter(|resource| resource.starts_with("selfsubject")).collect()
    };
    let since = world.mark();
    world.apply(&[]).expect(0);
    assert_eq!(asked(since), BTreeSet::from(["selfsubjectrulesreviews".to_owned()]));
    let since = world.mark();
    world.apply(&[]).expect(0);
    assert_eq!(asked(since), BTreeSet::new());
    assert_eq!(world.writes(since), [""; 0]);
}

fn a_right_to_remove_is_asked_for_when_something_goes(world: &World) {
    let taken = world.without(EVERYWHERE, "deployments", &["delete"]);
    let since = world.mark();
    let said = world.apply(&["--set", "multicluster.kubefed.enabled=false"]).expect(4);
    let missing = "cannot delete deployments.apps in kube-federation-system";
    assert!(said.err.contains(missing), "{}", said.err);
    assert_eq!(world.writes(since), [""; 0]);
    world.give_back(&taken);
}

/// What `ksi check --pre` knows: no StorageClass for the volume of Redis, and no node for any pod.
fn what_pods_would_wait_for_in_vain_is_named(world: &World) {
    let host = sample("host.yaml");
    let apply = ["apply", "-f", &host, "--yes", "--timeout", "2m"];
    let redis = [&apply[..], &["--set", "common.redis.enabled=true"]].concat();
    let since = world.mark();
    let said = world.0.ksi(&redis).expect(4);
    assert!(said.err.contains("these checks failed: storage-class-default\n"), "{}", said.err);
    let node = world.kubectl("get nodes -o name");
    world.kubectl(&format!("cordon {node}"));
    let mark = world.mark();
    let said = world.0.ksi(&redis).expect(4);
    let failed = "nodes-schedulable, storage-class-default\n";
    assert!(said.err.contains(failed), "{}", said.err);
    assert_eq!(world.writes(mark), [""; 0], "{}", said.err);
    let skip = ["--skip-check", "nodes-schedulable", "--skip-check", "storage-class-default"];
    world.0.ksi(&[&redis[..], &["--dry-run=server"], &skip].concat()).expect(0);
    world.0.ksi(&[&apply[..], &["--wait=false", "--dry-run=server"]].concat()).expect(0);
    world.kubectl(&format!("uncordon {node}"));
    let ours = world.writes(since).into_iter().filter(|write| !write.contains("nodes"));
    assert_eq!(ours.collect::<Vec<_>>(), [""; 0]);
}
