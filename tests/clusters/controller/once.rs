//! One run: the Job.

use sandbox::proxy::{Fault, FaultProxy, Match, Nth, Rule};
use serde_json::json;

use super::{Followed, cc, prepared};
use crate::hands::Hands as _;
use crate::installed::{Rig, Said, ksi};

#[test]
fn one_run_ends_with_the_exit_code_that_says_why() {
    let Some(rig) = prepared() else { return };
    let once = |flags: &[&str]| -> Said {
        rig.ksi(&[&["controller", "--once", "--wait=false"], flags].concat())
    };
    let said = once(&["--timeout", "1s"]).expect(2);
    assert!(said.err.contains("ks-installer does not exist"), "{}", said.err);
    what_cannot_be_read_is_told(&rig, "clusterconfigurations");
    rig.make(cc(&json!({"multicluster": {"clusterRole": "member"}})));
    what_cannot_be_read_is_told(&rig, "secrets/ksi-inventory");
    let said = once(&[]).expect(3);
    assert!(said.out.contains("KSI"), "{}", said.out);
    rig.kubectl("-n kubesphere-system delete cc ks-installer");
    rig.make(cc(&json!({})));
    let said = once(&[]).expect(0);
    assert!(said.out.contains("Welcome to KubeSphere!"), "{}", said.out);
    assert!(said.out.contains("get secret kubesphere-secret"), "{}", said.out);
    let since = rig.mark();
    once(&["--log-format", "json"]).expect(0);
    let mut changes = rig.changes(since);
    // Pods have become ready meanwhile.
    changes.retain(|change| change != "patch clusterconfigurations/status/ks-installer");
    assert!(changes.is_empty(), "a second run changes nothing: {changes:?}");
    rig.kubectl("-n kubesphere-system annotate cc ks-installer ksi.kubesphere.io/mode=paused");
    once(&[]).expect(2);
    rig.kubectl("-n kubesphere-system annotate cc ks-installer ksi.kubesphere.io/mode-");
    // New pods find no node.
    let node = rig.kubectl("get nodes -o name");
    rig.kubectl(&format!("cordon {node}"));
    rig.kubectl("-n kubesphere-system delete pods --all --force");
    let said = rig.ksi(&["controller", "--once", "--timeout", "5s"]).expect(5);
    assert!(said.err.contains("timed out") || said.err.contains("not healthy"), "{}", said.err);
    rig.kubectl("delete crd clusterconfigurations.installer.kubesphere.io");
    let said = once(&["--timeout", "3s"]).expect(2);
    assert!(said.err.contains("has no CRD of ClusterConfiguration"), "{}", said.err);
    assert!(said.err.contains("ksi crd"), "{}", said.err);
}

/// A Job that is not allowed to read something ends with the reason.
fn what_cannot_be_read_is_told(rig: &Rig, path: &str) {
    let folder = rig.plane().folder().join("forbidding");
    let proxy = FaultProxy::start(rig.kubeconfig(), &folder).unwrap();
    let reads = Match::methods(&["GET"]).contains(path);
    proxy.set([Rule::new(reads, Nth::All, Fault::Status { code: 403, retry_after: None })]);
    let line = ["controller", "--once", "--wait=false", "--timeout", "2s"];
    let said = Said::of(ksi(proxy.kubeconfig(), &line).output().unwrap()).expect(4);
    assert!(said.err.contains("403 Forbidden"), "{}", said.err);
    assert!(!said.err.contains("does not exist"), "{}", said.err);
}

#[test]
fn a_newer_edit_takes_the_place_of_a_run_that_waits() {
    let Some(rig) = prepared() else { return };
    rig.make(cc(&json!({})));
    let followed = Followed::beside(rig, &["--wait"]);
    followed.until("it to wait", || {
        let status = followed.status();
        status["phase"] == "Waiting" && status["lastOperation"]["waitingFor"].is_string()
    });
    // A wrong edit does not disturb it, and is told.
    followed.edit(&json!({"multicluster": {"clusterRole": "member"}}));
    followed.until("the mistake", || followed.condition("Ready")["reason"] == "Invalid");
    let phase = followed.status()["lastOperation"]["phase"].clone();
    assert!(phase == "Waiting" || phase == "Applying", "{phase}");
    followed.edit(&json!({"multicluster": null}));
    followed.until("the mistake to go", || followed.condition("Ready")["reason"] != "Invalid");
    followed.edit(&json!({"multicluster": {"clusterRole": "none"}, "common": {"core": {"console": {"port": 30886}}}}));
    followed.await_event("Superseded");
    followed.until("the port", || {
        followed.field("service ks-console", ".spec.ports[0].nodePort") == "30886"
    });
    let (code, log) = followed.stop();
    assert_eq!(code, Some(0), "{log}");
}
