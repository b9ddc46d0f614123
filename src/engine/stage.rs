//! The stages in which a component is applied, and the steps in which objects are deleted.

use std::ops::RangeInclusive;

use crate::object::{KindPattern, ObjectId, kubesphere, order, rules};

/// A stage of a component. The next one begins when this one is written, and healthy if `is_awaited`. Only
/// new objects of access and Services may be written earlier, until new kinds are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Namespaces and CRDs, for all components at once.
    Prerequisites,
    /// RBAC, and what pods mount.
    Access,
    /// Services.
    Services,
    /// Workloads.
    Workloads,
    /// Webhooks, which call workloads.
    Webhooks,
    /// Resources that controllers reconcile.
    Resources,
}

impl Stage {
    const ALL: [Self; 6] = [
        Self::Prerequisites,
        Self::Access,
        Self::Services,
        Self::Workloads,
        Self::Webhooks,
        Self::Resources,
    ];

    /// The stage of an object.
    pub fn of(id: &ObjectId) -> Self {
        let rank = order::rank(id);
        let order = &rules().order;
        let begins = rules().stages.in_order().map(|kind| order.iter().position(|k| k == kind));
        let mut stage = Self::Prerequisites;
        for (next, begin) in Self::ALL.into_iter().zip(begins) {
            if begin.is_some_and(|begin| begin <= rank) {
                stage = next;
            }
        }
        stage
    }

    /// Whether its objects must be healthy before the next stage. The health of the others means nothing: a
    /// Service without an address is not broken.
    pub(super) fn is_awaited(self) -> bool {
        matches!(self, Self::Prerequisites | Self::Workloads | Self::Webhooks | Self::Resources)
    }
}

/// The step in which webhooks are deleted.
pub(super) const WEBHOOKS: usize = 0;
/// The step in which workloads are deleted.
pub(super) const WORKLOADS: usize = 4;
/// The last step: the namespace with the inventory.
pub(super) const LAST: usize = 7;
/// The steps in which custom resources are deleted.
pub(super) const RESOURCES: RangeInclusive<usize> = 1..=2;
/// The last step whose objects may have finalizers of controllers.
pub(super) const LAST_WITH_CONTROLLERS: usize = 3;

/// The step in which an object is deleted. Each is complete before the next one begins: controllers still run
/// while the resources with their finalizers are deleted, and while the CRDs are, after which no controller
/// can create new ones.
pub(super) fn removal(id: &ObjectId) -> usize {
    let is_one_of = |kinds: &[KindPattern]| kinds.iter().any(|kind| kind.matches(id));
    // Where it starts anew it installs everything again.
    let is_installer = id.is("apps", "Deployment")
        && id.name == kubesphere::INSTALLER
        && id.namespace.as_deref() == Some(kubesphere::SYSTEM);
    if is_installer || is_one_of(&rules().delete_first) {
        return WEBHOOKS;
    }
    if is_one_of(&rules().delete_late) {
        return 2;
    }
    match Stage::of(id) {
        Stage::Webhooks => WEBHOOKS,
        Stage::Resources => 1,
        Stage::Prerequisites if id.kind != "Namespace" => 3,
        Stage::Workloads => WORKLOADS,
        Stage::Services | Stage::Access => 5,
        Stage::Prerequisites => 6,
    }
}

/// The step of a cascading delete, whatever stage an object of ours would have.
pub(super) fn cascading_removal(id: &ObjectId) -> usize {
    removal(id).clamp(*RESOURCES.start(), *RESOURCES.end())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(api: &str, kind: &str) -> ObjectId {
        ObjectId::of(&json!({"apiVersion": api, "kind": kind, "metadata": {"name": "x"}})).unwrap()
    }

    #[test]
    fn every_kind_has_its_stage() {
        for (api, kind, stage, removed) in [
            ("v1", "Namespace", Stage::Prerequisites, 6),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition", Stage::Prerequisites, 3),
            ("v1", "ResourceQuota", Stage::Access, 5),
            ("v1", "ServiceAccount", Stage::Access, 5),
            ("v1", "Secret", Stage::Access, 5),
            ("core.kubefed.io/v1beta1", "KubeFedConfig", Stage::Access, 5),
            ("v1", "Service", Stage::Services, 5),
            ("apps/v1", "Deployment", Stage::Workloads, 4),
            ("batch/v1", "Job", Stage::Workloads, 4),
            ("apiregistration.k8s.io/v1", "APIService", Stage::Webhooks, 0),
            (
                "admissionregistration.k8s.io/v1",
                "ValidatingWebhookConfiguration",
                Stage::Webhooks,
                0,
            ),
            ("core.kubefed.io/v1beta1", "FederatedTypeConfig", Stage::Resources, 2),
            ("iam.kubesphere.io/v1alpha2", "User", Stage::Resources, 1),
            ("unheard.of/v1", "Anything", Stage::Resources, 1),
            ("cluster.kubesphere.io/v1alpha1", "Cluster", Stage::Resources, 2),
        ] {
            let id = id(api, kind);
            assert_eq!((Stage::of(&id), removal(&id)), (stage, removed), "{kind}");
        }
        // Somebody else's of a kind of which ours is made early.
        let theirs = id("core.kubefed.io/v1beta1", "KubeFedConfig");
        assert!(RESOURCES.contains(&cascading_removal(&theirs)));
    }
}
