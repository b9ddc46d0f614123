//! Pods: rights, selectors, replicas, placement.

use std::collections::{BTreeMap, BTreeSet};

use ksi::facts::{Facts, KubernetesVersion};
use ksi::object::{Object, Policy};
use ksi::render;
use serde_json::{Value, json};

use super::{document, everything, find, get, render as rendered, render_with, walk};

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
        let objects = rendered(json!({"common": {"redis": {"enabled": enabled}}}));
        let all = objects.iter().map(|o| o.body.to_string()).collect::<String>();
        assert_eq!(all.contains("redis-secret"), enabled);
        assert!(document(&objects)["cache"]["type"] == kind);
    }
}

#[test]
fn the_console_has_a_node_port_where_its_type_has_one() {
    for (kind, port) in [("NodePort", json!(30880)), ("ClusterIP", Value::Null)] {
        let objects = rendered(json!({"common": {"core": {"console": {"type": kind}}}}));
        let ports = &get(&objects, "Service/kubesphere-system/ks-console")["spec"]["ports"];
        assert_eq!(ports[0]["nodePort"], port);
    }
}

#[test]
fn placement_reaches_every_pod() {
    let objects = rendered(json!({
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

/// The `ConfigMap`s and Secrets that a workload reads only at its start: environment variables, files mounted by
/// `subPath`, which are never updated, and all other `ConfigMap`s, which no program here watches. Not read is
/// ks-router-config: versions before 3.2 read it.
fn read_at_the_start(pod: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(pod, "", &mut |path, value| {
        let (kind, name) = match path.rsplit('.').next().unwrap_or_default() {
            "configMapKeyRef" | "configMapRef" | "configMap" => ("ConfigMap", &value["name"]),
            "secretKeyRef" | "secretRef" => ("Secret", &value["name"]),
            _ => return,
        };
        found.extend(name.as_str().map(|name| format!("{kind}/{name}")));
    });
    walk(pod, "", &mut |path, mount| {
        if path.ends_with(".volumeMounts") && mount["subPath"].is_string() {
            let volumes = pod["volumes"].as_array().unwrap();
            let volume = volumes.iter().find(|volume| volume["name"] == mount["name"]).unwrap();
            let secret = volume["secret"]["secretName"].as_str();
            found.extend(secret.map(|name| format!("Secret/{name}")));
        }
    });
    found.remove("ConfigMap/ks-router-config");
    found
}

/// A pod that keeps its old configuration until somebody restarts it is a fault; so is a restart without need.
#[test]
fn workloads_restart_when_what_they_read_at_their_start_changes_and_only_then() {
    let checksum = |workload: &Object| {
        let annotation = "/spec/template/metadata/annotations/ksi.kubesphere.io~1configuration";
        workload.body.pointer(annotation).cloned()
    };
    let host = |name: &str| json!({"clusterRole": "host", "hostClusterName": name});
    let redis = |enabled: bool| json!({"redis": {"enabled": enabled}});
    let facts =
        |minor| Facts { kubernetes: KubernetesVersion { major: 1, minor }, ..Facts::default() };
    let variants = [
        render_with(json!({"multicluster": host("a"), "common": redis(true)}), &facts(28)),
        render_with(json!({"multicluster": host("a"), "common": redis(false)}), &facts(28)),
        render_with(json!({"multicluster": host("b"), "common": redis(true)}), &facts(28)),
        render_with(json!({"multicluster": host("a"), "enableHA": true}), &facts(28)),
        render_with(json!({"multicluster": host("a"), "common": redis(true)}), &facts(29)),
        render_with(
            json!({"multicluster": host("a"), "authentication": {"maximumClockSkew": "99s"}}),
            &facts(28),
        ),
    ];
    let mut restarted = BTreeSet::new();
    for (before, after) in variants.iter().flat_map(|v| variants.iter().map(move |w| (v, w))) {
        for old in before.iter().filter(|object| object.id.kind == "Deployment") {
            let Some(new) = after.iter().find(|object| object.id == old.id) else { continue };
            let namespace = old.id.namespace.as_deref().unwrap();
            let reads = read_at_the_start(old.body.pointer("/spec/template/spec").unwrap());
            // A Secret that is only created never changes.
            let text = |objects: &[Object], name: &str| {
                let (kind, name) = name.split_once('/').unwrap();
                let id = format!("{kind}/{namespace}/{name}");
                let object = objects.iter().find(|o| o.id.to_string() == id);
                object.filter(|o| o.policy != Policy::Create).map(|o| o.body["data"].to_string())
            };
            let changes = reads.iter().any(|name| text(before, name) != text(after, name));
            assert_eq!(checksum(old) != checksum(new), changes, "{} reads {reads:?}", old.id);
            if changes {
                restarted.insert(old.id.name.clone());
            }
        }
    }
    let names = ["ks-apiserver", "ks-console", "ks-controller-manager"];
    assert_eq!(restarted.into_iter().collect::<Vec<_>>(), names);
}

/// Whoever is configured to call another component is changed only when that one is healthy.
#[test]
fn components_need_those_that_their_configuration_names() {
    let objects = everything("host");
    let mut named = BTreeSet::new();
    for service in objects.iter().filter(|object| object.id.kind == "Service") {
        let namespace = service.id.namespace.as_deref().unwrap();
        let address = format!("{}.{namespace}.svc", service.id.name);
        for user in objects.iter().filter(|object| object.component != service.component) {
            if user.body.to_string().contains(&address) {
                named.insert((user.component.as_str(), service.component.as_str()));
            }
        }
    }
    assert!(named.contains(&("ks-core", "redis")), "{named:?}");
    // ks-apiserver never calls Tower, it only hands out its address.
    named.remove(&("ks-core", "tower"));
    for (user, named) in named {
        let component = render::components().iter().find(|c| c.name == user).unwrap();
        assert!(component.needs.iter().any(|need| need == named), "{user} needs {named}");
    }
}
