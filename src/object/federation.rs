//! Which federated kinds KubeFed handles.

use std::collections::BTreeSet;

use serde_json::Value;

use super::is_terminating;

/// The configuration of namespaces: without it KubeFed handles no other kind with a namespace.
const NAMESPACES: &str = "namespaces";

/// The kinds of federated objects for which KubeFed runs a controller, by the `FederatedTypeConfigs` in its
/// namespace (`federatedtypeconfig/controller.go` of KubeFed 0.10).
pub(super) fn handled(configs: &[&Value], namespace: &str) -> BTreeSet<String> {
    let in_force = configs
        .iter()
        .filter(|config| config["metadata"]["namespace"] == namespace && !is_terminating(config));
    let in_force: Vec<&&Value> = in_force.collect();
    let is_of_namespaces = |config: &Value| config["metadata"]["name"] == NAMESPACES;
    let has_namespaces = in_force.iter().any(|config| is_of_namespaces(config));
    let runs = |config: &&&Value| {
        let spec = &config["spec"];
        let needs_namespaces = spec["targetType"]["scope"] == "Namespaced";
        spec["propagation"] == "Enabled" && (has_namespaces || !needs_namespaces)
    };
    let kinds = in_force
        .iter()
        .filter(|config| runs(config))
        .filter_map(|config| config["spec"]["federatedType"]["kind"].as_str().map(str::to_owned));
    kinds.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(name: &str, kind: &str, scope: &str) -> Value {
        json!({
            "metadata": {"name": name, "namespace": "kf"},
            "spec": {
                "propagation": "Enabled",
                "federatedType": {"kind": kind},
                "targetType": {"scope": scope},
            },
        })
    }

    #[test]
    fn kinds_are_handled_as_long_as_their_configuration_and_that_of_namespaces_are_in_force() {
        let namespaces = config("namespaces", "FederatedNamespace", "Cluster");
        let maps = config("configmaps", "FederatedConfigMap", "Namespaced");
        let users = config("users.iam.kubesphere.io", "FederatedUser", "Cluster");
        let of = |configs: &[&Value]| handled(configs, "kf").into_iter().collect::<Vec<_>>();
        let all = ["FederatedConfigMap", "FederatedNamespace", "FederatedUser"];
        assert_eq!(of(&[&namespaces, &maps, &users]), all);
        assert_eq!(of(&[&maps, &users]), ["FederatedUser"]);
        assert_eq!(handled(&[&users], "other").len(), 0);
        let (mut ending, mut off) = (maps.clone(), users.clone());
        ending["metadata"]["deletionTimestamp"] = json!("2027-01-15T08:00:00Z");
        off["spec"]["propagation"] = json!("Disabled");
        assert_eq!(of(&[&namespaces, &ending, &off]), ["FederatedNamespace"]);
    }
}
