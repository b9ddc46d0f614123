//! Which webhooks intercept which writes.

use serde_json::Value;

use super::manifest::{items, text};
use crate::health::selects_labels;
use crate::object::ObjectId;
use crate::rights::plural;

/// An operation, as webhook rules name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Update,
    Delete,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// A write.
#[derive(Debug, Clone)]
pub(super) struct Written<'a> {
    pub(super) id: &'a ObjectId,
    /// The labels of the object after the write.
    pub(super) labels: Value,
    pub(super) operation: Operation,
}

/// A configuration with only those webhooks that certainly intercept one of the writes and fail closed;
/// `None` if there are none.
pub(super) fn intercepted(
    mut configuration: Value,
    writes: &[Written<'_>],
    namespace: &impl Fn(&str) -> Value,
) -> Option<Value> {
    let blocks = |webhook: &Value| {
        // CEL expressions are not evaluated here.
        let is_unconditional = items(&webhook["matchConditions"]).next().is_none();
        is_unconditional
            && webhook["failurePolicy"] != "Ignore"
            && writes.iter().any(|write| intercepts(webhook, write, namespace))
    };
    let webhooks: Vec<Value> =
        items(&configuration["webhooks"]).filter(|webhook| blocks(webhook)).cloned().collect();
    if webhooks.is_empty() {
        return None;
    }
    configuration["webhooks"] = Value::Array(webhooks);
    Some(configuration)
}

fn intercepts(webhook: &Value, write: &Written<'_>, namespace: &impl Fn(&str) -> Value) -> bool {
    let Written { id, labels, operation } = write;
    let has = |list: &Value, wanted: &str| items(list).any(|e| e == "*" || text(e) == wanted);
    let plural = plural(&id.kind);
    let is_namespace = id.is_namespace();
    let matches_rule = items(&webhook["rules"]).any(|rule| {
        let resource = has(&rule["resources"], &plural) || has(&rule["resources"], "*/*");
        let in_scope = match rule["scope"].as_str() {
            Some("Namespaced") => id.namespace.is_some(),
            Some("Cluster") => id.namespace.is_none(),
            _ => true,
        };
        resource
            && in_scope
            && has(&rule["operations"], operation.as_str())
            && has(&rule["apiGroups"], &id.group)
            && has(&rule["apiVersions"], &id.version)
    });
    // Cluster-scoped objects are in no namespace that a selector could exclude; a Namespace is its own.
    let scope = id.namespace.as_deref().or(is_namespace.then_some(id.name.as_str()));
    matches_rule
        && scope.is_none_or(|name| selects_labels(&webhook["namespaceSelector"], &namespace(name)))
        && selects_labels(&webhook["objectSelector"], labels)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn webhook(more: &Value) -> Value {
        let mut webhook = json!({
            "name": "a.b.c", "failurePolicy": "Fail",
            "rules": [{"apiGroups": ["apps"], "apiVersions": ["*"], "resources": ["deployments"],
                "operations": ["CREATE"]}],
        });
        for (key, value) in more.as_object().unwrap() {
            webhook[key] = value.clone();
        }
        webhook
    }

    #[test]
    fn only_webhooks_that_certainly_intercept_a_write_are_kept() {
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "a", "namespace": "n", "labels": {"app": "a"}}});
        let id = ObjectId::of(&deployment).unwrap();
        let labels = deployment["metadata"]["labels"].clone();
        let create = Written { id: &id, labels, operation: Operation::Create };
        let update = Written { operation: Operation::Update, ..create.clone() };
        let namespace = |name: &str| json!({"kubernetes.io/metadata.name": name});
        let not_in_n = json!({"matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["n"]}]});
        for (more, write, expected) in [
            (json!({}), &create, true),
            (json!({}), &update, false),
            (json!({"failurePolicy": "Ignore"}), &create, false),
            (json!({"matchConditions": [{"name": "x", "expression": "true"}]}), &create, false),
            (json!({"namespaceSelector": not_in_n}), &create, false),
            (json!({"objectSelector": {"matchLabels": {"app": "a"}}}), &create, true),
            (json!({"objectSelector": {"matchLabels": {"app": "b"}}}), &create, false),
            (
                json!({"rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"],
                "operations": ["*"], "scope": "Cluster"}]}),
                &create,
                false,
            ),
        ] {
            let configuration = json!({"webhooks": [webhook(&more)]});
            let left = intercepted(configuration, std::slice::from_ref(write), &namespace);
            assert_eq!(left.is_some(), expected, "{more}");
        }
    }
}
