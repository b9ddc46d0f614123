//! The health of the live objects in tests/fixtures/live: taken from a real cluster (Kubernetes 1.34.4,
//! KubeFed 0.10.0) and reduced to the fields that are read, or derived from those by small changes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::object::embedded;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/live")
}

/// A live object by the name of its file.
pub(super) fn live(name: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(format!("{name}.yaml"))).unwrap();
    embedded::parse(&text).unwrap()
}

/// A live object with some values replaced, by JSON pointers; what is missing on the way is made.
pub(super) fn changed(name: &str, changes: &[(&str, Value)]) -> Value {
    let mut object = live(name);
    for (path, value) in changes {
        let place = path.split('/').skip(1).fold(&mut object, |place, key| match key.parse() {
            Ok::<usize, _>(index) => {
                let items = place.as_array_mut().unwrap();
                items.resize(items.len().max(index + 1), Value::Null);
                &mut items[index]
            }
            Err(_) => &mut place[key],
        });
        *place = value.clone();
    }
    object
}

fn shown(health: &Health) -> String {
    match health {
        Health::Healthy => "healthy".to_owned(),
        Health::Progressing { reason } => format!("progressing: {reason}"),
        Health::Failed { reason } => format!("failed: {reason}"),
    }
}

/// Assesses objects; an expectation that ends in `…` is a beginning.
pub(super) fn assert_assessed(cases: &[(Value, &str)]) {
    for (object, expected) in cases {
        let assessed = shown(&assess(object));
        match expected.strip_suffix('…') {
            Some(beginning) => assert!(assessed.starts_with(beginning), "{assessed}\n{object:#}"),
            None => assert_eq!(assessed, *expected, "{object:#}"),
        }
    }
}

const LIVE: &[(&str, &str)] = &[
    ("apiservice-available", "healthy"),
    (
        "apiservice-unavailable",
        "progressing: ServiceNotFound: service/absent in \"live\" is not present",
    ),
    ("claim-pending", "progressing: waiting for a volume, but there is no default StorageClass"),
    ("cluster-fresh", "progressing: waiting for ks-controller-manager to join it to KubeFed"),
    ("crd-established", "healthy"),
    ("crd-name-taken", "failed: ListKindConflict: \"ThingList\" is already in use"),
    ("daemonset-available", "healthy"),
    ("daemonset-rolling", "progressing: 0 of 1 pod ready"),
    ("deployment-available", "healthy"),
    (
        "deployment-deadline",
        "failed: progress deadline exceeded: ReplicaSet \"late-88bd8cc46\" has timed out progressing.",
    ),
    (
        "deployment-podsecurity",
        "failed: FailedCreate: pods \"privileged-b784949f9-jjfwc\" is forbidden: violates PodSecurity…",
    ),
    (
        "deployment-quota",
        "progressing: FailedCreate: pods \"blocked-5b78c8b7b8-pfpzg\" is forbidden: exceeded quota: none, \
         requested: pods=1, used: pods=0, limited: pods=0",
    ),
    ("deployment-rolling", "progressing: 1 of 2 replicas updated"),
    ("deployment-zero", "healthy"),
    ("federatedtypeconfig", "healthy"),
    (
        "federatedtypeconfig-deleted",
        "progressing: is being deleted: waiting for finalizer core.kubefed.io/federated-type-config",
    ),
    ("job-complete", "healthy"),
    ("job-failed", "failed: BackoffLimitExceeded: Job has reached the specified backoff limit"),
    ("job-running", "progressing: 0 of 1 pod succeeded, 1 active"),
    ("kubefedcluster-fresh", "progressing: waiting for KubeFed to probe the cluster"),
    (
        "kubefedcluster-malformed",
        "progressing: ClusterConfigMalformed: cluster's configuration may be malformed",
    ),
    ("kubefedcluster-offline", "progressing: ClusterNotReachable: cluster is not reachable: Get…"),
    ("kubefedcluster-ready", "healthy"),
    ("namespace-active", "healthy"),
    (
        "namespace-terminating",
        "progressing: is being deleted: Some content in the namespace has finalizers remaining: \
         core.kubefed.io/federated-type-config in 1 resource instances; Some resources are remaining: \
         configmaps. has 1 resource instances",
    ),
    ("pod-crash", "progressing: container ksi: CrashLoopBackOff (exit code 2): back-off…"),
    ("pod-crash-init", "progressing: container prepare: CrashLoopBackOff (exit code 2): back-off…"),
    ("pod-failed", "failed: Failed (exit code 2): container ksi: Error"),
    ("pod-image", "progressing: container web: ImagePullBackOff: Back-off pulling image…"),
    (
        "pod-insufficient-cpu",
        "progressing: Unschedulable: 0/2 nodes are available: 1 Insufficient cpu,…",
    ),
    (
        "pod-missing-secret",
        "progressing: container web: CreateContainerConfigError: secret \"redis-secret\" not found",
    ),
    ("pod-oom", "progressing: container coredns: OOMKilled (exit code 137): back-off…"),
    ("pod-ready", "healthy"),
    ("pod-succeeded", "healthy"),
    (
        "pod-unbound-claim",
        "progressing: Unschedulable: 0/2 nodes are available: pod has unbound immediate…",
    ),
    ("pod-unready", "progressing: containers with unready status: [web]"),
    (
        "pod-wrong-command",
        "progressing: container web: CrashLoopBackOff (exit code 128): failed to create containerd task…",
    ),
    (
        "pod-wrong-name",
        "failed: container web: InvalidImageName: Failed to apply default image tag…",
    ),
    ("replicaset-available", "healthy"),
    (
        "replicaset-quota",
        "progressing: FailedCreate: pods \"blocked-5b78c8b7b8-pfpzg\" is forbidden…",
    ),
    ("replicaset-unready", "progressing: 0 of 1 replica ready"),
    ("service", "healthy"),
    ("service-headless", "healthy"),
    ("statefulset-available", "healthy"),
    ("statefulset-rolling", "progressing: 1 of 2 replicas updated"),
    ("user", "healthy"),
];

#[test]
fn what_clusters_gave() {
    let cases: Vec<_> = LIVE.iter().map(|(name, expected)| (live(name), *expected)).collect();
    assert_assessed(&cases);
    let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
    let files: BTreeSet<_> =
        files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let known: BTreeSet<_> = LIVE.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, known, "every file is assessed");
}

#[test]
fn a_status_of_yesterday_is_not_believed() {
    for (name, _) in LIVE.iter().filter(|(_, expected)| *expected == "healthy") {
        let object = live(name);
        let Some(generation) = number(&object["metadata"]["generation"]) else { continue };
        if object["status"]["observedGeneration"].is_null() || object["kind"] == "Pod" {
            continue;
        }
        let newer = changed(name, &[("/metadata/generation", json!(generation + 1))]);
        let reason = format!(
            "not yet observed by its controller (generation {generation} of {})",
            generation + 1
        );
        assert_eq!(assess(&newer), Health::progressing(reason), "{name}");
        let as_text =
            changed(name, &[("/status/observedGeneration", json!(generation.to_string()))]);
        assert_eq!(assess(&as_text), Health::Healthy, "{name}");
    }
    let fresh = "progressing: not yet observed by its controller";
    assert_assessed(&[
        (changed("deployment-available", &[("/status", json!({}))]), fresh),
        (changed("statefulset-available", &[("/status", json!({"replicas": 0}))]), fresh),
        (changed("daemonset-available", &[("/status", json!(null))]), fresh),
        (changed("replicaset-available", &[("/status", json!({"replicas": 0}))]), fresh),
    ]);
}

#[test]
fn deletion_comes_first() {
    let deleted = ("/metadata/deletionTimestamp", json!("2026-11-21T16:08:03Z"));
    assert_assessed(&[
        (
            changed("deployment-available", std::slice::from_ref(&deleted)),
            "progressing: is being deleted",
        ),
        (
            changed(
                "user",
                &[deleted, ("/metadata/finalizers", json!(["a.example.com/x", "b.example.com/y"]))],
            ),
            "progressing: is being deleted: waiting for finalizers a.example.com/x, b.example.com/y",
        ),
    ]);
}

#[test]
fn there_is_enough() {
    let of = |api: &str, kind: &str| {
        let object = json!({
            "apiVersion": api, "kind": kind, "metadata": {"name": "a", "generation": 1},
            "status": {"conditions": [{"type": "Ready", "status": "False"}]},
        });
        (object, "healthy")
    };
    assert_assessed(&[
        of("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
        of("autoscaling/v2", "HorizontalPodAutoscaler"),
        of("policy/v1", "PodDisruptionBudget"),
        of("networking.k8s.io/v1", "Ingress"),
        of("iam.kubesphere.io/v1alpha2", "GlobalRole"),
        of("tenant.kubesphere.io/v1alpha2", "WorkspaceTemplate"),
        (json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}), "healthy"),
        (json!(null), "progressing: not found"),
    ]);
}

#[test]
fn nothing_of_a_message_steers_a_terminal() {
    let message = "\u{1b}]0;owned\u{7}\u{1b}[2Jfine\r\nand more";
    let object = changed("job-failed", &[("/status/conditions/1/message", json!(message))]);
    let object = {
        let mut object = object;
        object["status"]["conditions"].as_array_mut().unwrap().remove(0);
        object
    };
    assert_assessed(&[(object, "failed: BackoffLimitExceeded: fine and more")]);
}

#[test]
fn as_json() {
    assert_eq!(serde_json::to_value(Health::Healthy).unwrap(), json!({"state": "healthy"}));
    let progressing = serde_json::to_value(Health::progressing("x")).unwrap();
    assert_eq!(progressing, json!({"state": "progressing", "reason": "x"}));
}

const WORDS: &str = "True False Ready Failed Running Pending Terminating LoadBalancer \
    CrashLoopBackOff Unschedulable PodScheduled Progressing 3 \u{1b}[2J";

const KEYS: &str = "spec status metadata conditions type reason message replicas updatedReplicas \
    generation observedGeneration containerStatuses state lastState waiting terminated exitCode \
    phase selector matchLabels ports updateStrategy rollingUpdate partition finalizers name \
    desiredNumberScheduled";

/// Any JSON, with the keys that are read more often than others.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(WORDS.split(' ').collect::<Vec<_>>()).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ]
    .boxed();
    leaf.prop_recursive(6, 64, 6, move |inner| {
        let key =
            proptest::sample::select(KEYS.split(' ').collect::<Vec<_>>()).prop_map(str::to_owned);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn assesses_anything(
        parts in proptest::collection::vec(any_json(), 3),
        like in proptest::sample::select(LIVE),
    ) {
        // Broken objects of every kind that is known, and values that are no objects.
        let mut object = live(like.0);
        for (part, key) in parts.iter().zip(["status", "spec", "metadata"]) {
            object[key] = part.clone();
        }
        let named = changed(like.0, &[("/status", parts[0].clone())]);
        for value in [&object, &named, &parts[0]] {
            let health = assess(value);
            let steers = |reason: &str| reason.chars().any(char::is_control);
            prop_assert!(!health.reason().is_some_and(steers), "{health:?}");
            let _ = (troubles(value), selects(value, &parts[1]), address(value));
        }
    }
}
