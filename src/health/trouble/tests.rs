//! Pods in trouble.

use serde_json::{Value, json};

use super::super::tests::{changed, live};
use super::*;

/// `container: Reason (exit code, restarts)`, and the next step.
fn shown(pod: &Value) -> Vec<(String, String)> {
    let one = |trouble: Trouble| {
        let place = trouble.container.unwrap_or_else(|| "-".to_owned());
        let code = trouble.exit_code.map_or_else(|| "-".to_owned(), |code| code.to_string());
        (format!("{place}: {} ({code})", trouble.reason), trouble.next_step)
    };
    troubles(pod).into_iter().map(one).collect()
}

#[test]
fn real_pods() {
    let cases = [
        (
            "pod-crash",
            "ksi: CrashLoopBackOff (2)",
            "`kubectl -n live logs crash -c ksi --previous` shows why it exited",
        ),
        (
            "pod-crash-init",
            "prepare: CrashLoopBackOff (2)",
            "`kubectl -n live logs crash-init -c prepare --previous` shows why it exited",
        ),
        (
            "pod-failed",
            "-: Failed (2)",
            "`kubectl -n live logs failed --all-containers` shows why; the pod is not restarted",
        ),
        (
            "pod-image",
            "web: ImagePullBackOff (-)",
            "node host cannot reach the registry of `registry.k8s.io/nothing:1.0`: check its network \
             and DNS, or use a registry that it can reach",
        ),
        (
            "pod-insufficient-cpu",
            "-: Unschedulable (-)",
            "add a node, free resources, or lower the requests: `kubectl describe nodes` shows what \
             is in use",
        ),
        (
            "pod-missing-secret",
            "web: CreateContainerConfigError (-)",
            "create the missing object that the message names: the kubelet then retries; `kubectl -n \
             live describe pod config` shows everything that container web refers to",
        ),
        (
            "pod-oom",
            "coredns: OOMKilled (137)",
            "raise the memory limit of container coredns (now 7Mi)",
        ),
        (
            "pod-unbound-claim",
            "-: Unschedulable (-)",
            "check that there is a default StorageClass and that its provisioner runs: `kubectl -n \
             live get pvc` shows the unbound claims",
        ),
        (
            "pod-wrong-command",
            "web: CrashLoopBackOff (128)",
            "check command and image `registry.k8s.io/pause:3.10` of container web",
        ),
        (
            "pod-wrong-name",
            "web: InvalidImageName (-)",
            "correct the image name `registry.k8s.io/Pause:3.10` in the configuration",
        ),
    ];
    for (name, trouble, next_step) in cases {
        let expected = vec![(trouble.to_owned(), next_step.to_owned())];
        assert_eq!(shown(&live(name)), expected, "{name}");
    }
    for name in ["pod-ready", "pod-succeeded", "pod-unready", "deployment-available"] {
        assert_eq!(troubles(&live(name)), [], "{name}");
    }
}

#[test]
fn a_pod_on_its_way_out_is_left_alone() {
    let deleted = ("/metadata/deletionTimestamp", json!("2026-11-21T16:08:03Z"));
    assert_eq!(troubles(&changed("pod-crash", &[deleted])), []);
}

#[test]
fn whose_registry_says_what() {
    let next = |message: &str| {
        let path = "/status/containerStatuses/0/state/waiting/message";
        troubles(&changed("pod-image", &[(path, json!(message))])).remove(0).next_step
    };
    let cases = [
        (
            "x509: certificate signed by unknown authority",
            "make the container runtime on node host trust",
        ),
        ("401 Unauthorized", "the registry requires a login"),
        ("pull access denied, repository does not exist", "the registry requires a login"),
        (
            "registry.k8s.io/nothing:1.0: not found",
            "the registry has no `registry.k8s.io/nothing:1.0`",
        ),
        ("no match for platform in manifest", "the registry has no"),
        ("429 Too Many Requests - toomanyrequests", "the registry limits the pull rate"),
        ("dial tcp: lookup reg.local: no such host", "node host cannot reach the registry"),
        ("something else", "`kubectl -n live describe pod late-88bd8cc46-k9zph` shows"),
    ];
    for (message, beginning) in cases {
        assert!(next(message).starts_with(beginning), "{message}: {}", next(message));
    }
}

#[test]
fn between_two_crashes() {
    let status = |state: &Value, last: &Value, ready: bool| {
        let status = json!([{"name": "ksi", "ready": ready, "restartCount": 3, "state": state,
            "lastState": {"terminated": last}}]);
        shown(&changed("pod-crash", &[("/status/containerStatuses", status)]))
            .into_iter()
            .map(|(trouble, _)| trouble)
            .collect::<Vec<_>>()
    };
    let error = json!({"reason": "Error", "exitCode": 1, "message": "password: hunter2"});
    let running = json!({"running": {}});
    assert_eq!(status(&running, &error, false), ["ksi: Error (1)"]);
    assert!(status(&running, &error, true).is_empty());
    assert!(status(&running, &json!(null), false).is_empty());
    assert_eq!(status(&json!({"terminated": error}), &json!(null), false), ["ksi: Error (1)"]);
    let completed = json!({"terminated": {"reason": "Completed", "exitCode": 0}});
    assert!(status(&completed, &json!(null), false).is_empty());
    let creating = json!({"waiting": {"reason": "ContainerCreating"}});
    assert!(status(&creating, &json!(null), false).is_empty());
}

#[test]
fn what_a_program_wrote_last_is_not_repeated() {
    let last = json!({"reason": "Error", "exitCode": 1, "message": "password: hunter2"});
    let pod = changed("pod-crash", &[("/status/containerStatuses/0/lastState/terminated", last)]);
    let shown = serde_json::to_string(&troubles(&pod)).unwrap();
    assert!(shown.contains("CrashLoopBackOff") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn transient_troubles() {
    let reason = |phase: &str, reason: &str| {
        let pod = changed(
            "pod-ready",
            &[("/status/phase", json!(phase)), ("/status/reason", json!(reason))],
        );
        troubles(&pod).remove(0)
    };
    assert!(!reason("Failed", "Evicted").is_transient());
    assert!(!reason("Failed", "DeadlineExceeded").is_transient());
    assert!(reason("Unknown", "NodeLost").is_transient());
    assert!(reason("Unknown", "").is_transient());
    for name in ["pod-crash", "pod-image", "pod-unbound-claim", "pod-missing-secret", "pod-oom"] {
        assert!(troubles(&live(name))[0].is_transient(), "{name}");
    }
    for name in ["pod-failed", "pod-wrong-name"] {
        assert!(!troubles(&live(name))[0].is_transient(), "{name}");
    }
}

#[test]
fn as_json() {
    let trouble = serde_json::to_value(&troubles(&live("pod-oom"))[0]).unwrap();
    let keys: Vec<_> = trouble.as_object().unwrap().keys().collect();
    let all = ["object", "container", "reason", "message", "exitCode", "restarts", "nextStep"];
    assert_eq!(keys, all);
}
