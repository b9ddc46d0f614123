//! Definitions of kinds that are being deleted, are deleted under a run, or cannot become ours.

use serde_json::{Value, json};

use super::{World, says};

const WORKSPACES: &str = "workspaces.tenant.kubesphere.io";
const OURS: &str = "workspaces.tenant.kubesphere.io system-workspace";

/// A definition that is being deleted and cannot go, since an object of its kind has a finalizer.
pub(super) fn one_that_is_being_deleted_is_waited_for_and_made_anew(world: &World) {
    let hold = r#"{"metadata":{"finalizers":["test.example/held"]}}"#;
    world.kubectl_with(&format!("patch {OURS} --type=merge -p"), hold);
    world.kubectl(&format!("delete crd {WORKSPACES} --wait=false"));

    let since = world.rig.mark();
    let said = world.apply(&["--timeout", "4s"]).expect(5);
    says(
        &said,
        &[
            "CustomResourceDefinition/workspaces.tenant.kubesphere.io",
            "is being deleted: waits for Workspace/system-workspace (finalizer test.example/held)",
            "next: see whether",
            "still there",
        ],
    );
    let written = world.rig.writes(since);
    assert!(!written.iter().any(|write| write.contains("workspaces/")), "{written:?}");

    let mut running = world.begin(&[]);
    running.await_words("waits for Workspace/system-workspace (finalizer test.example/held)");
    world.kubectl_with(
        &format!("patch {OURS} --type=merge -p"),
        r#"{"metadata":{"finalizers":null}}"#,
    );
    let said = running.end().expect(0);
    says(
        &said,
        &["created CustomResourceDefinition/workspaces", "created Workspace/system-workspace"],
    );
    world.heals(&[]);
}

/// A definition of ours goes while objects of its kind are being written.
pub(super) fn one_that_is_deleted_under_a_run_is_told_and_made_by_the_next(world: &World) {
    world.kubectl("delete globalroles.iam.kubesphere.io --all");
    world.hold_up("globalroles");
    let mut running = world.begin(&[]);
    running.await_write(world, "globalroles");
    world.kubectl("delete crd globalroles.iam.kubesphere.io");
    let said = running.end().expect(4);
    says(
        &said,
        &[
            "failed GlobalRole/",
            "its CustomResourceDefinition is missing or not established yet",
            "could not be written",
        ],
    );
    world.heals(&[]);
    assert!(world.kubectl("get globalroles.iam.kubesphere.io -o name").lines().count() > 3);
}

/// Scope and stored versions cannot be changed by an update: the API server says so, and ksi says it on.
pub(super) fn what_the_server_refuses_is_told_with_its_field(world: &World) {
    let (scoped, stored) =
        ("strategies.servicemesh.kubesphere.io", "accessors.storage.kubesphere.io");
    let mut other = definition(world, scoped);
    other["spec"]["scope"] = "Cluster".into();
    world.kubectl(&format!("delete crd {scoped} {stored}"));
    world.make(&other);
    let mut older = definition_of(stored, "Cluster", "Accessor");
    older["spec"]["versions"] = json!([version("v9")]);
    world.make(&older);
    world.await_that("the version to be stored", |world| {
        world
            .kubectl(&format!("get crd {stored} -o jsonpath={{.status.storedVersions}}"))
            .contains("v9")
    });

    let said = world.apply(&[]).expect(6);
    says(
        &said,
        &[
            "conflict CustomResourceDefinition/strategies.servicemesh.kubesphere.io",
            "spec.scope: Invalid value",
            "conflict CustomResourceDefinition/accessors.storage.kubesphere.io",
            "status.storedVersions[0]: Invalid value: \"v9\": missing from spec.versions",
            "delete it and run again",
        ],
    );
    // Nobody took it by force either.
    let said = world.apply(&["--force-conflicts"]).expect(6);
    says(&said, &["spec.scope: Invalid value"]);
    world.kubectl(&format!("delete crd {scoped} {stored}"));
    world.heals(&[]);
}

/// The one of ours, as somebody else would make it.
fn definition(world: &World, name: &str) -> Value {
    let text = world.kubectl(&format!("get crd {name} -o json"));
    let live: Value = serde_json::from_str(&text).unwrap();
    let mut body = definition_of(name, "", "");
    body["spec"] = live["spec"].clone();
    body
}

fn definition_of(name: &str, scope: &str, kind: &str) -> Value {
    let (plural, group) = name.split_once('.').unwrap();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": name},
        "spec": {
            "group": group, "scope": scope, "versions": [],
            "names": {"plural": plural, "kind": kind, "listKind": format!("{kind}List"), "singular": kind.to_lowercase()},
        },
    })
}

fn version(name: &str) -> Value {
    let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    json!({"name": name, "served": true, "storage": true, "schema": schema})
}
