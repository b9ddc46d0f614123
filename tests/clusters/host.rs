//! A whole host on a real node: every pod runs, webhooks answer, KubeFed works.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use sandbox::audit::{self, Mark};
use sandbox::control_plane::ControlPlane;
use sandbox::harness::Sandbox;
use sandbox::process::wait_until;

use crate::installed::{Said, ksi, sample};
use crate::manifests::root;

const FEDERATED: &str = "kube-federation-system";

struct Host<'s> {
    plane: &'s ControlPlane,
    kubeconfig: &'s Path,
    sample: String,
}

impl Host<'_> {
    fn ksi(&self, arguments: &[&str]) -> Said {
        Said::of(ksi(self.kubeconfig, arguments).output().unwrap())
    }

    fn apply(&self, more: &[&str]) -> Said {
        let arguments = ["apply", "-f", &self.sample, "--yes", "--timeout", "6m"];
        self.ksi(&[&arguments, more].concat())
    }

    fn mark(&self) -> Mark {
        audit::mark(self.plane).unwrap()
    }

    /// What ksi wrote since then, as `verb resource/name`.
    fn writes(&self, since: Mark) -> Vec<String> {
        let writes = audit::writes(self.plane, since, "ksi/").unwrap();
        let real = writes.iter().filter(|write| !write.dry_run);
        real.map(|w| format!("{} {}/{}", w.verb, w.resource, w.name)).collect()
    }

    fn foreign_writer(&self, row: &str) {
        let mut command = Command::new(root().join("tests/sandbox/foreign-writers.sh"));
        let kubectl = self.plane.kubectl_command();
        let words = std::iter::once(kubectl.get_program()).chain(kubectl.get_args());
        let words: Vec<_> = words.map(|word| word.to_str().unwrap()).collect();
        let done = command
            .arg(row)
            .env("KUBECONFIG", self.kubeconfig)
            .env("KUBECTL", words.join(" "))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success() && said.contains("done"), "{row}: {said}");
    }
}

#[test]
fn a_host_is_installed_whole_and_stays_as_it_is() {
    let Some(sandbox) = Sandbox::start(&["host"]).unwrap() else { return };
    let cluster = sandbox.cluster("host").unwrap();
    let plane = cluster.control_plane().unwrap();
    let kubeconfig = plane.kubeconfig();
    let host = Host { plane: &plane, kubeconfig: &kubeconfig, sample: sample("host.yaml") };

    let said = host.apply(&[]);
    eprintln!("{}", said.err);
    said.expect(0);
    host.ksi(&["status"]).expect(0);
    all_types_run(&plane);
    the_webhook_refuses(&plane);
    the_controller_manager_owns_the_password(&plane);
    logs_work(&plane);

    let since = host.mark();
    host.apply(&[]).expect(0);
    assert_eq!(host.writes(since), [""; 0]);
    host.ksi(&["diff", "-f", &host.sample]).expect(0);

    // What KubeSphere, KubeFed and cloud controllers do every day is none of our business.
    for row in [
        "admin-user",
        "type-config-status",
        "iam-annotated",
        "configuration-rewritten",
        "clusters-rewritten",
    ] {
        host.foreign_writer(row);
        let since = host.mark();
        let said = host.apply(&[]).expect(0);
        assert_eq!(host.writes(since), [""; 0], "{row}\n{}", said.err);
    }

    // A change in meaning of kubesphere.yaml restarts those who read it, and is waited for.
    let since = host.mark();
    let said = host.apply(&["--set", "authentication.maximumClockSkew=30s"]).expect(0);
    let written = host.writes(since);
    let changed = "update configmaps/kubesphere-config";
    assert!(written.iter().any(|write| write == changed), "{written:?}\n{}", said.err);
    let mut restarted: Vec<_> =
        written.iter().filter(|write| write.starts_with("patch deployments")).collect();
    restarted.sort();
    assert_eq!(
        restarted,
        ["patch deployments/ks-apiserver", "patch deployments/ks-controller-manager"],
        "{}",
        said.err
    );
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

/// What users do first.
fn logs_work(plane: &ControlPlane) {
    let logs = ["--namespace", FEDERATED, "logs", "deployment/kubefed-controller-manager"];
    assert!(!plane.kubectl(&logs).unwrap().is_empty());
}
