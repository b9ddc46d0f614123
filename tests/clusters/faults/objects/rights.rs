//! Rights that are not there, or not any more.

use serde_json::{Value, json};

use crate::faults::stage::{Stage, says};
use crate::hands::Hands as _;

const USER: &str = "installer@example.org";
const AS: [&str; 2] = ["--as", USER];

#[test]
fn a_right_that_is_missing_is_named_and_the_next_run_finishes() {
    let Some(stage) = Stage::set() else { return };
    without_the_right_to_lock_nothing_is_written(&stage);
    a_right_that_goes_under_a_run_is_named(&stage);
    stage.heals(&AS);
    super::pods::what_keeps_pods_from_being_made_is_told(&stage);
}

/// Every right but those to one resource of a group.
fn grant_all_but(stage: &Stage, group: &str, resource: &str) {
    let lists = stage.kubectl("api-resources -o name");
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
    grant(stage, &rules);
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

fn grant_all(stage: &Stage) {
    let all = json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]});
    grant(stage, &json!([all, {"nonResourceURLs": ["*"], "verbs": ["*"]}]));
}

fn grant(stage: &Stage, rules: &Value) {
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "the-installer"}, "rules": rules,
    });
    stage.make(&role);
}

fn without_the_right_to_lock_nothing_is_written(stage: &Stage) {
    stage.kubectl(&format!(
        "create clusterrolebinding the-installer --clusterrole=the-installer --user={USER}"
    ));
    grant_all_but(stage, "coordination.k8s.io", "leases");
    stage.await_right(USER, "patch deployments.apps", true);
    let since = stage.mark();
    let said = stage.apply(&AS).expect(4);
    says(&said, &["cannot create, get, update leases.coordination.k8s.io in kubesphere-system"]);
    let said = stage.apply(&[&AS[..], &["--skip-check", "rights-lock"]].concat()).expect(7);
    says(
        &said,
        &[
            "Lease/kubesphere-system/ks-installer-apply",
            "cannot get resource \"leases\" in API group \"coordination.k8s.io\"",
            "`ksi check --pre` lists all missing permissions",
        ],
    );
    assert_eq!(stage.writes(since), [""; 0]);
    assert!(stage.values().is_empty());
}

fn a_right_that_goes_under_a_run_is_named(stage: &Stage) {
    grant_all(stage);
    stage.await_right(USER, "get leases.coordination.k8s.io", true);
    let (running, gate) = stage.begin_held("/deployments/", &AS);
    grant_all_but(stage, "apps", "deployments");
    stage.await_right(USER, "patch deployments.apps", false);
    gate.open();
    let said = running.end().expect(7);
    says(
        &said,
        &[
            "failed Deployment/kubesphere-system/ks-apiserver",
            "cannot patch resource \"deployments\" in API group \"apps\"",
            "next: grant this user the permission, or use another user",
            "ks-core-iam skipped",
        ],
    );
    assert_eq!(stage.holder(), "", "the lock is given back");
    grant_all(stage);
    stage.await_right(USER, "patch deployments.apps", true);
}
