//! Placement of pods on nodes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FreeForm;
use super::section::section;

/// The placement keys of a section, in the same form for all sections.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Placement<'a> {
    /// Labels that a node must have.
    pub node_selector: Option<&'a BTreeMap<String, String>>,
    /// Taints that the pods tolerate.
    pub tolerations: Option<&'a [Toleration]>,
    /// A pod's `spec.affinity`.
    pub affinity: Option<&'a FreeForm>,
    /// A pod's `spec.affinity.nodeAffinity`.
    pub node_affinity: Option<&'a FreeForm>,
}

impl<'a> Placement<'a> {
    /// This placement, with the keys that it does not set from `fallback`: a component overrides its
    /// group, which overrides the global placement. An empty list or mapping counts as set, so that a
    /// component can disable a global rule.
    #[must_use]
    pub fn or(self, fallback: Placement<'a>) -> Self {
        Self {
            node_selector: self.node_selector.or(fallback.node_selector),
            tolerations: self.tolerations.or(fallback.tolerations),
            affinity: self.affinity.or(fallback.affinity),
            node_affinity: self.node_affinity.or(fallback.node_affinity),
        }
    }
}

/// A section with placement keys.
pub trait Placed {
    /// Its placement keys, without any fallback.
    fn placement(&self) -> Placement<'_>;
}

section! {
    /// A taint that pods tolerate, as in a pod.
    #[derive(Eq)]
    Toleration {
        /// The key of the taint. If not set, every key; this needs `operator: Exists`.
        key?: text,
        /// How `value` is compared. If not set, `Equal`.
        operator?: TolerationOperator,
        /// The taint's value.
        value?: String,
        /// The effect of the taint. If not set, every effect.
        effect?: TolerationEffect,
        /// Seconds that pods stay after a `NoExecute` taint was added. If not set, they stay.
        toleration_seconds?: i64,
    }
}

/// How a toleration's value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TolerationOperator {
    /// The taint only has to exist.
    Exists,
    /// The taint has this value.
    Equal,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TolerationEffect {
    /// They are not scheduled there.
    NoSchedule,
    /// They are scheduled there only if no other node fits.
    PreferNoSchedule,
    /// They are evicted.
    NoExecute,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Configuration;

    #[test]
    fn a_component_comes_before_the_global_rule_key_by_key() {
        let configuration: Configuration = serde_json::from_value(serde_json::json!({
            "nodeSelector": {"pool": "all"},
            "tolerations": [{"operator": "Exists"}],
            "multicluster": {"tower": {"nodeSelector": {"pool": "edge"}, "tolerations": []}},
        }))
        .unwrap();
        let tower = configuration.multicluster.tower.placement();
        let all = tower.or(configuration.multicluster.placement()).or(configuration.placement());
        assert_eq!(all.node_selector.unwrap()["pool"], "edge");
        assert_eq!(all.tolerations, Some(&[][..]));
        assert_eq!(all.affinity, None);
    }
}
