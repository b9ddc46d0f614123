//! Which webhooks are asked about which writes.

use serde_json::Value;

use super::see::{items, text};
use crate::health::selects_labels;
use crate::object::ObjectId;
use crate::rights::plural;

/// What is done with an object, in the words of webhook rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Update,
    Delete,
}

impl Operation {
    fn word(self) -> &'static str {
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
    /// Of the object as it is then.
    pub(super) labels: Value,
    pub(super) operation: Operation,
}

/// A configuration with only those webhooks that are certainly asked about one of the writes, and
/// refuse when they do not answer; `None` when there is none.
pub(super) fn guarded(
    mut configuration: Value,
    writes: &[Written<'_>],
    namespace: &impl Fn(&str) -> Value,
) -> Option<Value> {
    let asked = |webhook: &Value| {
        // What an expression says is not known here.
        let is_plain = items(&webhook["matchConditions"]).next().is_none();
        is_plain
            && webhook["failurePolicy"] != "Ignore"
            && writes.iter().any(|write| is_asked(webhook, write, namespace))
    };
    let webhooks: Vec<Value> =
        items(&configuration["webhooks"]).filter(|webhook| asked(webhook)).cloned().collect();
    if webhooks.is_empty() {
        return None;
    }
    configuration["webhooks"] = Value::Array(webhooks);
    Some(configuration)
}

fn is_asked(webhook: &Value, write: &Written<'_>, namespace: &impl Fn(&str) -> Value) -> bool {
    let Written { id, labels, operation } = write;
    let has = |list: &Value, wanted: &str| items(list).any(|e| e == "*" || text(e) == wanted);
    let plural = plural(&id.kind);
    let is_namespace = id.is_namespace();
    let ruled = items(&webhook["rules"]).any(|rule| {
        let resource = has(&rule["resources"], &plural) || has(&rule["resources"], "*/*");
        let scope = match rule["scope"].as_str() {
            Some("Namespaced") => id.namespace.is_some(),
            Some("Cluster") => id.namespace.is_none(),
            _ => true,
        };
        resource
            && scope
            && has(&rule["operations"], operation.word())
            && has(&rule["apiGroups"], &id.group)
            && has(&rule["apiVersions"], &id.version)
    });
    // Objects of the cluster are in no namespace that could be left out, but a namespace is its own.
    let place = id.namespace.as_deref().or(is_namespace.then_some(id.name.as_str()));
    ruled
        && place.is_none_or(|name| selects_labels(&webhook["namespaceSelector"], &namespace(name)))
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
    fn only_what_is_certainly_asked_about_a_write_is_left() {
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
            let left = guarded(configuration, std::slice::from_ref(write), &namespace);
            assert_eq!(left.is_some(), expected, "{more}");
        }
    }
}
