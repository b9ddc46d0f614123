//! Which pods belong to a workload.

use serde_json::Value;

/// Whether a pod belongs to the selector of a Deployment, `StatefulSet`, `DaemonSet`, `ReplicaSet` or Job.
///
/// By namespace and labels alone: apps/v1 rejects selectors that do not match the workload's own
/// template, so owner references need not be followed. An empty selector selects nothing here.
pub fn selects(workload: &Value, pod: &Value) -> bool {
    let namespace = |object: &Value| {
        // Servers always set it; files may omit it.
        object["metadata"]["namespace"].as_str().unwrap_or("default").to_owned()
    };
    let selector = &workload["spec"]["selector"];
    let labels = selector["matchLabels"].as_object().is_some_and(|labels| !labels.is_empty());
    let expressions = selector["matchExpressions"].as_array().is_some_and(|list| !list.is_empty());
    if !(labels || expressions) || namespace(workload) != namespace(pod) {
        return false;
    }
    selects_labels(selector, &pod["metadata"]["labels"])
}

/// Whether labels match a selector. An empty selector matches everything.
pub fn selects_labels(selector: &Value, labels: &Value) -> bool {
    let all = selector["matchLabels"].as_object().into_iter().flatten();
    let expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    all.into_iter().all(|(key, value)| labels.get(key) == Some(value))
        && expressions.into_iter().all(|expression| matches(expression, labels))
}

fn matches(expression: &Value, labels: &Value) -> bool {
    let Some(key) = expression["key"].as_str() else { return false };
    let label = labels.get(key).filter(|label| !label.is_null());
    let listed = || {
        let values = expression["values"].as_array();
        values.into_iter().flatten().any(|value| Some(value) == label)
    };
    match expression["operator"].as_str() {
        Some("In") => listed(),
        Some("NotIn") => !listed(),
        Some("Exists") => label.is_some(),
        Some("DoesNotExist") => label.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn by_labels_expressions_and_namespace() {
        let pod = json!({"metadata": {"namespace": "a", "labels": {"app": "tower", "tier": "x"}}});
        let cases = [
            (json!({"matchLabels": {"app": "tower"}}), true),
            (json!({"matchLabels": {"app": "tower", "tier": "x"}}), true),
            (json!({"matchLabels": {"app": "other"}}), false),
            (json!({"matchLabels": {"app": "tower", "more": "y"}}), false),
            (
                json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["tower"]}]}),
                true,
            ),
            (
                json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["b"]}]}),
                false,
            ),
            (
                json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["b"]}]}),
                true,
            ),
            (
                json!({"matchExpressions": [{"key": "no", "operator": "NotIn", "values": ["b"]}]}),
                true,
            ),
            (json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]}), true),
            (json!({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}), false),
            (json!({"matchExpressions": [{"key": "app", "operator": "Gt"}]}), false),
            (
                json!({"matchLabels": {"app": "tower"},
                    "matchExpressions": [{"key": "no", "operator": "Exists"}]}),
                false,
            ),
            (json!({}), false),
            (json!({"matchLabels": {}}), false),
            (json!(null), false),
            (json!({"app": "tower"}), false),
        ];
        for (selector, expected) in cases {
            let workload = |namespace: &str| json!({"metadata": {"namespace": namespace}, "spec": {"selector": selector}});
            assert_eq!(selects(&workload("a"), &pod), expected, "{selector}");
            assert!(!selects(&workload("b"), &pod), "{selector}");
        }
    }
}
