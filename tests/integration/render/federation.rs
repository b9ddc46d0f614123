//! What only a host has: Tower and KubeFed.

use serde_json::{Value, json};

use super::{everything, find, get, render};

#[test]
fn kubefed_carries_only_kinds_that_are_there() {
    let host = everything("host");
    let member = everything("member");
    let kubernetes = ["", "apps", "batch", "networking.k8s.io", "rbac.authorization.k8s.io"];
    let types: Vec<_> = host.iter().filter(|o| o.id.kind == "FederatedTypeConfig").collect();
    assert_eq!(types.len(), 28);
    for config in types {
        let spec = &config.body["spec"];
        let crd = |side: &str| {
            let group = spec[side]["group"].as_str().unwrap_or_default();
            let plural = spec[side]["pluralName"].as_str().unwrap();
            (group.to_owned(), format!("CustomResourceDefinition/{plural}.{group}"))
        };
        let (group, target) = crd("targetType");
        if !kubernetes.contains(&group.as_str()) {
            // On members too: a kind that one member lacks stops the type everywhere.
            for objects in [&host, &member] {
                serves(get(objects, &target), &spec["targetType"]);
            }
        }
        serves(get(&host, &crd("federatedType").1), &spec["federatedType"]);
    }
}

fn serves(crd: &Value, wanted: &Value) {
    assert_eq!(crd["spec"]["names"]["kind"], wanted["kind"]);
    assert_eq!(crd["spec"]["scope"], wanted["scope"]);
    let versions = crd["spec"]["versions"].as_array().unwrap();
    assert!(versions.iter().any(|v| v["name"] == wanted["version"] && v["served"] == true));
}

#[test]
fn the_types_that_kubefed_carries_can_be_chosen() {
    let objects = render(json!({"multicluster": {
        "clusterRole": "host", "kubefed": {"federatedTypes": ["deployments.apps"]},
    }}));
    let names: Vec<_> = objects
        .iter()
        .filter(|object| object.id.kind == "FederatedTypeConfig")
        .map(|object| object.id.name.as_str())
        .collect();
    assert_eq!(names, ["deployments.apps", "namespaces"]);
}

#[test]
fn without_kubefed_its_kinds_stay() {
    let objects = render(json!({"multicluster": {
        "clusterRole": "host", "kubefed": {"enabled": false},
    }}));
    assert!(find(&objects, "CustomResourceDefinition/kubefedclusters.core.kubefed.io").is_some());
    assert!(find(&objects, "CustomResourceDefinition/federatedusers.types.kubefed.io").is_some());
    let left = objects.iter().filter(|object| {
        object.component.starts_with("kubefed") && object.id.kind != "CustomResourceDefinition"
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn tower_is_exposed_as_configured() {
    let service = |service: Value| {
        let objects = render(json!({"multicluster": {
            "clusterRole": "host", "tower": {"service": service},
        }}));
        get(&objects, "Service/kubesphere-system/tower")["spec"].clone()
    };
    let default = service(json!({}));
    assert_eq!(default["type"], "LoadBalancer");
    assert_eq!(default["ports"], json!([{"port": 8080, "protocol": "TCP", "targetPort": 8080}]));
    assert_eq!(default["selector"]["app"], "tower");
    let node_port = service(json!({"type": "NodePort", "nodePort": 30721}));
    assert_eq!(node_port["ports"][0]["nodePort"], 30721);
    let internal = service(json!({"type": "ClusterIP"}));
    assert!(internal.get("externalTrafficPolicy").is_none());
    let balanced = service(json!({
        "loadBalancerIP": "192.0.2.7", "loadBalancerSourceRanges": ["192.0.2.0/24"],
    }));
    assert_eq!(balanced["loadBalancerIP"], "192.0.2.7");
    assert_eq!(balanced["loadBalancerSourceRanges"], json!(["192.0.2.0/24"]));
}

#[test]
fn a_given_authority_of_tower_is_used() {
    let objects = render(json!({"multicluster": {
        "clusterRole": "host", "tower": {"ca": {"secretName": "mine"}, "networkPolicy": false},
    }}));
    assert!(find(&objects, "Secret/kubesphere-system/tower-ca").is_none());
    assert!(find(&objects, "NetworkPolicy/kubesphere-system/tower").is_none());
    let tower = get(&objects, "Deployment/kubesphere-system/tower");
    assert_eq!(tower["spec"]["template"]["spec"]["volumes"][0]["secret"]["secretName"], "mine");
}
