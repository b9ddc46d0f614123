//! Placement of pods on nodes.

use serde_json::{Map, Value, json};

use crate::facts::KubernetesVersion;

/// The `spec` of a ClusterConfiguration with all defaults filled in. Keys that are optional and not
/// given are absent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spec<'a>(pub(super) &'a Value);

impl<'a> Spec<'a> {
    /// The value at a dotted path; `None` when a key is absent or null.
    fn value(self, path: &str) -> Option<&'a Value> {
        path.split('.').try_fold(self.0, |value, key| value.get(key)).filter(|v| !v.is_null())
    }
}

/// `nodeSelector`, `tolerations` and `affinity` of a pod; null if nothing is to be written.
///
/// Each key comes from the first of `sections` that sets it, or else from the top of the spec, or else
/// from the built-in default: preferably on control-plane nodes, and apart from pods with the same labels.
/// A `nodeAffinity` replaces only that part of the affinity.
pub(super) fn placement(
    spec: Spec<'_>,
    kubernetes: KubernetesVersion,
    sections: &[String],
    labels: &Value,
) -> Value {
    let given = |key: &str| {
        let in_sections = sections.iter().find_map(|s| spec.value(&format!("{s}.{key}")));
        in_sections.or_else(|| spec.value(key)).cloned()
    };
    let mut affinity = given("affinity").unwrap_or_else(|| built_in(kubernetes, labels));
    if let (Some(node), Some(affinity)) = (given("nodeAffinity"), affinity.as_object_mut()) {
        affinity.insert("nodeAffinity".into(), node);
    }
    let mut result = Map::new();
    result.insert("nodeSelector".into(), given("nodeSelector").unwrap_or_default());
    result.insert("tolerations".into(), given("tolerations").unwrap_or_else(tolerations));
    result.insert("affinity".into(), affinity);
    Value::Object(result)
}

/// Preferences only: a required anti-affinity blocks every rollout on a cluster with one node.
fn built_in(kubernetes: KubernetesVersion, labels: &Value) -> Value {
    // kubeadm labels control-plane nodes `control-plane` since 1.20; the old label is deprecated,
    // and the API server warns about pods that name it.
    let mut roles = vec!["node-role.kubernetes.io/control-plane"];
    if kubernetes.minor < 24 {
        roles.push("node-role.kubernetes.io/master");
    }
    let nodes: Vec<Value> = roles
        .into_iter()
        .map(|role| {
            let expression = json!({"key": role, "operator": "Exists"});
            json!({"weight": 100, "preference": {"matchExpressions": [expression]}})
        })
        .collect();
    json!({
        "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": nodes},
        "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{
            "weight": 100,
            "podAffinityTerm": {
                "topologyKey": "kubernetes.io/hostname",
                "labelSelector": {"matchLabels": labels},
            },
        }]},
    })
}

fn tolerations() -> Value {
    let schedule = |key: &str| json!({"key": key, "operator": "Exists", "effect": "NoSchedule"});
    let evict = |key: &str| json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60});
    json!([
        schedule("node-role.kubernetes.io/control-plane"),
        schedule("node-role.kubernetes.io/master"),
        {"key": "CriticalAddonsOnly", "operator": "Exists"},
        evict("node.kubernetes.io/not-ready"),
        evict("node.kubernetes.io/unreachable"),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(spec: &Value) -> Value {
        let sections = ["multicluster.tower".to_owned(), "multicluster".to_owned()];
        placement(Spec(spec), KubernetesVersion::NEWEST, &sections, &json!({"app": "tower"}))
    }

    #[test]
    fn the_nearest_section_wins_key_by_key() {
        let placed = place(&json!({
            "nodeSelector": {"pool": "all"},
            "tolerations": [{"operator": "Exists"}],
            "multicluster": {"nodeSelector": {"pool": "hosts"}, "tower": {"tolerations": []}},
        }));
        assert_eq!(placed["nodeSelector"], json!({"pool": "hosts"}));
        assert_eq!(placed["tolerations"], json!([]));
        assert!(placed["affinity"]["podAntiAffinity"].is_object());
    }

    #[test]
    fn a_node_affinity_replaces_only_that_part() {
        let given = json!({"requiredDuringSchedulingIgnoredDuringExecution": {}});
        let placed = place(&json!({"multicluster": {"nodeAffinity": given}}));
        assert_eq!(placed["affinity"]["nodeAffinity"], given);
        assert!(placed["affinity"]["podAntiAffinity"].is_object());
    }

    #[test]
    fn nothing_is_required_and_nothing_deprecated_is_named() {
        let placed = place(&Value::Null).to_string();
        assert!(!placed.contains("required"));
        assert!(
            !placed.contains(r#""key":"node-role.kubernetes.io/master","operator":"Exists"}]"#)
        );
        assert_eq!(place(&Value::Null)["nodeSelector"], Value::Null);
    }
}
