//! Rights that are not there, or not any more.

use serde_json::{Value, json};

use super::{World, says};
use crate::sweep::values;

const USER: &str = "installer@example.org";
const AS: [&str; 2] = ["--as", USER];

#[test]
fn a_right_that_is_missing_is_named_and_the_next_run_finishes() {
    let Some(world) = World::start() else { return };
    without_the_right_to_lock_nothing_is_written(&world);
    a_right_that_goes_under_a_run_is_named(&world);
    world.heals(&AS);
    super::pods::what_keeps_pods_from_being_made_is_told(&world);
}

/// Every right but those to one resource of a group.
fn grant_all_but(world: &World, group: &str, resource: &str) {
    let lists = world.kubectl("api-resources -o name");
    let names = lists.lines().map(|line| line.split_once('.').unwrap_or((line, "")));
    let (mut others, mut groups): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for (name, of) in names {
        if of == group && name != resource {
            others.push(name);
        } else if of != group && !groups.contains(&of) {
            groups.push(of);
        }
    }
    let mut rules = json!([
        {"apiGroups": groups, "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": KUBESPHERE, "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ]);
    if !others.is_empty() {
        let rest = json!({"apiGroups": [group], "resources": others, "verbs": ["*"]});
        rules.as_array_mut().unwrap().push(rest);
    }
    grant(world, &rules);
}

/// Groups that the run brings along.
const KUBESPHERE: [&str; 14] = [
    "alerting.kubesphere.io",
    "app.k8s.io",
    "application.kubesphere.io",
    "cluster.kubesphere.io",
    "gateway.kubesphere.io",
    "iam.kubesphere.io",
    "network.kubesphere.io",
    "notification.kubesphere.io",
    "quota.kubesphere.io",
    "servicemesh.kubesphere.io",
    "storage.kubesphere.io",
    "tenant.kubesphere.io",
    "types.kubefed.io",
    "core.kubefed.io",
];

fn grant_all(world: &World) {
    let all = json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]});
    grant(world, &json!([all, {"nonResourceURLs": ["*"], "verbs": ["*"]}]));
}

fn grant(world: &World, rules: &Value) {
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "the-installer"}, "rules": rules,
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), role.to_string()).unwrap();
    world.kubectl(&format!("apply -f {}", file.path().display()));
}

/// Until the authorizer has seen the last change.
fn await_right(world: &World, verb: &str, resource: &str) {
    world.await_that("the authorizer to know", |world| {
        let mut command = world.rig.plane().kubectl_command();
        command.args(["auth", "can-i", verb, resource, "-A", "--as", USER]);
        command.output().unwrap().status.success()
    });
}

fn without_the_right_to_lock_nothing_is_written(world: &World) {
    world.kubectl(&format!(
        "create clusterrolebinding the-installer --clusterrole=the-installer --user={USER}"
    ));
    grant_all_but(world, "coordination.k8s.io", "leases");
    await_right(world, "patch", "deployments.apps");
    let since = world.rig.mark();
    let said = world.apply(&AS).expect(4);
    says(&said, &["may not create, get, update leases.coordination.k8s.io in kubesphere-system"]);
    let said = world.apply(&[&AS[..], &["--skip-check", "rights-lock"]].concat()).expect(7);
    says(
        &said,
        &[
            "Lease/kubesphere-system/ks-installer-apply",
            "cannot get resource \"leases\" in API group \"coordination.k8s.io\"",
            "`ksi check --pre` lists every right that is missing",
        ],
    );
    assert_eq!(world.rig.writes(since), [""; 0]);
    assert_eq!(values(&world.rig), None);
}

fn a_right_that_goes_under_a_run_is_named(world: &World) {
    grant_all(world);
    await_right(world, "get", "leases.coordination.k8s.io");
    world.hold_up("deployments");
    let mut running = world.begin(&AS);
    running.await_write(world, "deployments");
    grant_all_but(world, "apps", "deployments");
    let said = running.end().expect(7);
    says(
        &said,
        &[
            "failed Deployment/kubesphere-system/ks-apiserver",
            "cannot patch resource \"deployments\" in API group \"apps\"",
            "next: give this user the right, or use another",
            "ks-core-iam is left out",
        ],
    );
    assert_eq!(world.holder(), "", "the lock is given back");
    grant_all(world);
    await_right(world, "patch", "deployments.apps");
}
