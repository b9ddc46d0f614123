//! Why something that was deleted is still there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::health::{Health, assess};
use crate::object::{Finalizers, ObjectId, rules};
use crate::target::Finding;

/// The finalizer of definitions of kinds.
const DEFINITION: &str = "customresourcecleanup.apiextensions.k8s.io";

/// What an object that is being deleted waits for: its finalizers with those who take them off, as far
/// as these are known, and what its own status says of those of the objects in it.
pub(super) fn held_by(live: &Value, serving: &BTreeMap<ObjectId, Value>) -> Option<String> {
    let names: Vec<String> = finalizers(live)
        .map(|name| match server(name).and_then(|id| serving.get_key_value(&id)) {
            Some((id, live)) => format!("{name} ({})", serves(id, live)),
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
    let tells = |condition: &&Value| {
        let kind = condition["type"].as_str().unwrap_or_default();
        let goes_on = ["InstanceDeletionPending", "InstanceDeletionInProgress"];
        condition["status"] == "True"
            && !goes_on.iter().any(|reason| condition["reason"] == *reason)
            && (kind == "Terminating"
                || kind.starts_with("NamespaceContent")
                || kind.starts_with("NamespaceFinalizers")
                || kind.starts_with("NamespaceDeletion"))
    };
    let messages = conditions.filter(tells).filter_map(|condition| condition["message"].as_str());
    parts.extend(messages.map(|message| message.trim_end_matches(['.', ' ']).to_owned()));
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Who takes the finalizers of these objects off, as far as that is known.
pub(super) fn servers<'v>(live: impl Iterator<Item = &'v Value>) -> BTreeSet<ObjectId> {
    live.flat_map(finalizers).filter_map(server).collect()
}

/// Those that somebody has to take off: that of a definition is the API server's, which then says itself what
/// it waits for.
fn finalizers(live: &Value) -> impl Iterator<Item = &str> {
    let all = live["metadata"]["finalizers"].as_array().into_iter().flatten();
    all.filter_map(Value::as_str).filter(|name| *name != DEFINITION)
}

fn server(finalizer: &str) -> Option<ObjectId> {
    let known = rules().finalizers.iter().find(|known| finalizer.contains(&known.domain))?;
    let Finalizers { namespace, deployment, .. } = known;
    Some(ObjectId {
        group: "apps".to_owned(),
        version: "v1".to_owned(),
        kind: "Deployment".to_owned(),
        namespace: Some(namespace.clone()),
        name: deployment.clone(),
    })
}

fn serves(id: &ObjectId, live: &Value) -> String {
    if live.is_null() {
        return format!("nobody takes it off: {id} is not there");
    }
    match assess(live) {
        Health::Healthy => format!("{id} takes it off"),
        Health::Progressing { reason } | Health::Failed { reason } => {
            format!("{id} takes it off, but {reason}")
        }
    }
}

/// The same as a finding with what to do.
pub(super) fn still_there(id: &ObjectId, held: Option<String>) -> Finding {
    let namespace = id.namespace.as_ref().map(|n| format!(" -n {n}")).unwrap_or_default();
    let kind = match id.group.as_str() {
        "" => id.kind.to_lowercase(),
        group => format!("{}.{group}", id.kind.to_lowercase()),
    };
    let object = format!("{kind} {}{namespace}", id.name);
    let inside = matches!(id.kind.as_str(), "Namespace" | "CustomResourceDefinition");
    let (message, next_step) = match held {
        Some(names) if inside => (
            format!("it is deleted, but waits for {names}"),
            "see whether the controllers that have to remove these finalizers run, and run again; \
             if they are gone for good, take the finalizers off the objects that are named"
                .to_owned(),
        ),
        Some(names) => (
            format!("it is deleted, but waits for {names}"),
            format!(
                "see whether the controller that has to remove it runs, and run again; if that \
                 controller is gone for good: `kubectl patch {object} --type=merge -p \
                 '{{\"metadata\":{{\"finalizers\":null}}}}'`, which skips its clean-up"
            ),
        ),
        None => (
            "it is deleted, but still there".to_owned(),
            format!("see `kubectl describe {object}`, and run again"),
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
    fn finalizers_are_named_also_those_of_what_is_inside() {
        let none = BTreeMap::new();
        assert_eq!(held_by(&json!({"metadata": {}}), &none), None);
        let object = json!({"metadata": {"finalizers": ["a/b"]}});
        assert_eq!(held_by(&object, &none).unwrap(), "finalizer a/b");
        let namespace = json!({"metadata": {}, "status": {"conditions": [
            {"type": "NamespaceDeletionContentFailure", "status": "False", "message": "none"},
            {"type": "NamespaceFinalizersRemaining", "status": "True",
             "message": "Some content in the namespace has finalizers remaining: a/b in 1 resource instances"},
        ]}});
        let held = held_by(&namespace, &none).unwrap();
        assert!(held.ends_with("remaining: a/b in 1 resource instances"), "{held}");
    }

    #[test]
    fn of_a_definition_only_what_stops_it_is_told() {
        let definition = |reason: &str| {
            json!({
                "metadata": {"finalizers": [DEFINITION]},
                "status": {"conditions": [{
                    "type": "Terminating", "status": "True", "reason": reason, "message": "a.",
                }]},
            })
        };
        let none = BTreeMap::new();
        assert_eq!(held_by(&definition("InstanceDeletionInProgress"), &none), None);
        assert_eq!(held_by(&definition("InstanceDeletionCheck"), &none).unwrap(), "a");
    }

    #[test]
    fn who_takes_a_finalizer_off_is_named_and_looked_at() {
        let object = json!({"metadata": {"finalizers": ["a/b", "kubefed.io/sync-controller"]}});
        let id = servers([&object].into_iter()).into_iter().next().unwrap();
        let held = |live: Value| held_by(&object, &[(id.clone(), live)].into()).unwrap();
        let name = "Deployment/kube-federation-system/kubefed-controller-manager";
        let begin = "finalizers a/b, kubefed.io/sync-controller";
        assert_eq!(
            held(Value::Null),
            format!("{begin} (nobody takes it off: {name} is not there)")
        );
        let mut live = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"generation": 1},
            "spec": {"replicas": 1},
            "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1},
        });
        let said = held(live.clone());
        assert!(said.starts_with(&format!("{begin} ({name} takes it off, but ")), "{said}");
        live["status"]["readyReplicas"] = 1.into();
        live["status"]["availableReplicas"] = 1.into();
        assert_eq!(held(live), format!("{begin} ({name} takes it off)"));
    }
}
