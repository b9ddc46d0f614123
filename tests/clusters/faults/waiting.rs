//! What a run says while it waits: why a pod does not start, and that the API server is away.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::stage::{Stage, says};
use crate::hands::Hands as _;

/// No StorageClass is there, so that the claim of redis cannot be bound.
const REDIS: [&str; 11] = [
    "--wait",
    "--set",
    "common.redis.enabled=true",
    "--skip-check",
    "storage-class-default",
    "--skip-check",
    "nodes-ready",
    "--skip-check",
    "nodes-schedulable",
    "--timeout",
    "3m",
];
const CAUSE: &str = "PersistentVolumeClaim redis-pvc is not bound: it has no StorageClass, and no StorageClass is the default";

#[test]
fn the_cause_of_a_failing_pod_is_told_at_once() {
    let Some(stage) = Stage::set() else { return };
    let mut running = stage.begin(&REDIS);
    running.await_words(CAUSE);
    // Nothing but a StorageClass helps, so it does not wait for the timeout.
    let said = running.ends_within(Duration::from_secs(60)).expect(5);
    says(
        &said,
        &[
            "waiting for Deployment/kubesphere-system/redis (redis): ",
            "next: make a StorageClass the default, or set `persistence.storageClass`",
            "not healthy",
            "--fail-fast=false waits until the timeout",
        ],
    );
    // What needs redis was not written, so that there is nothing to wait for.
    let said = stage.rig.ksi(&["wait", "--timeout", "2m"]).expect(5);
    assert!(said.err.contains("the last one did not write "), "{}", said.err);
}

#[test]
fn an_api_server_that_is_away_is_told_at_once() {
    let Some(stage) = Stage::set() else { return };
    let mut running = stage.begin(&["-o", "json"]);
    running.await_writes(&stage.proxy, 100);
    let begin = Instant::now();
    let processes = stage.plane().processes();
    processes.signal("apiserver", Signal::SIGSTOP).unwrap();
    running.await_out("\"type\":\"connection\",\"state\":\"lost\"");
    let told = begin.elapsed();
    processes.signal("apiserver", Signal::SIGCONT).unwrap();
    assert!(told < Duration::from_secs(4), "{told:?}");
    let said = running.end().expect(0);
    assert!(said.out.contains("\"type\":\"connection\",\"state\":\"restored\""), "{}", said.out);
    stage.heals(&[]);
}
