//! Definitions of kinds that are being deleted, are deleted under a run, or cannot become ours.

use serde_json::{Value, json};

use crate::faults::stage::{Stage, says};
use crate::hands::Hands as _;

const WORKSPACES: &str = "workspaces.tenant.kubesphere.io";
const OURS: &str = "workspaces.tenant.kubesphere.io system-workspace";

/// A definition that is being deleted and cannot go, since an object of its kind has a finalizer.
pub(super) fn one_that_is_being_deleted_is_waited_for_and_made_anew(stage: &Stage) {
    let hold = r#"{"metadata":{"finalizers":["test.example/held"]}}"#;
    stage.kubectl_with(&format!("patch {OURS} --type=merge -p"), hold);
    stage.kubectl(&format!("delete crd {WORKSPACES} --wait=false"));

    let since = stage.mark();
    let said = stage.apply(&["--timeout", "4s"]).expect(5);
    says(
        &said,
        &[
            "CustomResourceDefinition/workspaces.tenant.kubesphere.io",
            "is being deleted: waiting for Workspace/system-workspace (finalizer test.example/held)",
            "next: make sure that the controllers",
            "still terminating",
        ],
    );
    let written = stage.writes(since);
    assert!(!written.iter().any(|write| write.contains("workspaces/")), "{written:?}");

    let mut running = stage.begin(&[]);
    running.await_words("waiting for Workspace/system-workspace (finalizer test.example/held)");
    stage.kubectl_with(
        &format!("patch {OURS} --type=merge -p"),
        r#"{"metadata":{"finalizers":null}}"#,
    );
    let said = running.end().expect(0);
    says(
        &said,
        &["created CustomResourceDefinition/workspaces", "created Workspace/system-workspace"],
    );
    stage.heals(&[]);
}

/// A definition of ours goes while objects of its kind are being written.
pub(super) fn one_that_is_deleted_under_a_run_is_told_and_made_by_the_next(stage: &Stage) {
    stage.kubectl("delete globalroles.iam.kubesphere.io --all");
    let (running, gate) = stage.begin_held("/globalroles/", &[]);
    stage.kubectl("delete crd globalroles.iam.kubesphere.io");
    stage.await_kubectl("get --raw /apis/iam.kubesphere.io/v1alpha2/globalroles", false);
    gate.open();
    let said = running.end().expect(4);
    says(
        &said,
        &[
            "failed GlobalRole/",
            "the CRD of this kind is missing or not established yet",
            "could not be written",
        ],
    );
    stage.heals(&[]);
    assert!(stage.kubectl("get globalroles.iam.kubesphere.io -o name").lines().count() > 3);
}

/// Scope and stored versions cannot be changed by an update: the API server says so, and ksi says it on.
pub(super) fn what_the_server_refuses_is_told_with_its_field(stage: &Stage) {
    let (scoped, stored) =
        ("strategies.servicemesh.kubesphere.io", "accessors.storage.kubesphere.io");
    let mut other = definition(stage, scoped);
    other["spec"]["scope"] = "Cluster".into();
    stage.kubectl(&format!("delete crd {scoped} {stored}"));
    stage.make(&other);
    let mut older = definition_of(stored, "Cluster", "Accessor");
    older["spec"]["versions"] = json!([version("v9")]);
    stage.make(&older);
    stage.await_that("the version to be stored", |stage| {
        stage
            .kubectl(&format!("get crd {stored} -o jsonpath={{.status.storedVersions}}"))
            .contains("v9")
    });

    let said = stage.apply(&[]).expect(6);
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
    let said = stage.apply(&["--force-conflicts"]).expect(6);
    says(&said, &["spec.scope: Invalid value"]);
    stage.kubectl(&format!("delete crd {scoped} {stored}"));
    stage.heals(&[]);
}

/// The one of ours, as somebody else would make it.
fn definition(stage: &Stage, name: &str) -> Value {
    let mut body = definition_of(name, "", "");
    body["spec"] = stage.json(&format!("crd {name}"))["spec"].clone();
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
