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
/// The step in which controllers are deleted that must not see what is deleted after them.
pub(super) const CONTROLLERS: usize = 1;
/// The step in which workloads are deleted.
pub(super) const WORKLOADS: usize = CRDS + 1;
/// The last step: the namespace with the inventory.
pub(super) const LAST: usize = WORKLOADS + 3;
/// The steps in which custom resources are deleted: the last ones are for `deleteLate` of the rules.
pub(super) const RESOURCES: RangeInclusive<usize> = 2..=4;
/// The step in which CRDs are deleted.
const CRDS: usize = 5;
/// The last step whose objects may have finalizers of controllers.
pub(super) const LAST_WITH_CONTROLLERS: usize = CRDS;

/// The step in which an object is deleted. Each is complete before the next one begins: controllers still run
/// while the resources with their finalizers are deleted, and while the CRDs are, after which no controller
/// can create new ones; but for those that delete too much.
pub(super) fn removal(id: &ObjectId) -> usize {
    let is_one_of = |kinds: &[KindPattern]| kinds.iter().any(|kind| kind.matches(id));
    // Where it starts anew it installs everything again.
    let is_installer = id.is("apps", "Deployment")
        && id.name == kubesphere::INSTALLER
        && id.namespace.as_deref() == Some(kubesphere::SYSTEM);
    if is_installer || is_one_of(&rules().delete_first) {
        return WEBHOOKS;
    }
    if rules().finalizers.iter().any(|known| known.stopped_first && known.controller() == *id) {
        return CONTROLLERS;
    }
    if let Some(late) = rules().delete_late.iter().position(|kinds| is_one_of(kinds)) {
        return RESOURCES.start() + 1 + late;
    }
    match Stage::of(id) {
        Stage::Webhooks => WEBHOOKS,
        Stage::Resources => *RESOURCES.start(),
        Stage::Prerequisites if id.kind != "Namespace" => CRDS,
        Stage::Workloads => WORKLOADS,
        Stage::Services | Stage::Access => WORKLOADS + 1,
        Stage::Prerequisites => WORKLOADS + 2,
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
            ("v1", "Namespace", Stage::Prerequisites, 8),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition", Stage::Prerequisites, 5),
            ("v1", "ResourceQuota", Stage::Access, 7),
            ("v1", "ServiceAccount", Stage::Access, 7),
            ("v1", "Secret", Stage::Access, 7),
            ("core.kubefed.io/v1beta1", "KubeFedConfig", Stage::Access, 7),
            ("v1", "Service", Stage::Services, 7),
            ("apps/v1", "Deployment", Stage::Workloads, 6),
            ("batch/v1", "Job", Stage::Workloads, 6),
            ("apiregistration.k8s.io/v1", "APIService", Stage::Webhooks, 0),
            (
                "admissionregistration.k8s.io/v1",
                "ValidatingWebhookConfiguration",
                Stage::Webhooks,
                0,
            ),
            ("core.kubefed.io/v1beta1", "FederatedTypeConfig", Stage::Resources, 4),
            ("iam.kubesphere.io/v1alpha2", "User", Stage::Resources, 2),
            ("types.kubefed.io/v1beta1", "FederatedConfigMap", Stage::Resources, 2),
            ("types.kubefed.io/v1beta1", "FederatedNamespace", Stage::Resources, 3),
            ("unheard.of/v1", "Anything", Stage::Resources, 2),
            ("cluster.kubesphere.io/v1alpha1", "Cluster", Stage::Resources, 4),
        ] {
            let id = id(api, kind);
            assert_eq!((Stage::of(&id), removal(&id)), (stage, removed), "{kind}");
        }
        let manager = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "ks-controller-manager", "namespace": kubesphere::SYSTEM},
        });
        assert_eq!(removal(&ObjectId::of(&manager).unwrap()), CONTROLLERS);
        assert_eq!(RESOURCES.count(), 1 + rules().delete_late.len());
        // Somebody else's of a kind of which ours is made early.
        let theirs = id("core.kubefed.io/v1beta1", "KubeFedConfig");
        assert!(RESOURCES.contains(&cascading_removal(&theirs)));
    }
}
