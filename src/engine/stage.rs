//! In which steps the objects of a component are made, and in which objects are removed.

use std::ops::RangeInclusive;

use crate::object::{KindPattern, ObjectId, order, rules};

/// A step of a component. The next one begins when this one is done, and healthy where
/// `is_awaited`; only what is new of access and Services may come earlier, while kinds come up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Namespaces and kinds: one wave for all components.
    Foundation,
    /// Who may do what, and what pods mount.
    Access,
    /// How pods are reached.
    Services,
    /// What runs.
    Workloads,
    /// What calls into workloads.
    Webhooks,
    /// What controllers act upon.
    Resources,
}

impl Stage {
    const ALL: [Self; 6] = [
        Self::Foundation,
        Self::Access,
        Self::Services,
        Self::Workloads,
        Self::Webhooks,
        Self::Resources,
    ];

    /// The stage in which an object is made.
    pub fn of(id: &ObjectId) -> Self {
        let rank = order::rank(id);
        let order = &rules().order;
        let begins = rules().stages.in_order().map(|kind| order.iter().position(|k| k == kind));
        let mut stage = Self::Foundation;
        for (next, begin) in Self::ALL.into_iter().zip(begins) {
            if begin.is_some_and(|begin| begin <= rank) {
                stage = next;
            }
        }
        stage
    }

    /// Whether its objects have to be healthy before the next stage begins. The others have no health
    /// that says something: a Service without an address is not broken.
    pub(super) fn is_awaited(self) -> bool {
        matches!(self, Self::Foundation | Self::Workloads | Self::Webhooks | Self::Resources)
    }
}

/// The steps of a removal in which custom resources go.
pub(super) const RESOURCES: RangeInclusive<usize> = 1..=2;
/// The last step of a removal whose objects may need controllers to let them go.
pub(super) const LAST_WITH_CONTROLLERS: usize = 3;

/// In which step of a removal an object goes. Each is over before the next one begins: what serves
/// the finalizers of resources still runs while these go. So it does while their kinds go, after which
/// no controller can make new ones.
pub(super) fn removal(id: &ObjectId) -> usize {
    let is_one_of = |kinds: &[KindPattern]| kinds.iter().any(|kind| kind.matches(id));
    if is_one_of(&rules().delete_first) {
        return 0;
    }
    if is_one_of(&rules().delete_late) {
        return 2;
    }
    match Stage::of(id) {
        Stage::Webhooks => 0,
        Stage::Resources => 1,
        Stage::Foundation if id.kind != "Namespace" => 3,
        Stage::Workloads => 4,
        Stage::Services | Stage::Access => 5,
        Stage::Foundation => 6,
    }
}

/// In which step a custom resource of somebody else goes, whatever stage one of ours would have.
pub(super) fn removal_of_lost(id: &ObjectId) -> usize {
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
            ("v1", "Namespace", Stage::Foundation, 6),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition", Stage::Foundation, 3),
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
        assert!(RESOURCES.contains(&removal_of_lost(&theirs)));
    }
}
