//! Which nodes accept a pod.

use serde_json::Value;

use super::manifest::{items, text};

/// Whether a node accepts pods of this specification, as far as selectors and taints say it.
pub(super) fn admits(node: &Value, pod: &Value) -> bool {
    let labels = &node["metadata"]["labels"];
    let selected = pod["nodeSelector"].as_object().into_iter().flatten();
    node["spec"]["unschedulable"] != true
        && selected.into_iter().all(|(key, value)| labels[key] == *value)
        && items(&node["spec"]["taints"])
            .filter(|taint| taint["effect"] != "PreferNoSchedule")
            .all(|taint| items(&pod["tolerations"]).any(|t| tolerates(t, taint)))
}

fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let effect = text(&toleration["effect"]);
    let key = text(&toleration["key"]);
    let exists = toleration["operator"] == "Exists";
    (effect.is_empty() || taint["effect"] == effect)
        && (if key.is_empty() { exists } else { taint["key"] == key })
        && (exists || text(&toleration["value"]) == text(&taint["value"]))
}
