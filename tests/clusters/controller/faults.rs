//! What a controller survives: its own end in the middle of a write, and a CRD that changes under it.

use std::time::Duration;

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use sandbox::proxy::{Fault, FaultProxy, Match, Nth, Rule};
use serde_json::json;

use super::{Followed, WITHOUT_WAIT, cc, prepared};
use crate::hands::Hands as _;
use crate::manifests::root;

const CRD: &str = "crd clusterconfigurations.installer.kubesphere.io";

/// As a node that is drained or that has no memory left does it.
#[test]
fn what_is_cut_off_in_the_middle_of_a_write_is_finished_by_the_next_controller() {
    let Some(rig) = prepared() else { return };
    rig.make(cc(&json!({})));
    let folder = rig.plane().folder().join("proxy");
    let mut proxy = None;
    let slow = |nth| {
        Rule::new(
            Match::writes().agent("ksi/"),
            Nth::Only(nth),
            Fault::Delay(Duration::from_secs(4)),
        )
    };
    let mut followed = Followed::behind(rig, WITHOUT_WAIT, |kubeconfig| {
        let started = proxy.insert(FaultProxy::start(kubeconfig, &folder).unwrap());
        started.set([slow(30)]);
        started.kubeconfig().to_owned()
    });
    let proxy = proxy.unwrap();
    for (signal, code) in [(Signal::SIGKILL, None), (Signal::SIGTERM, Some(0))] {
        proxy.wait_for("a write to be slow", |seen| seen.rule == Some(0)).unwrap();
        signal::kill(Pid::from_raw(i32::try_from(followed.child.id()).unwrap()), signal).unwrap();
        assert_eq!(followed.ended(), code, "{}", followed.log());
        proxy.forget();
        proxy.set([slow(30)]);
        followed.restart();
    }
    followed.await_applied();
    let before = followed.mark();
    followed.annotate("requested-at", Some("again"));
    followed.until("the request", || followed.status()["lastHandledRequestedAt"] == "again");
    let mut changes = followed.changes(before);
    let own = ["clusterconfigurations", "events"];
    changes.retain(|change| !own.iter().any(|kind| change.contains(kind)));
    assert!(changes.is_empty(), "nothing was left to do: {changes:?}");
}

#[test]
fn the_definition_may_change_or_go_and_come_back() {
    let Some(followed) = Followed::start(&json!({})) else { return };
    let port = || followed.field("service ks-console", ".spec.ports[0].nodePort");
    let edit = |number: u16| {
        followed.edit(&json!({"common": {"core": {"console": {"port": number}}}}));
        followed.until("the port", || port() == number.to_string());
        followed.until("the status", || {
            let status = followed.status();
            status["phase"] == "Ready" && status["lastOperation"]["phase"] == "Succeeded"
        });
    };
    // As that of ks-installer is.
    let gone = r#"[{"op": "remove", "path": "/spec/versions/0/subresources"}]"#;
    followed.kubectl_with(&format!("patch {CRD} --type=json -p"), gone);
    edit(30893);
    let ours = root().join("deploy/crd.yaml").display().to_string();
    followed.kubectl(&format!("apply -f {ours}"));
    edit(30894);

    followed.kubectl(&format!("delete {CRD}"));
    assert_eq!(port(), "30894", "what is installed stays");
    followed.kubectl(&format!("apply -f {ours}"));
    followed.await_kubectl(&format!("wait --for=condition=Established {CRD}"), true);
    followed.make(cc(&json!({"common": {"core": {"console": {"port": 30895}}}})));
    followed.await_applied();
    assert_eq!(port(), "30895");
}
