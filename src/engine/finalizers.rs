//! What blocks the deletion of an object.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::health::{Health, assess};
use crate::object::{Finalizers, ObjectId};
use crate::target::Finding;

/// The finalizer of CRDs.
const DEFINITION: &str = "customresourcecleanup.apiextensions.k8s.io";

/// What a terminating object waits for: its finalizers, with the controllers that remove them if known, and
/// the conditions in its status.
pub(super) fn blocked_by(live: &Value, controllers: &BTreeMap<ObjectId, Value>) -> Option<String> {
    let names: Vec<String> = finalizers(live)
        .map(|name| match controller_of(name).and_then(|id| controllers.get_key_value(&id)) {
            Some((id, live)) => format!("{name} ({})", describe_controller(id, live)),
            None => name.to_owned(),
        })
        .collect();
    let mut parts = Vec::new();
    match names.len() {
        0 => {}
        1 => parts.push(format!("finalizer {}", names[0])),
        _ => parts.push(format!("finalizers {}", names.join(", "))),
    }
    let conditions = live["status"]["conditions"].as_array().into_iter().flatten();
    let is_blocking = |condition: &&Value| {
        let kind = condition["type"].as_str().unwrap_or_default();
        let in_progress = ["InstanceDeletionPending", "InstanceDeletionInProgress"];
        condition["status"] == "True"
            && !in_progress.iter().any(|reason| condition["reason"] == *reason)
            && (kind == "Terminating"
                || kind.starts_with("NamespaceContent")
                || kind.starts_with("NamespaceFinalizers")
                || kind.starts_with("NamespaceDeletion"))
    };
    let messages =
        conditions.filter(is_blocking).filter_map(|condition| condition["message"].as_str());
    parts.extend(messages.map(|message| message.trim_end_matches(['.', ' ']).to_owned()));
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The known controllers that remove the finalizers of these objects.
pub(super) fn controllers<'v>(live: impl Iterator<Item = &'v Value>) -> BTreeSet<ObjectId> {
    live.flat_map(finalizers).filter_map(controller_of).collect()
}

/// The finalizers of controllers. The API server itself removes that of a CRD, and its status says what it
/// waits for.
fn finalizers(live: &Value) -> impl Iterator<Item = &str> {
    let all = live["metadata"]["finalizers"].as_array().into_iter().flatten();
    all.filter_map(Value::as_str).filter(|name| *name != DEFINITION)
}

fn controller_of(finalizer: &str) -> Option<ObjectId> {
    Finalizers::of(finalizer).map(Finalizers::controller)
}

fn describe_controller(id: &ObjectId, live: &Value) -> String {
    if live.is_null() {
        return format!("its controller {id} does not exist");
    }
    match assess(live) {
        Health::Healthy => format!("its controller is {id}"),
        Health::Progressing { reason } | Health::Failed { reason } => {
            format!("its controller {id}: {reason}")
        }
    }
}

/// A finding about an object that still exists.
pub(super) fn remaining(id: &ObjectId, blocked: Option<String>) -> Finding {
    let namespace = id.namespace.as_ref().map(|n| format!(" -n {n}")).unwrap_or_default();
    let kind = match id.group.as_str() {
        "" => id.kind.to_lowercase(),
        group => format!("{}.{group}", id.kind.to_lowercase()),
    };
    let object = format!("{kind} {}{namespace}", id.name);
    let inside = matches!(id.kind.as_str(), "Namespace" | "CustomResourceDefinition");
    let (message, next_step) = match blocked {
        Some(names) if inside => (
            format!("it is deleted, but still waiting for {names}"),
            "make sure that the controllers that remove these finalizers are running, then run again; \
             if they no longer exist, remove the finalizers from the objects listed here"
                .to_owned(),
        ),
        Some(names) => (
            format!("it is deleted, but still waiting for {names}"),
            format!(
                "make sure that the controller that removes it is running, then run again; if it no \
                 longer exists: `kubectl patch {object} --type=merge -p \
                 '{{\"metadata\":{{\"finalizers\":null}}}}'`, which skips the clean-up"
            ),
        ),
        None => (
            "it is deleted, but still exists".to_owned(),
            format!("run `kubectl describe {object}` to see why, then run again"),
        ),
    };
    Finding {
        object: id.clone(),
        reason: "StillThere".into(),
        message,
        lines: Vec::new(),
        next_step,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finalizers_are_named_also_those_of_objects_inside() {
        let none = BTreeMap::new();
        assert_eq!(blocked_by(&json!({"metadata": {}}), &none), None);
        let object = json!({"metadata": {"finalizers": ["a/b"]}});
        assert_eq!(blocked_by(&object, &none).unwrap(), "finalizer a/b");
        let namespace = json!({"metadata": {}, "status": {"conditions": [
            {"type": "NamespaceDeletionContentFailure", "status": "False", "message": "none"},
            {"type": "NamespaceFinalizersRemaining", "status": "True",
             "message": "Some content in the namespace has finalizers remaining: a/b in 1 resource instances"},
        ]}});
        let blocked = blocked_by(&namespace, &none).unwrap();
        assert!(blocked.ends_with("remaining: a/b in 1 resource instances"), "{blocked}");
    }

    #[test]
    fn for_a_crd_only_blocking_conditions_count() {
        let definition = |reason: &str| {
            json!({
                "metadata": {"finalizers": [DEFINITION]},
                "status": {"conditions": [{
                    "type": "Terminating", "status": "True", "reason": reason, "message": "a.",
                }]},
            })
        };
        let none = BTreeMap::new();
        assert_eq!(blocked_by(&definition("InstanceDeletionInProgress"), &none), None);
        assert_eq!(blocked_by(&definition("InstanceDeletionCheck"), &none).unwrap(), "a");
    }

    #[test]
    fn controllers_of_finalizers_are_named_with_their_health() {
        let object = json!({"metadata": {"finalizers": ["a/b", "kubefed.io/sync-controller"]}});
        let id = controllers([&object].into_iter()).into_iter().next().unwrap();
        let blocked = |live: Value| blocked_by(&object, &[(id.clone(), live)].into()).unwrap();
        let name = "Deployment/kube-federation-system/kubefed-controller-manager";
        let begin = "finalizers a/b, kubefed.io/sync-controller";
        assert_eq!(blocked(Value::Null), format!("{begin} (its controller {name} does not exist)"));
        let mut live = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"generation": 1},
            "spec": {"replicas": 1},
            "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1},
        });
        let text = blocked(live.clone());
        assert!(text.starts_with(&format!("{begin} (its controller {name}: ")), "{text}");
        live["status"]["readyReplicas"] = 1.into();
        live["status"]["availableReplicas"] = 1.into();
        assert_eq!(blocked(live), format!("{begin} (its controller is {name})"));
    }
}
