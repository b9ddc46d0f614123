//! Pods: rights, selectors, replicas, placement.

use std::collections::BTreeMap;

use ksi::facts::Facts;
use serde_json::{Value, json};

use super::{document, everything, find, get, render, render_with};

#[test]
fn pods_pass_the_restricted_profile() {
    for object in everything("host") {
        let Some(pod) = object.body.pointer("/spec/template/spec") else {
            continue;
        };
        let Some(containers) = pod["containers"].as_array() else {
            continue;
        };
        // Pod Security `restricted`; templates/tower/50-deployment.yaml.j2 has it all.
        let id = &object.id;
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{id}");
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{id}");
        assert!(pod["securityContext"]["runAsUser"].as_i64().unwrap() > 0, "{id}");
        for container in containers {
            let context = &container["securityContext"];
            assert_eq!(context["allowPrivilegeEscalation"], false, "{id}");
            assert_eq!(context["capabilities"], json!({"drop": ["ALL"]}), "{id}");
            assert!(container["readinessProbe"].is_object(), "{id}");
        }
        assert_eq!(
            object.body["spec"]["selector"]["matchLabels"],
            object.body["spec"]["template"]["metadata"]["labels"],
            "{id}"
        );
    }
}

/// Immutable: a Deployment that ks-installer made can be taken over only with the same selector.
#[test]
fn selectors_are_those_of_ks_installer() {
    let host = everything("host");
    let selector = |name: &str| get(&host, name)["spec"]["selector"]["matchLabels"].clone();
    for (name, tier) in [
        ("ks-apiserver", "backend"),
        ("ks-controller-manager", "backend"),
        ("ks-console", "frontend"),
    ] {
        let name_of = format!("Deployment/kubesphere-system/{name}");
        assert_eq!(selector(&name_of), json!({"app": name, "tier": tier}));
    }
    assert_eq!(
        selector("Deployment/kubesphere-system/tower"),
        json!({"app": "tower", "app.kubernetes.io/name": "tower"})
    );
    assert_eq!(
        selector("Deployment/kube-federation-system/kubefed-controller-manager"),
        json!({"kubefed-control-plane": "controller-manager"})
    );
    assert_eq!(
        selector("Deployment/kube-federation-system/kubefed-admission-webhook"),
        json!({"kubefed-admission-webhook": "true"})
    );
}

#[test]
fn replicas_follow_redis_and_the_control_plane() {
    let facts = Facts { nodes: 5, control_plane_nodes: 3, ..Facts::default() };
    let replicas = |spec: Value| {
        let objects = render_with(spec, &facts);
        let of = |name: &str| {
            get(&objects, &format!("Deployment/{name}"))["spec"]["replicas"].as_u64().unwrap()
        };
        let core = "kubesphere-system/ks-";
        (
            of(&format!("{core}apiserver")),
            of(&format!("{core}controller-manager")),
            find(&objects, "Secret/kubesphere-system/redis-secret").is_some(),
            of("kube-federation-system/kubefed-controller-manager"),
        )
    };
    let host = json!({"clusterRole": "host"});
    assert_eq!(replicas(json!({"multicluster": host})), (1, 3, false, 2));
    let redis = json!({"multicluster": host, "common": {"redis": {"enabled": true}}});
    assert_eq!(replicas(redis), (3, 3, true, 2));
    assert_eq!(replicas(json!({"multicluster": host, "enableHA": true})), (3, 3, true, 2));
}

#[test]
fn redis_is_named_only_where_it_is() {
    for (enabled, kind) in [(false, "InMemoryCache"), (true, "redis")] {
        let objects = render(json!({"common": {"redis": {"enabled": enabled}}}));
        let all = objects.iter().map(|o| o.body.to_string()).collect::<String>();
        assert_eq!(all.contains("redis-secret"), enabled);
        assert!(document(&objects)["cache"]["type"] == kind);
    }
}

#[test]
fn the_console_has_a_node_port_where_its_type_has_one() {
    for (kind, port) in [("NodePort", json!(30880)), ("ClusterIP", Value::Null)] {
        let objects = render(json!({"common": {"core": {"console": {"type": kind}}}}));
        let ports = &get(&objects, "Service/kubesphere-system/ks-console")["spec"]["ports"];
        assert_eq!(ports[0]["nodePort"], port);
    }
}

#[test]
fn placement_reaches_every_pod() {
    let objects = render(json!({
        "nodeSelector": {"pool": "all"},
        "tolerations": [],
        "common": {"redis": {"enabled": true, "nodeSelector": {"pool": "redis"}}},
        "metrics_server": {"enabled": true},
        "multicluster": {"clusterRole": "host", "kubefed": {"nodeSelector": {"pool": "fed"}}},
    }));
    let mut pools: BTreeMap<String, String> = BTreeMap::new();
    for object in objects.iter().filter(|object| object.id.kind == "Deployment") {
        let pod = &object.body["spec"]["template"]["spec"];
        assert_eq!(pod["tolerations"], json!([]), "{}", object.id);
        let pool = pod["nodeSelector"]["pool"].as_str().unwrap().to_owned();
        pools.insert(object.id.name.clone(), pool);
    }
    assert_eq!(pools.len(), 9);
    assert_eq!(pools["redis"], "redis");
    assert_eq!(pools["kubefed-controller-manager"], "fed");
    assert_eq!(pools["ks-apiserver"], "all");
}
