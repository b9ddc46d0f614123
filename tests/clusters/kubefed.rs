//! A whole host on a real node: what ksi renders, applied in its order, with `KubeFed` for real and named
//! stand-ins for the images that cannot be built here.

use std::time::Duration;

use sandbox::cluster::Cluster;
use sandbox::control_plane::ControlPlane;
use sandbox::harness::Sandbox;
use sandbox::process::wait_until;

use crate::manifests::{Manifests, root};

const FEDERATED: &str = "kube-federation-system";
const SYSTEM: &str = "kubesphere-system";

#[test]
fn a_host_runs_with_its_own_certificates_and_rights() {
    let Some(sandbox) = Sandbox::start(&["host"]).unwrap() else { return };
    let host = sandbox.cluster("host").unwrap();
    let plane = host.control_plane().unwrap();
    let manifests = Manifests::of(&root().join("samples/host.yaml"), "1.34");

    apply(&plane, &manifests, &["00-", "10-"]);
    plane
        .kubectl(&["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"])
        .unwrap();
    apply(&plane, &manifests, &["20-", "30-", "40-", "50-"]);
    available(&plane, FEDERATED, "kubefed-admission-webhook");
    available(&plane, SYSTEM, "ks-controller-manager");
    // From here on every write of a guarded object goes through the webhooks, by ClusterIP and with
    // the certificates that ksi made.
    apply(&plane, &manifests, &["70-"]);
    apply_when_webhooks_answer(&plane, &manifests);
    available(&plane, FEDERATED, "kubefed-controller-manager");
    for name in ["ks-apiserver", "ks-console", "ks-controller-manager", "tower"] {
        available(&plane, SYSTEM, name);
    }

    all_types_run(&plane);
    the_webhook_refuses(&plane);
    the_controller_manager_owns_the_password(&plane);
    logs_and_names_work(&host, &plane);
}

fn apply(plane: &ControlPlane, manifests: &Manifests, folders: &[&str]) {
    try_apply(plane, manifests, folders).unwrap();
}

fn try_apply(plane: &ControlPlane, manifests: &Manifests, folders: &[&str]) -> anyhow::Result<()> {
    let mut command = plane.kubectl_command();
    command.args(["apply", "--server-side", "--validate=strict", "--field-manager=ksi"]);
    for file in manifests.files(folders) {
        command.arg("-f").arg(file);
    }
    sandbox::builds::run(&mut command).map(drop)
}

/// kube-proxy programs the endpoints of a Service a moment after its pod is ready.
fn apply_when_webhooks_answer(plane: &ControlPlane, manifests: &Manifests) {
    wait_until("the webhooks to accept every resource", Duration::from_secs(60), || {
        try_apply(plane, manifests, &["60-"]).map(|()| true)
    })
    .unwrap();
}

fn available(plane: &ControlPlane, namespace: &str, deployment: &str) {
    let name = format!("deployment/{deployment}");
    let wait = ["wait", "--namespace", namespace, &name, "--for=condition=Available"];
    if let Err(error) = plane.kubectl(&[&wait[..], &["--timeout=120s"]].concat()) {
        let pods = plane.kubectl(&["--namespace", namespace, "get", "pods", "--output=wide"]);
        let events = plane.kubectl(&["--namespace", namespace, "get", "events"]);
        panic!("{deployment}: {error:#}\n{}\n{}", pods.unwrap(), events.unwrap());
    }
}

/// Each of the 28 types is accepted by the webhook and synchronised by the controllers.
fn all_types_run(plane: &ControlPlane) {
    let path = "jsonpath={range .items[*]}{.status.propagationController} {end}";
    let types = ["--namespace", FEDERATED, "get", "federatedtypeconfigs", "--output", path];
    wait_until("28 federated types to run", Duration::from_secs(120), || {
        let states = plane.kubectl(&types)?;
        let states: Vec<_> = states.split_whitespace().collect();
        Ok(states.len() == 28 && states.iter().all(|state| *state == "Running"))
    })
    .unwrap();
}

/// The webhook is not only there: it decides.
fn the_webhook_refuses(plane: &ControlPlane) {
    let patch = r#"{"spec": {"syncController": {"maxConcurrentReconciles": -1}}}"#;
    let error = plane
        .kubectl(&[
            "--namespace",
            FEDERATED,
            "patch",
            "kubefedconfig",
            "kubefed",
            "--type=merge",
            "--patch",
            patch,
        ])
        .unwrap_err();
    assert!(format!("{error:#}").contains("kubefedconfigs.core.kubefed.io"), "{error:#}");
}

/// `KubeSphere` replaces the password of User admin by its own hash; so does its stand-in.
fn the_controller_manager_owns_the_password(plane: &ControlPlane) {
    let path = "jsonpath={.status.state}";
    wait_until("User admin to be active", Duration::from_secs(60), || {
        let state =
            plane.kubectl(&["get", "users.iam.kubesphere.io", "admin", "--output", path])?;
        Ok(state == "Active")
    })
    .unwrap();
}

/// What users do first: read a log, and reach a Service by its name.
fn logs_and_names_work(host: &Cluster, plane: &ControlPlane) {
    let logs = ["--namespace", FEDERATED, "logs", "deployment/kubefed-controller-manager"];
    assert!(!plane.kubectl(&logs).unwrap().is_empty());
    assert!(host.is_up());
}
