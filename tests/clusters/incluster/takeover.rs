//! In place of ks-installer 3.4.

use std::time::Duration;

use sandbox::builds::Release;
use serde_json::json;

use super::{LOGS, Terminal, sandbox};
use crate::adoption::{OLD_SECRET, installed_by_ks_installer};
use crate::hands::{Hands as _, SYSTEM};

/// The installer itself, whose pod has another label than that of ksi.
const INSTALLER: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: ks-installer, namespace: kubesphere-system, labels: {app: ks-installer}}
spec:
  selector: {matchLabels: {app: ks-installer}}
  template:
    metadata: {labels: {app: ks-installer}}
    spec: {containers: [{name: installer, image: 'registry.k8s.io/pause:3.10'}]}
";

#[test]
fn ks_installer_is_replaced_and_what_it_installed_stays() {
    let Some(sandbox) = sandbox(3, "old") else { return };
    let terminal = Terminal::at(&sandbox.cluster("old").unwrap());
    terminal.kubectl(&format!("create namespace {SYSTEM}"));
    installed_by_ks_installer(&terminal, Release::Oldest);
    terminal.make(INSTALLER);
    let patch = json!({
        "metadata": {"labels": {"of": "ours"}},
        "spec": {"openpitrix": {"enabled": false}},
        "status": {"clusterId": "4f1c-1700000000"},
    });
    let cc = "-n kubesphere-system patch cc ks-installer --type=merge -p";
    terminal.kubectl_with(cc, &patch.to_string());
    let old = terminal.cc();
    let deployment = "deployment ks-apiserver -n kubesphere-system";
    let before = terminal.json(deployment);

    terminal.documented("kubectl -n kubesphere-system delete deployment ks-installer");
    terminal.documented("kubectl apply -k deploy/");
    terminal.documented(
        "kubectl -n kubesphere-system rollout status deployment ks-installer --timeout=120s",
    );
    let log = terminal.follow(LOGS[0], "Welcome to KubeSphere!", Duration::from_secs(400));
    eprintln!("{log}");
    assert!(!log.contains(OLD_SECRET), "{log}");

    let new = terminal.cc();
    assert_eq!(old["spec"], new["spec"]);
    assert_eq!(old["metadata"]["labels"], new["metadata"]["labels"]);
    for (key, value) in old["status"].as_object().unwrap() {
        assert_eq!(&new["status"][key], value, "status.{key}");
    }
    let after = terminal.json(deployment);
    assert_eq!(before["metadata"]["uid"], after["metadata"]["uid"]);
    assert_eq!(before["spec"]["selector"], after["spec"]["selector"]);
    let config = terminal.json("-n kubesphere-system configmap kubesphere-config");
    let text = config["data"]["kubesphere.yaml"].as_str().unwrap();
    assert!(text.contains(OLD_SECRET) && text.contains("theirs:"), "{text}");
}
