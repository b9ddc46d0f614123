//! Causes, from real pods and the objects around them.

use serde_json::{Value, json};

use super::super::tests::{changed, live};
use super::*;

/// A Deployment with one `ReplicaSet` per revision, the last one current.
fn deployment() -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {
        "name": "web", "namespace": "live", "uid": "d",
        "annotations": {"deployment.kubernetes.io/revision": "2"}}})
}

fn replica_set(revision: &str) -> Value {
    json!({"metadata": {"name": format!("web-{revision}"), "uid": format!("r{revision}"),
        "annotations": {"deployment.kubernetes.io/revision": revision},
        "ownerReferences": [{"uid": "d"}]}})
}

/// This pod as one of that `ReplicaSet`.
fn owned(mut pod: Value, by: &str) -> Value {
    pod["metadata"]["ownerReferences"] = json!([{"uid": by}]);
    pod
}

fn around(pods: Vec<Value>) -> Surroundings {
    let replica_sets = Some(vec![replica_set("1"), replica_set("2")]);
    Surroundings { pods, replica_sets, ..Surroundings::default() }
}

fn of(pod: Value) -> Cause {
    cause(&deployment(), &around(vec![owned(pod, "r2")])).unwrap()
}

#[test]
fn causes_of_real_pods() {
    let cases = [
        ("pod-crash", "Pod/live/crash: CrashLoopBackOff: container ksi, exit code 2", false),
        ("pod-wrong-name", "Pod/live/wrong: InvalidImageName: container web, ", true),
        ("pod-missing-secret", "secret \"redis-secret\" not found", false),
        ("pod-insufficient-cpu", "Unschedulable: 0/", false),
        ("pod-image", "ImagePullBackOff: container web, Back-off pulling image", false),
    ];
    for (name, expected, is_final) in cases {
        let cause = of(live(name));
        let text = cause.to_string();
        assert!(text.contains(expected.split(": container").last().unwrap()), "{name}: {text}");
        assert_eq!(cause.is_final(|_| false), is_final, "{name}");
        assert!(!cause.next_step.is_empty());
    }
    assert_eq!(cause(&deployment(), &around(vec![owned(live("pod-ready"), "r2")])), None);
}

#[test]
fn pods_of_an_older_template_or_of_others_are_no_cause() {
    for owner in ["r1", "somebody"] {
        assert_eq!(cause(&deployment(), &around(vec![owned(live("pod-wrong-name"), owner)])), None);
    }
    let unknown =
        Surroundings { replica_sets: None, ..around(vec![owned(live("pod-crash"), "r2")]) };
    assert_eq!(cause(&deployment(), &unknown), None);
    let mut set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "redis", "namespace": "live", "uid": "s"},
        "status": {"updateRevision": "redis-2"}});
    let mut pod = owned(live("pod-crash"), "s");
    pod["metadata"]["labels"] = json!({"controller-revision-hash": "redis-2"});
    assert!(cause(&set, &around(vec![pod.clone()])).is_some());
    set["status"]["updateRevision"] = json!("redis-3");
    assert_eq!(cause(&set, &around(vec![pod])), None);
}

#[test]
fn a_missing_key_is_final_only_in_an_object_of_ours() {
    let says = |message: &str| {
        let path = "/status/containerStatuses/0/state/waiting/message";
        of(changed("pod-missing-secret", &[(path, json!(message))]))
    };
    let cases = [
        ("secret \"a\" not found", "Secret/live/a"),
        ("configmap \"a\" not found", "ConfigMap/live/a"),
        ("couldn't find key k in Secret live/a", "Secret/live/a"),
        ("couldn't find key k in ConfigMap live/a", "ConfigMap/live/a"),
    ];
    for (message, needed) in cases {
        let cause = says(message);
        assert!(cause.is_final(|id| id.to_string() == needed), "{message}");
        assert!(!cause.is_final(|_| false), "{message}");
    }
    assert!(!says("failed to sync secret cache: timed out").is_final(|_| true));
    assert!(says("container has runAsNonRoot and image will run as root").is_final(|_| false));
}

#[test]
fn a_claim_without_a_class_is_final_unless_a_volume_fits() {
    let pod = changed(
        "pod-unbound-claim",
        &[("/spec/volumes", json!([{"persistentVolumeClaim": {"claimName": "data"}}]))],
    );
    let claim = |class: Value| {
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": "live"},
            "spec": {"storageClassName": class}, "status": {"phase": "Pending"}})
    };
    let named = |name: &str| json!({"metadata": {"name": name}});
    let default = json!({"metadata": {"name": "local", "annotations": {
        "storageclass.kubernetes.io/is-default-class": "true"}}});
    let free = json!({"spec": {"storageClassName": "manual"}, "status": {"phase": "Available"}});
    let taken = json!({"spec": {"storageClassName": "manual"}, "status": {"phase": "Bound"}});
    let cases = [
        (json!(null), vec![], vec![], "no StorageClass is the default", true),
        (
            json!(null),
            vec![named("local")],
            vec![taken.clone()],
            "no StorageClass is the default",
            true,
        ),
        (json!(null), vec![default], vec![], "not provisioned yet", false),
        (
            json!("manual"),
            vec![named("local")],
            vec![taken],
            "StorageClass manual does not exist",
            true,
        ),
        (json!("manual"), vec![], vec![free], "StorageClass manual does not exist", false),
        (json!("local"), vec![named("local")], vec![], "not provisioned yet", false),
        (json!(""), vec![], vec![], "none fits", false),
    ];
    for (class, classes, volumes, expected, is_final) in cases {
        let mut around = around(vec![owned(pod.clone(), "r2")]);
        around.claims = vec![claim(class.clone())];
        (around.classes, around.volumes) = (Some(classes), Some(volumes));
        let found = cause(&deployment(), &around).unwrap();
        assert!(found.message.contains(expected), "{class}: {found}");
        assert_eq!(found.is_final(|_| true), is_final, "{class}: {found}");
        assert_eq!((found.object.kind.as_str(), found.reason.as_str()), ("Pod", "Unschedulable"));
        assert_eq!(cause(&around.claims[0], &around).unwrap().message, found.message);
        // What cannot be read is not certain.
        (around.classes, around.volumes) = (None, None);
        assert!(!cause(&deployment(), &around).unwrap().is_final(|_| true), "{class}");
    }
}

#[test]
fn the_reasons_of_one_problem_are_alike() {
    let cause = of(live("pod-crash"));
    let next = Cause { reason: "Error".to_owned(), message: "x".to_owned(), ..cause.clone() };
    assert!(cause.is_like(&next));
    assert!(!cause.is_like(&of(live("pod-image"))));
}
