//! Edits of the ClusterConfiguration.

use std::time::{Duration, Instant};

use sandbox::proxy::{Fault, FaultProxy, Gate, Match, Nth, Rule};
use serde_json::json;

use super::{Followed, WITHOUT_WAIT, cc, prepared};
use crate::hands::Hands as _;

const CONSOLE: &str = "service ks-console";
const NODE_PORT: &str = ".spec.ports[0].nodePort";

#[test]
fn an_edit_takes_effect_and_a_wrong_one_is_told_and_changes_nothing() {
    let Some(followed) =
        Followed::start(&json!({"common": {"core": {"console": {"port": 30881}}}}))
    else {
        return;
    };
    let port = || followed.field(CONSOLE, NODE_PORT);
    assert_eq!(port(), "30881");
    let ready = followed.condition("Ready");
    assert_eq!(ready["observedGeneration"], followed.cc()["metadata"]["generation"]);
    let applied = followed.await_event("Applied");
    assert!(applied.contains("created"), "{applied}");
    let operation = followed.status()["lastOperation"]["id"].as_str().unwrap().to_owned();
    assert!(followed.log().contains(&format!("[{operation} ")), "{}", followed.log());

    let begin = Instant::now();
    followed.edit(&json!({"common": {"core": {"console": {"port": 30882}}}}));
    followed.until("the port", || port() == "30882");
    eprintln!("edit to changed object: {:?}", begin.elapsed());
    followed.await_applied();
    assert_eq!(followed.status()["lastOperation"]["requestedBy"], "kubectl-patch");

    let since = followed.mark();
    followed.edit(&json!({"multicluster": {"clusterRole": "member"}}));
    followed.until("the mistake", || followed.status()["phase"] == "Invalid");
    let (status, cc) = (followed.status(), followed.cc());
    assert_eq!(followed.condition("Ready")["reason"], "Invalid");
    assert_eq!(followed.condition("Stalled")["status"], "True");
    assert_eq!(status["observedGeneration"], cc["metadata"]["generation"]);
    assert_ne!(status["lastApplied"]["generation"], cc["metadata"]["generation"]);
    let code = status["blocking"][0]["code"].as_str().unwrap();
    assert!(code.starts_with("KSI"), "{status:#}");
    assert!(followed.await_event("Invalid").contains(code));
    followed.edit(&json!({"multicluster": null}));
    followed.await_applied();
    let written = followed.changes(since);
    let ours = written.iter().filter(|write| !write.contains("ks-installer"));
    let ours: Vec<_> = ours.filter(|write| !write.starts_with("create events")).collect();
    assert!(ours.is_empty(), "{ours:?}");
    let (code, log) = followed.stop();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn a_mistake_during_a_run_is_told_at_once() {
    let Some(rig) = prepared() else { return };
    rig.make(cc(&json!({})));
    // No pod answers here: the run waits until its time is over.
    let followed = Followed::beside(rig, &["--timeout=10m"]);
    let phase = || followed.status()["lastOperation"]["phase"].clone();
    followed.until("the run to wait", || phase() == "Waiting");
    followed.edit(&json!({"multicluster": {"clusterRole": "member"}}));
    let message = followed.await_event("Invalid");
    assert!(message.contains("KSI0030"), "{message}");
    // It may begin with the next component meanwhile.
    let now = phase();
    assert!(now == "Waiting" || now == "Applying", "{now}\n{}", followed.log());
    let (code, log) = followed.stop();
    assert_eq!(code, Some(0), "{log}");
}

/// What was written of the edit by then is put back.
#[test]
fn an_edit_that_is_taken_back_while_it_is_written_leaves_nothing() {
    let port = |port: u16| json!({"common": {"core": {"console": {"port": port}}}});
    let Some(rig) = prepared() else { return };
    rig.make(cc(&port(30881)));
    let folder = rig.plane().folder().join("proxy");
    let mut proxy = None;
    let followed = Followed::behind(rig, WITHOUT_WAIT, |kubeconfig| {
        let started = proxy.insert(FaultProxy::start(kubeconfig, &folder).unwrap());
        started.kubeconfig().to_owned()
    });
    let proxy = proxy.unwrap();
    followed.await_applied();
    let gate = Gate::default();
    let write = Match::writes().agent("ksi/").contains("/services/ks-console");
    proxy.set([Rule::new(write, Nth::All, Fault::Hold(gate.clone()))]);
    followed.edit(&port(30882));
    proxy.wait_for("the write of the edit", |seen| seen.rule == Some(0)).unwrap();
    followed.edit(&port(30881));
    gate.open();
    followed.until("the end of the run", || {
        followed.events("Superseded").len() == 1 && followed.field(CONSOLE, NODE_PORT) == "30881"
    });
    followed.await_applied();
    assert_eq!(
        followed.condition("Ready")["observedGeneration"],
        followed.cc()["metadata"]["generation"]
    );
}

#[test]
fn a_revision_that_cannot_be_read_at_once_is_read_later() {
    let Some(rig) = prepared() else { return };
    rig.make(cc(&json!({})));
    let folder = rig.plane().folder().join("proxy");
    let mut proxy = None;
    let history = Match::methods(&["GET"]).contains("ksi.kubesphere.io");
    // Before, the run has numbered its revision.
    let fault = Fault::Status { code: 403, retry_after: None };
    let followed = Followed::behind(rig, WITHOUT_WAIT, |kubeconfig| {
        let started = proxy.insert(FaultProxy::start(kubeconfig, &folder).unwrap());
        started.set([Rule::new(history, Nth::From(3), fault)]);
        started.kubeconfig().to_owned()
    });
    followed.await_log("the number of the revision is not known");
    let proxy = proxy.unwrap();
    proxy.set([]);
    followed.until("the revision", || followed.status()["lastApplied"]["revision"] == 1);
}

#[test]
fn a_secret_that_the_configuration_names_counts_like_an_edit() {
    let Some(rig) = prepared() else { return };
    let secret = |text: &str| {
        json!({
            "apiVersion": "v1", "kind": "Secret", "stringData": {"text": text},
            "metadata": {"name": "jwt", "namespace": "kubesphere-system"},
        })
    };
    let one = "k3x9Qw7TzB1mN5vR8cL2pH6dJ4sF0gYa".to_owned();
    let other = one.chars().rev().collect::<String>();
    let spec = json!({"authentication": {"jwtSecretRef": {"name": "jwt", "key": "text"}}});
    rig.make(cc(&spec));
    let followed = Followed::beside(rig, WITHOUT_WAIT);
    followed.until("the Secret to be missed", || {
        followed.status()["blocking"][0]["code"] == "SecretMissing"
    });
    followed.make(secret(&one));
    followed.await_applied();
    let uses = |text: &str| {
        followed.field("configmap kubesphere-config", ".data.kubesphere\\.yaml").contains(text)
    };
    assert!(uses(&one));
    // Who may only write Secrets may not change it: an administrator allows it.
    followed.make(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "ksi-policy", "namespace": "kubesphere-system"},
        "data": {"authentication.jwtSecret": "*"},
    }));
    followed.make(secret(&other));
    followed.until("the other secret", || uses(&other));
}

#[test]
fn nothing_is_requested_while_nothing_happens() {
    let Some(followed) = Followed::start(&json!({})) else { return };
    followed.until("the status to be written", || followed.status()["phase"] == "Ready");
    // What was under way ends.
    std::thread::sleep(Duration::from_secs(3));
    let since = followed.mark();
    std::thread::sleep(Duration::from_secs(20));
    let mut requests = followed.requests(since);
    requests.retain(|request| request.resource != "leases");
    assert!(requests.is_empty(), "{requests:#?}");
}

#[test]
fn another_configuration_is_not_followed_and_the_own_one_is_waited_for() {
    let Some(rig) = prepared() else { return };
    let mut other = cc(&json!({}));
    other["metadata"]["namespace"] = json!("default");
    rig.make(&other);
    let followed = Followed::beside(rig, WITHOUT_WAIT);
    followed.await_log("these are not followed: default/ks-installer");
    followed.make(cc(&json!({})));
    followed.await_applied();
    let message = followed.await_event("Ignored");
    assert!(message.contains("default/ks-installer"), "{message}");
}
