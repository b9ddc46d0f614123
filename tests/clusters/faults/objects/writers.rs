//! Others who write while ksi does.

use serde_json::{Value, json};

use crate::faults::stage::{Stage, says};
use crate::hands::{Hands as _, SYSTEM};

const REDIS: [&str; 2] = ["--set", "common.redis.enabled=true"];
const MIRRORED: [&str; 4] =
    ["--set", "common.redis.enabled=true", "--set", "local_registry=mirror.example"];
const IMAGE: &str = "jsonpath={.spec.template.spec.containers[0].image}";

#[test]
fn what_others_do_during_a_run_is_kept_and_told() {
    let Some(stage) = Stage::set() else { return };
    stage.apply(&REDIS).expect(0);
    a_field_that_is_taken_between_plan_and_write_is_left_to_whoever_took_it(&stage);
    super::inventory::damaged_lost_or_edited_it_costs_nothing(&stage, &MIRRORED);
    what_was_made_anew_by_others_is_not_pruned(&stage);
}

fn a_field_that_is_taken_between_plan_and_write_is_left_to_whoever_took_it(stage: &Stage) {
    let image =
        |name: &str| stage.kubectl(&format!("-n {SYSTEM} get deployment {name} -o {IMAGE}"));
    let (running, gate) = stage.begin_held("deployments/ks-console", &MIRRORED);
    stage.kubectl(&format!(
        "-n {SYSTEM} set image deployment/ks-console *=theirs.example/console:1"
    ));
    gate.open();
    let said = running.end().expect(6);
    says(
        &said,
        &[
            "failed Deployment/kubesphere-system/ks-console",
            "conflict with \"kubectl-set\"",
            ".image",
            "--take FIELD",
        ],
    );
    assert_eq!(image("ks-console"), "theirs.example/console:1");
    assert!(image("ks-apiserver").starts_with("mirror.example/"), "others go on");

    // As long as nobody decides, it stays so, and nothing is written again and again.
    stage.proxy.set([]);
    stage.apply(&MIRRORED).expect(6);
    let since = stage.mark();
    let said = stage.apply(&MIRRORED).expect(6);
    says(&said, &["conflict Deployment/kubesphere-system/ks-console", "(kubectl-set)"]);
    assert_eq!(stage.changes(since), [""; 0]);
    assert_eq!(image("ks-console"), "theirs.example/console:1");
    stage.apply(&[&MIRRORED[..], &["--force-conflicts"]].concat()).expect(0);
    assert!(image("ks-console").starts_with("mirror.example/"));
    stage.heals(&MIRRORED);
}

/// Objects that are no longer wanted, and that others deleted and made again: before the run, and while
/// it is deleting them.
fn what_was_made_anew_by_others_is_not_pruned(stage: &Stage) {
    let without = &MIRRORED[2..];
    let theirs = |kind: &str| {
        let live = stage.json(&format!("-n {SYSTEM} {kind}"));
        live["metadata"]["annotations"]["made-by"] == "them"
    };
    let make = |kind: &str, name: &str, rest: Value| {
        stage.kubectl(&format!("-n {SYSTEM} delete {kind} {name}"));
        let mut body = json!({
            "apiVersion": "v1", "kind": kind,
            "metadata": {"name": name, "namespace": SYSTEM, "annotations": {"made-by": "them"}},
        });
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        stage.make(&body);
    };
    make("Service", "redis", json!({"spec": {"ports": [{"port": 1}]}}));
    let (running, gate) = stage.begin_held("configmaps/redis-configmap", without);
    make("ConfigMap", "redis-configmap", json!({"data": {"a": "b"}}));
    gate.open();
    let said = running.end().expect(6);
    says(
        &said,
        &[
            "kept Service/kubesphere-system/redis: recreated by somebody else",
            "failed ConfigMap/kubesphere-system/redis-configmap",
            "somebody else deleted and recreated it",
        ],
    );
    stage.heals(without);
    assert!(theirs("service redis") && theirs("configmap redis-configmap"));
    assert!(!stage.has(&format!("-n {SYSTEM} deployment redis")), "ours goes all the same");
}
