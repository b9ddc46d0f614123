//! A whole host on a real node: every pod runs, webhooks answer, KubeFed works.

mod operated;
mod removed;

use std::path::Path;
use std::time::Duration;

use sandbox::control_plane::ControlPlane;
use sandbox::harness::Sandbox;
use sandbox::process::wait_until;

use crate::hands::Hands;
use crate::installed::{Said, ksi, sample};
use crate::writers::foreign_writer;

pub(crate) const FEDERATED: &str = "kube-federation-system";

pub(crate) struct Host<'s> {
    pub(crate) plane: &'s ControlPlane,
    pub(crate) kubeconfig: &'s Path,
    pub(crate) sample: String,
}

impl Host<'_> {
    pub(crate) fn ksi(&self, arguments: &[&str]) -> Said {
        Said::of(ksi(self.kubeconfig, arguments).output().unwrap())
    }

    pub(crate) fn apply(&self, more: &[&str]) -> Said {
        let arguments = ["apply", "-f", &self.sample, "--yes", "--timeout", "6m"];
        self.ksi(&[&arguments, more].concat())
    }
}

impl Hands for Host<'_> {
    fn plane(&self) -> &ControlPlane {
        self.plane
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
    all_types_run(&host);
    the_webhook_refuses(&host);
    the_controller_manager_owns_the_password(&host);
    operated::every_verb_tells_of_it(&host);
    ksi_runs_in_a_pod(&host);

    let since = host.mark();
    host.apply(&[]).expect(0);
    assert_eq!(host.writes(since), [""; 0]);
    host.ksi(&["diff", "-f", &host.sample]).expect(0);

    what_cannot_change_is_told(&host);

    // What KubeSphere, KubeFed and cloud controllers do every day is none of our business.
    for row in [
        "admin-user",
        "type-config-status",
        "iam-annotated",
        "configuration-rewritten",
        "clusters-rewritten",
    ] {
        foreign_writer(&plane, row);
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

    removed::a_host_goes_with_what_controllers_made(&host);
}

/// The name of the host, and the password of an account that KubeSphere owns.
fn what_cannot_change_is_told(host: &Host<'_>) {
    let since = host.mark();
    let renamed = ["--set", "multicluster.hostClusterName=other"];
    let said = host.apply(&renamed).expect(3);
    assert!(said.err.contains("KSI0060"), "{}", said.err);
    host.ksi(&[&["diff", "-f", &host.sample], &renamed[..]].concat()).expect(3);
    let said = host.apply(&["--set", "authentication.adminPassword=Another-0001"]).expect(0);
    assert!(said.err.contains("KSI0059"), "{}", said.err);
    // Another configuration is recorded, and nothing else is written.
    let written = host.writes(since);
    let is_record = |write: &String| write.contains("secrets/ksi-") || write.contains(" leases/");
    assert!(written.iter().all(is_record), "{written:?}");
    host.apply(&[]).expect(0);
}

/// Each of the 28 types is accepted by the webhook and synchronised by the controllers.
fn all_types_run(host: &Host<'_>) {
    let path = "jsonpath={range .items[*]}{.status.propagationController} {end}";
    wait_until("28 federated types to run", Duration::from_secs(120), || {
        let states =
            host.kubectl_with(&format!("-n {FEDERATED} get federatedtypeconfigs -o"), path);
        let states: Vec<_> = states.split_whitespace().collect();
        Ok(states.len() == 28 && states.iter().all(|state| *state == "Running"))
    })
    .unwrap();
}

/// The image has all that the program is linked with.
fn ksi_runs_in_a_pod(host: &Host<'_>) {
    let pull = "--image-pull-policy=Never --restart=Never";
    host.kubectl(&format!("run ksi --image={} {pull} -- version", sandbox::images::KSI));
    wait_until("ksi to end in its pod", Duration::from_secs(60), || {
        Ok(host.kubectl("get pod ksi -o jsonpath={.status.phase}") == "Succeeded")
    })
    .unwrap();
    host.kubectl("delete pod ksi --grace-period=0");
}

/// The webhook is not only there: it decides.
fn the_webhook_refuses(host: &Host<'_>) {
    let patch = r#"{"spec": {"syncController": {"maxConcurrentReconciles": -1}}}"#;
    let words = ["-n", FEDERATED, "patch", "kubefedconfig", "kubefed", "--type=merge", "-p", patch];
    let error = host.plane.kubectl(&words).unwrap_err();
    assert!(format!("{error:#}").contains("kubefedconfigs.core.kubefed.io"), "{error:#}");
}

/// `KubeSphere` replaces the password of User admin by its own hash; so does its stand-in.
fn the_controller_manager_owns_the_password(host: &Host<'_>) {
    wait_until("User admin to be active", Duration::from_secs(60), || {
        let path = "jsonpath={.status.state}";
        Ok(host.kubectl(&format!("get users.iam.kubesphere.io admin -o {path}")) == "Active")
    })
    .unwrap();
}
