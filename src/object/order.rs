//! The order in which objects are created and deleted, from `schemas/rules.yaml`.

use std::cmp::Ordering;

use super::{KindPattern, Object, ObjectId, rules};

/// Sorts objects into the order of creation: dependencies come first. The order is total, so the result
/// does not depend on the order of the input.
pub fn sort(objects: &mut [Object]) {
    objects.sort_by_cached_key(|object| (rank(&object.id), object.id.clone()));
}

/// Compares by the order of creation.
fn compare(a: &ObjectId, b: &ObjectId) -> Ordering {
    rank(a).cmp(&rank(b)).then_with(|| a.cmp(b))
}

/// Compares by the order of deletion: webhooks first, then the reverse order of creation.
pub fn compare_removal(a: &ObjectId, b: &ObjectId) -> Ordering {
    let is_first = |id: &ObjectId| rules().delete_first.iter().any(|kind| kind.matches(id));
    is_first(b).cmp(&is_first(a)).then_with(|| compare(b, a))
}

/// The place of an object's kind among all kinds, from 0.
pub fn rank(id: &ObjectId) -> usize {
    let order = &rules().order;
    let named = order.iter().position(|kind| *kind != KindPattern::Any && kind.matches(id));
    let others = || order.iter().position(|kind| *kind == KindPattern::Any);
    named.or_else(others).unwrap_or(order.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(api: &str, kind: &str, name: &str) -> ObjectId {
        ObjectId::of(&json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}})).unwrap()
    }

    #[test]
    fn what_others_need_comes_first() {
        let chain = [
            id("v1", "Namespace", "z"),
            id("apiextensions.k8s.io/v1", "CustomResourceDefinition", "a"),
            id("rbac.authorization.k8s.io/v1", "ClusterRole", "a"),
            id("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "a"),
            id("v1", "ConfigMap", "a"),
            // Found by a real controller manager that was started first: it makes one of its own.
            id("core.kubefed.io/v1beta1", "KubeFedConfig", "kubefed"),
            id("v1", "Service", "a"),
            id("apps/v1", "Deployment", "a"),
            id("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "a"),
            id("iam.kubesphere.io/v1alpha2", "GlobalRole", "a"),
            id("iam.kubesphere.io/v1alpha2", "GlobalRoleBinding", "a"),
            id("unheard.of/v1", "Anything", "a"),
            id("cluster.kubesphere.io/v1alpha1", "Cluster", "host"),
        ];
        for pair in chain.windows(2) {
            assert_eq!(compare(&pair[0], &pair[1]), Ordering::Less, "{} {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn removal_begins_with_webhooks_and_ends_with_namespaces() {
        let mut ids = [
            id("v1", "Namespace", "a"),
            id("apiextensions.k8s.io/v1", "CustomResourceDefinition", "a"),
            id("apps/v1", "Deployment", "a"),
            id("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "a"),
            id("unheard.of/v1", "Anything", "a"),
        ];
        ids.sort_by(compare_removal);
        let kinds: Vec<_> = ids.iter().map(|id| id.kind.as_str()).collect();
        let expected = [
            "ValidatingWebhookConfiguration",
            "Anything",
            "Deployment",
            "CustomResourceDefinition",
            "Namespace",
        ];
        assert_eq!(kinds, expected);
    }
}
