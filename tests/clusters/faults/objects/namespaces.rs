//! Namespaces that are being deleted and cannot go.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ksi::cluster::{Cluster, ConnectOptions};
use ksi::object::ObjectId;
use ksi::target::{ClusterTarget, Error, ErrorKind, Writer as _};
use serde_json::json;

use crate::client::block_on;
use crate::faults::running::SOON;
use crate::faults::stage::{Stage, says};
use crate::hands::{Hands as _, SYSTEM};

const MONITORING: &str = "kubesphere-monitoring-system";
const HELD: &str = "test.example/held in 1 resource instances";

/// On an empty cluster: ours are being deleted with something in them that holds them up. The one where
/// the lock lives is waited for before everything else, the other one within the run.
pub(super) fn those_that_are_being_deleted_are_waited_for_and_made_anew(stage: &Stage) {
    let namespaces = [SYSTEM, MONITORING];
    for namespace in namespaces {
        hold(stage, namespace);
    }
    for namespace in namespaces {
        await_reason(stage, namespace);
    }

    let kubeconfig = stage.plane().kubeconfig();
    let error = lock(&kubeconfig, Duration::from_secs(1)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    let told = error.to_string();
    assert!(told.contains("Namespace/kubesphere-system is being deleted"), "{told}");
    assert!(told.contains(HELD) && error.help.contains("finalizers"), "{told}: {}", error.help);
    let made = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| lock(&kubeconfig, SOON).unwrap());
        let_go(stage, SYSTEM);
        waiting.join().unwrap()
    });
    assert_eq!(made.len(), 1, "{made:?}");

    let said = stage.apply(&["--timeout", "4s"]).expect(5);
    says(
        &said,
        &[
            "waiting for Namespace/kubesphere-monitoring-system (namespaces): is being deleted",
            HELD,
            "next: make sure that the controllers",
            "the run timed out: 1 still terminating",
        ],
    );
    let mut running = stage.begin(&[]);
    running.await_words(HELD);
    let_go(stage, MONITORING);
    running.end().expect(0);
    stage.heals(&[]);
}

fn hold(stage: &Stage, namespace: &str) {
    stage.kubectl(&format!("create namespace {namespace}"));
    stage.make(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "held", "namespace": namespace, "finalizers": ["test.example/held"]},
    }));
    stage.kubectl(&format!("delete namespace {namespace} --wait=false"));
}

/// Its controller looks some seconds later.
fn await_reason(stage: &Stage, namespace: &str) {
    stage.await_that("the namespace to say what holds it", |stage| {
        let path = "jsonpath={.status.conditions[*].message}";
        stage.kubectl(&format!("get namespace {namespace} -o {path}")).contains(HELD)
    });
}

fn let_go(stage: &Stage, namespace: &str) {
    let free = r#"{"metadata":{"finalizers":null}}"#;
    stage.kubectl_with(&format!("-n {namespace} patch configmap held --type=merge -p"), free);
}

/// Takes the lock and gives it back.
fn lock(kubeconfig: &Path, patience: Duration) -> Result<Vec<ObjectId>, Error> {
    let kubeconfig = Some(kubeconfig.to_owned());
    let options = ConnectOptions { kubeconfig, patience, ..ConnectOptions::default() };
    block_on(async {
        let cluster = Cluster::connect(&options).await.unwrap();
        let target = ClusterTarget::new(Arc::new(cluster), "somebody");
        let made = target.lock().await?;
        target.release().await;
        Ok(made)
    })
}
