//! Objects, rights, other hands and signals that come in the way of a run: what ksi says, and that the
//! next run finishes.

mod definitions;
mod immutable;
mod interrupted;
mod inventory;
mod namespaces;
mod pods;
mod rights;
mod writers;

use serde_json::json;

use super::stage::{Stage, says};
use crate::hands::SYSTEM;

/// All that stands in the way of a run, one after the other on one cluster.
#[test]
fn what_stands_in_the_way_is_named_and_the_next_run_finishes() {
    let Some(stage) = Stage::set() else { return };
    namespaces::those_that_are_being_deleted_are_waited_for_and_made_anew(&stage);
    definitions::one_that_is_being_deleted_is_waited_for_and_made_anew(&stage);
    definitions::one_that_is_deleted_under_a_run_is_told_and_made_by_the_next(&stage);
    definitions::what_the_server_refuses_is_told_with_its_field(&stage);
    one_that_is_too_large_is_told_by_the_server(&stage);
    immutable::fields_that_cannot_be_changed_are_told_and_others_go_on(&stage);
}

/// More than the 1 MiB that a `ConfigMap` may hold.
fn one_that_is_too_large_is_told_by_the_server(stage: &Stage) {
    let address = format!("https://{}.example", "x".repeat(1 << 20));
    let clients = json!([{"name": "large", "secret": "s", "redirectURIs": [address]}]);
    let large = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    let spec = json!({"authentication": {"oauthOptions": {"clients": clients}}});
    let header = json!({"name": "ks-installer", "namespace": SYSTEM});
    let body = json!({
        "apiVersion": "installer.kubesphere.io/v1alpha1", "kind": "ClusterConfiguration",
        "metadata": header, "spec": spec,
    });
    std::fs::write(large.path(), body.to_string()).unwrap();
    let said = stage.apply(&["-f", large.path().to_str().unwrap()]).expect(4);
    let told = "failed ConfigMap/kubesphere-system/kubesphere-config: cannot write";
    says(&said, &[told, "Too long: may not be more than 1048576 bytes"]);
    assert!(said.err.len() < 10_000, "the text is not repeated");
    stage.heals(&[]);
}
