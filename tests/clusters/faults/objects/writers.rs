//! Others who write while ksi does.

use serde_json::{Value, json};

use super::{SYSTEM, World, says};

const REDIS: [&str; 2] = ["--set", "common.redis.enabled=true"];
const MIRRORED: [&str; 4] =
    ["--set", "common.redis.enabled=true", "--set", "local_registry=mirror.example"];
const IMAGE: &str = "jsonpath={.spec.template.spec.containers[0].image}";

#[test]
fn what_others_do_during_a_run_is_kept_and_told() {
    let Some(world) = World::start() else { return };
    world.apply(&REDIS).expect(0);
    a_field_that_is_taken_between_plan_and_write_is_left_to_whoever_took_it(&world);
    super::inventory::damaged_lost_or_edited_it_costs_nothing(&world, &MIRRORED);
    what_was_made_anew_by_others_is_not_pruned(&world);
}

fn a_field_that_is_taken_between_plan_and_write_is_left_to_whoever_took_it(world: &World) {
    let image =
        |name: &str| world.kubectl(&format!("-n {SYSTEM} get deployment {name} -o {IMAGE}"));
    world.hold_up("deployments");
    let mut running = world.begin(&MIRRORED);
    running.await_write(world, "deployments/ks-console");
    world.kubectl(&format!(
        "-n {SYSTEM} set image deployment/ks-console *=theirs.example/console:1"
    ));
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
    world.proxy.set([]);
    world.apply(&MIRRORED).expect(6);
    let since = world.rig.mark();
    let said = world.apply(&MIRRORED).expect(6);
    says(&said, &["conflict Deployment/kubesphere-system/ks-console", "(kubectl-set)"]);
    assert_eq!(world.rig.changes(since), [""; 0]);
    assert_eq!(image("ks-console"), "theirs.example/console:1");
    world.apply(&[&MIRRORED[..], &["--force-conflicts"]].concat()).expect(0);
    assert!(image("ks-console").starts_with("mirror.example/"));
    world.heals(&MIRRORED);
}

/// Objects that are no longer wanted, and that others deleted and made again: before the run, and while
/// it is deleting them.
fn what_was_made_anew_by_others_is_not_pruned(world: &World) {
    let without = &MIRRORED[2..];
    let theirs = |kind: &str| {
        let text = world.kubectl(&format!("-n {SYSTEM} get {kind} -o json"));
        let live: Value = serde_json::from_str(&text).unwrap();
        live["metadata"]["annotations"]["made-by"] == "them"
    };
    let make = |kind: &str, name: &str, rest: Value| {
        world.kubectl(&format!("-n {SYSTEM} delete {kind} {name}"));
        let mut body = json!({
            "apiVersion": "v1", "kind": kind,
            "metadata": {"name": name, "namespace": SYSTEM, "annotations": {"made-by": "them"}},
        });
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        world.make(&body);
    };
    make("Service", "redis", json!({"spec": {"ports": [{"port": 1}]}}));
    world.hold_up("configmaps");
    let mut running = world.begin(without);
    running.await_write(world, "configmaps/redis-configmap");
    make("ConfigMap", "redis-configmap", json!({"data": {"a": "b"}}));
    let said = running.end().expect(6);
    says(
        &said,
        &[
            "kept Service/kubesphere-system/redis: somebody deleted ours and made another one",
            "failed ConfigMap/kubesphere-system/redis-configmap",
            "it was deleted and made again by somebody else",
        ],
    );
    world.heals(without);
    assert!(theirs("service redis") && theirs("configmap redis-configmap"));
    let left = world.kubectl(&format!("-n {SYSTEM} get deployment redis --ignore-not-found"));
    assert_eq!(left, "", "ours goes all the same");
}
