//! Why something that was deleted is still there.

use serde_json::Value;

use crate::object::ObjectId;
use crate::target::Finding;

/// What an object that is being deleted waits for: its finalizers, and what its own status says of
/// those of the objects in it.
pub(super) fn held_by(live: &Value) -> Option<String> {
    let texts = |list: &Value| -> Vec<String> {
        let list = list.as_array().into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let names = texts(&live["metadata"]["finalizers"]);
    let mut parts = Vec::new();
    match names.len() {
        0 => {}
        1 => parts.push(format!("finalizer {}", names[0])),
        _ => parts.push(format!("finalizers {}", names.join(", "))),
    }
    let conditions = live["status"]["conditions"].as_array().into_iter().flatten();
    let tells = |condition: &&Value| {
        let kind = condition["type"].as_str().unwrap_or_default();
        condition["status"] == "True"
            && (kind == "Terminating"
                || kind.starts_with("NamespaceContent")
                || kind.starts_with("NamespaceFinalizers")
                || kind.starts_with("NamespaceDeletion"))
    };
    let messages = conditions.filter(tells).filter_map(|condition| condition["message"].as_str());
    parts.extend(messages.map(|message| message.trim_end_matches(['.', ' ']).to_owned()));
    (!parts.is_empty()).then(|| parts.join("; "))
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
        assert_eq!(held_by(&json!({"metadata": {}})), None);
        let object = json!({"metadata": {"finalizers": ["a/b"]}});
        assert_eq!(held_by(&object).unwrap(), "finalizer a/b");
        let namespace = json!({"metadata": {}, "status": {"conditions": [
            {"type": "NamespaceDeletionContentFailure", "status": "False", "message": "none"},
            {"type": "NamespaceFinalizersRemaining", "status": "True",
             "message": "Some content in the namespace has finalizers remaining: a/b in 1 resource instances"},
        ]}});
        let held = held_by(&namespace).unwrap();
        assert!(held.ends_with("remaining: a/b in 1 resource instances"), "{held}");
    }
}
