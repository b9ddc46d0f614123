//! Finalizers of controllers that an uninstallation deletes.

use ksi::engine::{Event, Options, Pruned};
use ksi::object::{Object, ObjectId};
use ksi::target::Store as _;
use serde_json::{Value, json};

use super::doubles::{Faults, Life, Memory};
use super::world::{at, object, objects, options, plan, removing, run, wait};

const OURS: &str = "finalizers.kubesphere.io/namespaces";
const OTHERS: &str = "kubernetes.io/of-others";

fn controller() -> Object {
    let place = json!({"name": "ks-controller-manager", "namespace": "kubesphere-system"});
    let rest = json!({"metadata": place, "spec": {"replicas": 1}});
    object("core", "apps/v1", "Deployment", "ks-controller-manager", rest)
}

fn desired() -> Vec<Object> {
    let namespace = object("namespaces", "v1", "Namespace", "kubesphere-system", json!({}));
    objects().into_iter().chain([namespace, controller()]).collect()
}

fn held(kind: &str, name: &str, finalizer: &str) -> Object {
    let (api, finalizers) = match kind {
        "Namespace" => ("v1", json!([finalizer, OTHERS])),
        _ => ("iam.kubesphere.io/v1alpha2", json!([finalizer])),
    };
    object("", api, kind, name, json!({"metadata": {"name": name, "finalizers": finalizers}}))
}

/// An installation on whose objects and others' the controller has put its finalizers.
fn installed(life: Life) -> Memory {
    let memory = Memory::default().living(Life::default());
    run(&memory, desired(), &options()).answer.unwrap();
    for held in [
        held("Namespace", "default", OURS),
        held("Namespace", "users", OURS),
        held("User", "alice", "finalizers.kubesphere.io/users"),
    ] {
        memory.make(held.body);
    }
    let ours: Vec<ObjectId> =
        memory.objects().into_keys().filter(|id| id.kind == "Namespace").collect();
    for id in ours.iter().filter(|id| !["default", "users"].contains(&id.name.as_str())) {
        memory.meddle(id, |body| body["metadata"]["finalizers"] = json!([OURS]));
    }
    memory.restarted(Faults::default()).living(life)
}

/// Without any consent.
fn plain() -> Options {
    let mut options = removing();
    options.plan.prune.crds = false;
    options.plan.prune.namespaces = false;
    options
}

fn finalizers(memory: &Memory) -> Vec<(String, Value)> {
    let all = memory.objects().into_iter();
    let some = all.filter(|(_, body)| body["metadata"]["finalizers"].is_array());
    some.map(|(id, body)| (id.to_string(), body["metadata"]["finalizers"].clone())).collect()
}

fn only_those_of_others(memory: &Memory) {
    for (id, left) in finalizers(memory) {
        let of_others = left == json!([]) || left == json!([OTHERS]);
        assert!(of_others, "{id}: {left}");
    }
}

const LAST: &str = "delete Deployment/kubesphere-system/ks-controller-manager";

#[test]
fn finalizers_go_from_everything_once_their_controller_has_ended() {
    let stops = Life { stops: [(controller().id, 20)].into(), ..Life::default() };
    let memory = installed(stops);
    let planned = wait(plan(&memory, Vec::new(), &plain()));
    let counted: Vec<_> =
        planned.plan.released.iter().map(|release| release.held.id.to_string()).collect();
    let expected =
        ["Namespace/default", "Namespace/ks", "Namespace/kubesphere-system", "Namespace/users"];
    assert_eq!(counted[..4], expected);
    assert_eq!(counted[4..], ["User/alice"]);
    assert!(planned.plan.released.iter().all(|release| release.is_running));

    let report = run(&memory, Vec::new(), &plain());
    assert_eq!(report.answer.unwrap().release, 5);
    only_those_of_others(&memory);
    let left = finalizers(&memory);
    assert!(left.contains(&("Namespace/default".to_owned(), json!([OTHERS]))), "{left:?}");
    let log = memory.log();
    assert!(at(&log, LAST) < at(&log, "release Namespace/default"), "{log:#?}");
    let waits =
        |event: &&Event| matches!(event, Event::Wait { object, .. } if *object == controller().id);
    assert_eq!(report.events.iter().filter(waits).count(), 1, "its pods ended later");
    let told = report.events.iter().filter_map(|event| match event {
        Event::Prune { object, state: Pruned::Released, reason, .. } => Some((object, reason)),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    assert_eq!(told.len(), 5);
    assert_eq!(told[0].1.as_deref(), Some("removed finalizer finalizers.kubesphere.io/namespaces"));

    let again = memory.restarted(Faults::default());
    run(&again, Vec::new(), &plain()).answer.unwrap();
    assert_eq!(again.log(), [""; 0]);
}

#[test]
fn finalizers_of_a_controller_that_does_not_run_go_first() {
    let slow = Life { slow: [(controller().id, usize::MAX)].into(), ..Life::default() };
    let memory = installed(slow);
    let planned = wait(plan(&memory, Vec::new(), &removing()));
    assert!(planned.plan.released.iter().all(|release| !release.is_running));
    run(&memory, Vec::new(), &removing()).answer.unwrap();
    let log = memory.log();
    for before in ["User/alice", "Namespace/default"] {
        assert!(at(&log, &format!("release {before}")) < at(&log, LAST), "{log:#?}");
    }
    only_those_of_others(&memory);
}

/// An interrupted uninstallation has deleted the `FederatedTypeConfigs`, but for one; KubeFed runs, and users have
/// federated objects.
fn without_type_configs() -> Memory {
    let types = "types.kubefed.io/v1beta1";
    let definition = |name: &str, kind: &str| {
        let spec = json!({"spec": {"group": "types.kubefed.io", "names": {"kind": kind}}});
        object("crds", "apiextensions.k8s.io/v1", "CustomResourceDefinition", name, spec)
    };
    let place =
        json!({"name": "kubefed-controller-manager", "namespace": "kube-federation-system"});
    let rest = json!({"metadata": place, "spec": {"replicas": 1}});
    let desired = vec![
        object("namespaces", "v1", "Namespace", "kube-federation-system", json!({})),
        definition("federatedconfigmaps", "FederatedConfigMap"),
        definition("federatedusers", "FederatedUser"),
        object("kubefed", "apps/v1", "Deployment", "kubefed-controller-manager", rest),
    ];
    let memory = Memory::default().living(Life::default());
    run(&memory, desired, &options()).answer.unwrap();
    let finalizers = ["kubefed.io/sync-controller"];
    let spread = json!({"name": "spread", "namespace": "project", "finalizers": finalizers});
    let spread = object("", types, "FederatedConfigMap", "spread", json!({"metadata": spread}));
    let alice = json!({"metadata": {"name": "alice", "finalizers": finalizers}});
    memory.make(spread.body);
    memory.make(object("", types, "FederatedUser", "alice", alice).body);
    let config = json!({
        "metadata": {"name": "users.iam.kubesphere.io", "namespace": "kube-federation-system"},
        "spec": {
            "propagation": "Enabled",
            "federatedType": {"kind": "FederatedUser"}, "targetType": {"scope": "Cluster"},
        },
    });
    let core = "core.kubefed.io/v1beta1";
    memory.make(object("", core, "FederatedTypeConfig", "users", config).body);
    let life = Life { unattended: [spread.id].into(), ..Life::default() };
    memory.restarted(Faults::default()).living(life)
}

#[test]
fn finalizers_of_a_kind_that_a_running_controller_does_not_handle_go_first() {
    let memory = without_type_configs();
    let planned = wait(plan(&memory, Vec::new(), &removing()));
    let released: Vec<_> =
        planned.plan.released.iter().map(|one| (one.held.id.to_string(), one.is_running)).collect();
    let spread = "FederatedConfigMap/project/spread";
    assert_eq!(released, [(spread.to_owned(), true)]);
    run(&memory, Vec::new(), &removing()).answer.unwrap();
    let log = memory.log();
    assert!(at(&log, &format!("release {spread}")) < at(&log, &format!("delete {spread}")));
    // KubeFed does the rest.
    assert!(!log.contains(&"release FederatedUser/alice".to_owned()), "{log:#?}");
    let left: Vec<String> = memory.objects().into_keys().map(|id| id.kind).collect();
    assert_eq!(left, ["FederatedTypeConfig"], "it is not of this installation");
}

#[test]
fn what_is_deleted_while_its_controller_runs_needs_no_help() {
    let memory = installed(Life::default());
    let mut desired = desired();
    desired.retain(|object| object.id.kind != "User");
    let mut options = options();
    options.plan.prune.created = true;
    let planned = wait(plan(&memory, desired, &options));
    assert!(planned.plan.released.is_empty(), "the controller stays");
}

#[test]
fn an_uninstallation_that_is_cut_anywhere_leaves_no_finalizer_in_the_end() {
    for at in 0.. {
        let memory = installed(Life::default()).restarted(Faults::cut(at));
        let whole = run(&memory, Vec::new(), &plain()).answer.is_ok();
        let next = memory.restarted(Faults::default());
        run(&next, Vec::new(), &plain()).answer.unwrap_or_else(|e| panic!("{at}: {e}"));
        only_those_of_others(&next);
        assert!(wait(next.inventory()).unwrap().is_some(), "CRDs are kept");
        if whole {
            assert!(at > 10, "{at}");
            return;
        }
    }
}
