//! What keeps pods from being made although everything was accepted.

use serde_json::json;

use crate::faults::stage::{Stage, says};
use crate::hands::{Hands as _, SYSTEM};

const CORE: [&str; 3] = ["--only", "ks-core", "--wait"];

/// On a cluster where everything is installed. Our namespace takes only pods of the profile `restricted`.
pub(super) fn what_keeps_pods_from_being_made_is_told(stage: &Stage) {
    let restricted = "pod-security.kubernetes.io/enforce=restricted";
    stage.kubectl(&format!("label namespace {SYSTEM} {restricted}"));
    stage.make(json!({
        "apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "none", "namespace": SYSTEM}, "spec": {"hard": {"pods": "0"}},
    }));
    let none = || {
        stage.kubectl(&format!(
            "-n {SYSTEM} delete deployments,replicasets,pods --all --force --grace-period=0"
        ));
    };
    none();
    a_quota_is_told_and_so_is_what_somebody_deletes_meanwhile(stage);
    stage.kubectl(&format!("-n {SYSTEM} delete resourcequota none"));
    // Those that were refused are tried again after longer and longer pauses.
    none();
    let said = stage.apply(&[&CORE[..], &["--timeout", "60s"]].concat()).expect(0);
    says(&said, &["ready Deployment/kubesphere-system/ks-console"]);
    stage.heals(&CORE);
}

fn a_quota_is_told_and_so_is_what_somebody_deletes_meanwhile(stage: &Stage) {
    // The check before the first write would find it.
    let skip = ["--timeout", "8s", "--skip-check", "resource-quotas"];
    let mut running = stage.begin(&[&CORE[..], &skip].concat());
    running.await_words("exceeded quota: none");
    stage.kubectl(&format!("-n {SYSTEM} delete deployment ks-console"));
    let said = running.end().expect(5);
    says(
        &said,
        &[
            "waiting for Deployment/kubesphere-system/ks-apiserver",
            "FailedCreate",
            "exceeded quota: none",
            "Deployment/kubesphere-system/ks-console (ks-core): NotFound: not found: it was deleted, or never created",
            "next: run `ksi apply` with the same configuration to create it",
            "the run timed out",
        ],
    );
}
