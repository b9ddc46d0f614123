//! Namespaces that are being deleted and cannot go.

use std::sync::Arc;
use std::time::Duration;

use ksi::cluster::{Cluster, ConnectOptions};
use ksi::object::ObjectId;
use ksi::target::{Class, ClusterTarget, Error, Target as _};
use serde_json::json;

use super::{SYSTEM, World, says};
use crate::client::block_on;

const MONITORING: &str = "kubesphere-monitoring-system";
const HELD: &str = "test.example/held in 1 resource instances";

/// On an empty cluster: ours are being deleted with something in them that holds them up. The one where
/// the lock lives is waited for before everything else, the other one within the run.
pub(super) fn those_that_are_being_deleted_are_waited_for_and_made_anew(world: &World) {
    let namespaces = [SYSTEM, MONITORING];
    for namespace in namespaces {
        hold(world, namespace);
    }
    for namespace in namespaces {
        await_reason(world, namespace);
    }

    let error = lock(world, Duration::from_secs(1)).unwrap_err();
    assert_eq!(error.class, Class::Timeout);
    let told = error.to_string();
    assert!(told.contains("Namespace/kubesphere-system is being deleted"), "{told}");
    assert!(told.contains(HELD) && error.help.contains("finalizers"), "{told}: {}", error.help);
    let made = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| lock(world, super::SOON).unwrap());
        let_go(world, SYSTEM);
        waiting.join().unwrap()
    });
    assert_eq!(made.len(), 1, "{made:?}");

    let said = world.apply(&["--timeout", "4s"]).expect(5);
    says(
        &said,
        &[
            "waiting for Namespace/kubesphere-monitoring-system (namespaces): is being deleted",
            HELD,
            "next: see whether the controllers",
            "the time is up: 1 still there",
        ],
    );
    let mut running = world.begin(&[]);
    running.await_words(HELD);
    let_go(world, MONITORING);
    running.end().expect(0);
    world.heals(&[]);
}

fn hold(world: &World, namespace: &str) {
    world.kubectl(&format!("create namespace {namespace}"));
    world.make(&json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "held", "namespace": namespace, "finalizers": ["test.example/held"]},
    }));
    world.kubectl(&format!("delete namespace {namespace} --wait=false"));
}

/// Its controller looks some seconds later.
fn await_reason(world: &World, namespace: &str) {
    world.await_that("the namespace to say what holds it", |world| {
        let path = "jsonpath={.status.conditions[*].message}";
        world.kubectl(&format!("get namespace {namespace} -o {path}")).contains(HELD)
    });
}

fn let_go(world: &World, namespace: &str) {
    let free = r#"{"metadata":{"finalizers":null}}"#;
    world.kubectl_with(&format!("-n {namespace} patch configmap held --type=merge -p"), free);
}

/// Takes the lock and gives it back.
fn lock(world: &World, patience: Duration) -> Result<Vec<ObjectId>, Error> {
    let kubeconfig = Some(world.rig.plane().kubeconfig());
    let options = ConnectOptions { kubeconfig, patience, ..ConnectOptions::default() };
    block_on(async {
        let cluster = Cluster::connect(&options).await.unwrap();
        let target = ClusterTarget::new(Arc::new(cluster), "somebody");
        let made = target.lock().await?;
        target.release().await;
        Ok(made)
    })
}
