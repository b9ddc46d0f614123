//! The templates and what comes out of them, for every role.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ksi::config::Configuration;
use ksi::facts::Facts;
use ksi::object::{Object, Policy};
use ksi::render::{self, Input};
use ksi::values::{Certificate, SecretText, ValueSource, Values};
use serde_json::{Value, json};

const ROLES: [&str; 3] = ["host", "member", "none"];

fn values() -> Values {
    let text = |text: &str| SecretText { text: text.to_owned(), source: ValueSource::Generated };
    let pair = |name: &str| Certificate {
        certificate: format!("{name} certificate\n"),
        key: format!("{name} key\n"),
        source: ValueSource::Generated,
    };
    Values {
        jwt_secret: text("jwt-secret"),
        static_token: text("static-token"),
        admin_password: text("admin-password"),
        admin_password_hash: text("admin-hash"),
        redis_password: text("redis-password"),
        tower_ca: pair("tower"),
        webhook_ca: pair("webhook-ca"),
        controller_manager_webhook: pair("controller-manager"),
        kubefed_webhook: pair("kubefed"),
    }
}

fn render_with(spec: Value, facts: &Facts) -> Vec<Object> {
    let configuration = Configuration::from_json(spec).unwrap();
    let values = values();
    let input = Input {
        configuration: &configuration,
        facts,
        values: &values,
        version: render::DEFAULT_VERSION,
    };
    render::render(&input).unwrap_or_else(|problems| {
        panic!("{:#?}", problems.iter().map(|p| p.message.clone()).collect::<Vec<_>>())
    })
}

fn render(spec: Value) -> Vec<Object> {
    render_with(spec, &Facts::default())
}

/// Everything that can be rendered, for one role.
fn everything(role: &str) -> Vec<Object> {
    render(json!({
        "multicluster": {"clusterRole": role},
        "common": {"redis": {"enabled": true}},
        "metrics_server": {"enabled": true},
    }))
}

fn find<'a>(objects: &'a [Object], name: &str) -> Option<&'a Value> {
    objects.iter().find(|object| object.id.to_string() == name).map(|object| &object.body)
}

fn get<'a>(objects: &'a [Object], name: &str) -> &'a Value {
    find(objects, name).unwrap_or_else(|| panic!("no {name}"))
}

/// Each value in a tree with its path.
fn walk(value: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, value);
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| walk(v, &format!("{path}.{k}"), visit)),
        Value::Array(items) => items.iter().for_each(|item| walk(item, path, visit)),
        _ => {}
    }
}

fn templates() -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|e| e == "j2") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"), &mut found);
    assert!(found.len() > 20);
    found
}

/// Whether `{{ }}` in a line stands where a whole YAML value stands, alone or behind a key.
fn is_whole_value(line: &str) -> bool {
    let mut rest = line.trim_start();
    while let Some(item) = rest.strip_prefix("- ") {
        rest = item;
    }
    let value = match rest.split_once(": ") {
        Some((key, value)) if !key.contains("{{") => {
            let key = key.strip_prefix('"').and_then(|k| k.strip_suffix('"')).unwrap_or(key);
            let plain = |c: char| c.is_alphanumeric() || "_./-".contains(c);
            if key.is_empty() || !key.chars().all(plain) {
                return false;
            }
            value
        }
        _ => rest,
    };
    let inner = value.strip_prefix("{{ ").and_then(|v| v.strip_suffix(" }}"));
    inner.is_some_and(|inner| !inner.contains("{{") && !inner.contains("}}"))
}

#[test]
fn values_stand_only_where_a_whole_value_stands() {
    assert!(is_whole_value("  - name: {{ a.b }}"));
    assert!(is_whole_value("{{ a }}"));
    for wrong in ["- --name={{ a }}", "a: {{ b }}/{{ c }}", "a: \"{{ b }}\"", "a: x {{ b }}"] {
        assert!(!is_whole_value(wrong), "{wrong}");
    }
    for (path, text) in templates() {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| line.contains("{{")) {
            assert!(is_whole_value(line), "{}:{}: {line}", path.display(), number + 1);
        }
    }
}

#[test]
fn templates_use_no_way_around_the_formatter() {
    for (path, text) in templates() {
        for (number, line) in text.lines().enumerate() {
            let place = format!("{}:{}: {line}", path.display(), number + 1);
            let Some(tag) =
                line.split_once("{%").map(|(_, tag)| tag.trim_start_matches(['-', '+', ' ']))
            else {
                continue;
            };
            // A tag has its line to itself, so that it cannot join two values.
            assert!(line.starts_with("{%") && line.ends_with("%}"), "{place}");
            let word = tag.split_whitespace().next().unwrap();
            let known = ["if", "elif", "else", "endif", "for", "endfor", "set", "include"];
            assert!(known.contains(&word), "{place}");
            assert!(word != "set" || tag.contains('='), "{place}: captures a block");
        }
        for word in ["stringData", "hostPath", "hostNetwork", "| safe", "|safe", "autoescape"] {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn every_path_into_the_spec_exists() {
    let properties = |schema: &Value, root: &Value| {
        let name = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next());
        let target = name.map_or(schema, |name| &root["$defs"][name]);
        target["properties"].clone()
    };
    let root = ksi::config::spec_schema();
    for (path, text) in templates() {
        for part in text.split("spec.").skip(1) {
            let dotted: String = part
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "_.".contains(*c))
                .collect();
            let mut schema = root.clone();
            for key in dotted.trim_end_matches('.').split('.') {
                // `spec.nodeName` and the like are fields of manifests.
                let found = properties(&schema, &root)[key].clone();
                assert!(!found.is_null(), "{}: spec.{dotted}: {key}", path.display());
                schema = found;
            }
        }
    }
}

#[test]
fn each_role_has_its_objects() {
    let counts: Vec<usize> = ROLES.iter().map(|role| everything(role).len()).collect();
    assert_eq!(counts, [302, 208, 208]);
    let host = everything("host");
    let member = everything("member");
    for name in [
        "CustomResourceDefinition/notificationmanagers.notification.kubesphere.io",
        "CustomResourceDefinition/clusters.cluster.kubesphere.io",
        "Deployment/kubesphere-system/ks-apiserver",
        "User/admin",
    ] {
        assert!(find(&host, name).is_some() && find(&member, name).is_some(), "{name}");
    }
    for name in [
        "CustomResourceDefinition/federatedusers.types.kubefed.io",
        "Deployment/kubesphere-system/tower",
        "Deployment/kube-federation-system/kubefed-controller-manager",
        "Namespace/kube-federation-system",
        "ValidatingWebhookConfiguration/cluster.kubesphere.io",
    ] {
        assert!(find(&host, name).is_some() && find(&member, name).is_none(), "{name}");
    }
}

#[test]
fn an_object_is_rendered_once_and_in_its_scope() {
    const OF_THE_CLUSTER: &[&str] = &[
        "APIService",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "GlobalRole",
        "GlobalRoleBinding",
        "MutatingWebhookConfiguration",
        "Namespace",
        "RoleBase",
        "User",
        "ValidatingWebhookConfiguration",
        "Workspace",
        "WorkspaceRole",
        "WorkspaceTemplate",
    ];
    for role in ROLES {
        let objects = everything(role);
        let mut seen = BTreeSet::new();
        let namespaces: BTreeSet<&str> = objects
            .iter()
            .filter(|object| object.id.kind == "Namespace")
            .map(|object| object.id.name.as_str())
            .collect();
        for object in &objects {
            assert!(seen.insert(object.id.clone()), "{} twice", object.id);
            let expected = !OF_THE_CLUSTER.contains(&object.id.kind.as_str());
            assert_eq!(object.id.namespace.is_some(), expected, "{}", object.id);
            let namespace = object.id.namespace.as_deref();
            assert!(namespace.is_none_or(|n| namespaces.contains(n)), "{}", object.id);
        }
    }
}

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
fn what_must_never_be_rendered_is_not() {
    for role in ROLES {
        for object in everything(role) {
            let labels = &object.body["metadata"]["labels"];
            let managed = labels.get("kubefed.io/managed");
            assert!(managed.is_none_or(|value| value == "false"), "{}", object.id);
            walk(&object.body, "", &mut |path, value| {
                let key = path.rsplit('.').next().unwrap_or_default();
                let never = ["stringData", "hostPath", "hostNetwork", "hostPID", "privileged"];
                assert!(!never.contains(&key), "{}{path}", object.id);
                assert!(!value.is_null(), "{}{path}", object.id);
            });
        }
    }
}

#[test]
fn the_policies_leave_to_others_what_is_theirs() {
    let host = everything("host");
    let with = |policy| {
        let objects = host.iter().filter(move |object| object.policy == policy);
        objects.map(|object| object.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        with(Policy::Create),
        [
            "Secret/kubesphere-system/redis-secret",
            "Secret/kubesphere-system/kubesphere-secret",
            "Secret/kubesphere-system/ks-controller-manager-webhook-cert",
            "WorkspaceTemplate/system-workspace",
            "Workspace/system-workspace",
            "User/admin",
            "Secret/kube-federation-system/kubefed-admission-webhook-serving-cert",
            "Secret/kubesphere-system/tower-ca",
        ]
    );
    assert_eq!(
        with(Policy::Patch),
        [
            "Namespace/default",
            "Namespace/kube-system",
            "Namespace/kube-public",
            "Namespace/kube-node-lease",
            "ClusterRole/cluster-admin",
        ]
    );
    assert_eq!(with(Policy::Embedded), ["ConfigMap/kubesphere-system/kubesphere-config"]);
    let secrets = host.iter().filter(|object| object.id.kind == "Secret");
    assert!(secrets.into_iter().all(|object| object.policy == Policy::Create));
    let patched = host.iter().filter(|object| object.policy == Policy::Patch);
    for object in patched {
        let keys: Vec<_> = object.body.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["apiVersion", "kind", "metadata"], "{}", object.id);
    }
}

#[test]
fn pods_pass_the_restricted_profile() {
    for object in everything("host") {
        let Some(pod) = object.body.pointer("/spec/template/spec") else {
            continue;
        };
        let Some(containers) = pod["containers"].as_array() else {
            continue;
        };
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
fn every_reference_between_objects_has_its_target() {
    for role in ROLES {
        let objects = everything(role);
        for object in &objects {
            let namespace = object.id.namespace.as_deref().unwrap_or_default();
            let Some(pod) = object.body.pointer("/spec/template/spec") else {
                continue;
            };
            walk(pod, "", &mut |path, value| {
                let kind = match path {
                    ".volumes.secret.secretName"
                    | ".containers.env.valueFrom.secretKeyRef.name" => "Secret",
                    ".volumes.configMap.name" => "ConfigMap",
                    ".volumes.persistentVolumeClaim.claimName" => "PersistentVolumeClaim",
                    ".serviceAccountName" => "ServiceAccount",
                    _ => return,
                };
                let target = format!("{kind}/{namespace}/{}", value.as_str().unwrap());
                assert!(find(&objects, &target).is_some(), "{}: {target}", object.id);
            });
        }
        // Services and webhooks reach pods.
        for object in objects.iter().filter(|object| object.id.kind == "Service") {
            let selector = object.body["spec"]["selector"].as_object().unwrap();
            let reached = objects.iter().any(|other| {
                let labels = &other.body["spec"]["template"]["metadata"]["labels"];
                other.id.namespace == object.id.namespace
                    && selector.iter().all(|(k, v)| labels.get(k) == Some(v))
            });
            assert!(reached, "{}", object.id);
        }
        for object in &objects {
            walk(&object.body, "", &mut |path, value| {
                if path.ends_with("lientConfig.service") {
                    let (namespace, name) = (&value["namespace"], &value["name"]);
                    let target = format!(
                        "Service/{}/{}",
                        namespace.as_str().unwrap(),
                        name.as_str().unwrap()
                    );
                    assert!(find(&objects, &target).is_some(), "{}: {target}", object.id);
                }
            });
        }
    }
}

#[test]
fn the_authority_of_webhooks_is_the_generated_one() {
    use base64::Engine as _;
    let expected = base64::engine::general_purpose::STANDARD.encode("webhook-ca certificate\n");
    let mut bundles = 0;
    for object in everything("host") {
        walk(&object.body, "", &mut |path, value| {
            if path.ends_with(".caBundle") && object.id.kind != "CustomResourceDefinition"
                || path.ends_with("clientConfig.caBundle")
            {
                assert_eq!(value.as_str(), Some(expected.as_str()), "{}{path}", object.id);
                bundles += 1;
            }
        });
    }
    // ks-core: 5 single ones and twice 3; KubeFed: 3 and 1; the kinds with a conversion: 2.
    assert_eq!(bundles, 17);
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

#[test]
fn the_console_has_a_node_port_where_its_type_has_one() {
    for (kind, port) in [("NodePort", json!(30880)), ("ClusterIP", Value::Null)] {
        let objects = render(json!({"common": {"core": {"console": {"type": kind}}}}));
        let ports = &get(&objects, "Service/kubesphere-system/ks-console")["spec"]["ports"];
        assert_eq!(ports[0]["nodePort"], port);
    }
}

/// The document `kubesphere.yaml`.
fn document(objects: &[Object]) -> Value {
    let mut sources = ksi::diagnostic::Sources::default();
    let id = sources.add("kubesphere.yaml", kubesphere_yaml(objects));
    let (documents, problems) = ksi::yaml::parse(&sources, id);
    assert!(problems.is_empty(), "{problems:?}");
    documents[0].to_json()
}

fn kubesphere_yaml(objects: &[Object]) -> &str {
    let config = get(objects, "ConfigMap/kubesphere-system/kubesphere-config");
    config["data"]["kubesphere.yaml"].as_str().unwrap()
}

#[test]
fn the_guides_find_the_secret_with_grep() {
    for role in ROLES {
        let objects = everything(role);
        let text = kubesphere_yaml(&objects);
        let lines: Vec<_> = text.lines().filter(|line| line.contains("jwtSecret")).collect();
        assert_eq!(lines, ["  jwtSecret: jwt-secret"]);
        // A tab or a trailing blank makes kubectl print the whole text as one line.
        assert!(text.lines().all(|line| line == line.trim_end() && !line.contains('\t')));
    }
}

#[test]
fn kubesphere_has_no_reason_to_rewrite_its_configuration() {
    let config = |spec: Value| document(&render(spec));
    let host = config(json!({"multicluster": {"clusterRole": "host"}}));
    assert_eq!(host["multicluster"]["clusterName"], "host");
    assert_eq!(host["multicluster"]["enable"], true);
    assert_eq!(host["authentication"]["oauthOptions"]["accessTokenMaxAge"], "2h0m0s");
    let named = config(json!({"multicluster": {"clusterRole": "host", "hostClusterName": "hq"}}));
    assert_eq!(named["multicluster"]["clusterName"], "hq");
    assert_eq!(named["multicluster"]["hostClusterName"], "hq");
    let member =
        config(json!({"multicluster": {"clusterRole": "member", "clusterName": "member1"}}));
    assert_eq!(
        member["multicluster"],
        json!({"clusterRole": "member", "enable": false, "clusterName": "member1"})
    );
    for key in ["accessTokenMaxAge", "accessTokenInactivityTimeout"] {
        assert_eq!(member["authentication"]["oauthOptions"][key], "0s");
    }
    let none = config(json!({}));
    assert_eq!(none["multicluster"], json!({"clusterRole": "none"}));
}

#[test]
fn oauth_options_of_the_user_come_first_and_no_key_twice() {
    let config = document(&render(json!({"authentication": {"oauthOptions": {
        "accessTokenMaxAge": 0,
        "identityProviders": [{"name": "ldap"}],
        "clients": [{"name": "grafana"}],
    }}})));
    let options = &config["authentication"]["oauthOptions"];
    assert_eq!(options["accessTokenMaxAge"], "0s");
    assert_eq!(options["accessTokenInactivityTimeout"], "2h0m0s");
    let clients = options["clients"].as_array().unwrap();
    let names: Vec<_> = clients.iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["grafana", "kubesphere"]);
}

#[test]
fn sections_of_unmanaged_components_are_written() {
    let config = document(&render(json!({
        "devops": {"enabled": true},
        "openpitrix": {"store": {"enabled": true}},
        "servicemesh": {"enabled": true},
        "logging": {"enabled": true},
        "events": {"enabled": true},
        "auditing": {"enabled": true},
        "alerting": {"enabled": true},
        "edgeruntime": {"enabled": true},
        "network": {
            "networkpolicy": {"enabled": true},
            "ippool": {"type": "calico"},
            "topology": {"type": "weave-scope"},
        },
        "common": {"opensearch": {
            "externalOpensearchHost": "search.example", "externalOpensearchPort": "9201",
        }},
    })));
    let keys: Vec<_> = config.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "authentication",
            "ldap",
            "cache",
            "s3",
            "network",
            "devops",
            "servicemesh",
            "openpitrix",
            "multicluster",
            "monitoring",
            "gpu",
            "notification",
            "logging",
            "events",
            "auditing",
            "alerting",
            "edgeruntime",
            "terminal",
            "gateway",
        ]
    );
    assert_eq!(config["logging"]["host"], "https://search.example:9201");
    assert_eq!(config["logging"]["indexPrefix"], "ks-whizard-logging");
    assert_eq!(config["auditing"]["enable"], true);
    assert_eq!(config["devops"]["password"], "static-token");
    assert_eq!(config["network"]["enableNetworkPolicy"], true);
    assert_eq!(config["network"]["weaveScopeHost"], "weave-scope-app.weave");
}

#[test]
fn elasticsearch_serves_where_opensearch_is_off() {
    let config = document(&render(json!({
        "logging": {"enabled": true},
        "events": {"enabled": true},
        "common": {
            "opensearch": {"enabled": false},
            "es": {"enabled": true, "externalElasticsearchHost": "es.example",
                   "externalElasticsearchPort": 9200},
        },
    })));
    assert_eq!(config["logging"]["host"], "http://es.example:9200");
    assert_eq!(config["logging"]["indexPrefix"], "ks-logstash-log");
    assert_eq!(config["events"]["indexPrefix"], "ks-logstash-events");
    assert!(config["logging"].get("password").is_none());
}

#[test]
fn hostile_texts_stay_texts() {
    let hostile = [
        "line\nbreak: true\n---\nkind: Pod",
        "\"'quoted' and \\escaped\"",
        "a: b # not a comment",
        "--- {{ values.jwtSecret }} {% raw %}",
        "*alias &anchor !tag | > @ ` %",
        "  blanks  ",
        "yes",
        "null",
        "0o17",
        "\u{7f}\u{85}\u{2028}\u{feff}",
    ];
    for text in hostile {
        let objects = render(json!({
            "local_registry": text,
            "nodeSelector": {text: text},
            "persistence": {"storageClass": text},
            "common": {"redis": {"enabled": true}},
            "images": {"pullSecrets": [text]},
            "terminal": {"image": text},
            "gateway": {"namespace": text},
            "authentication": {"oauthOptions": {text: text}},
            "multicluster": {
                "clusterRole": "host", "proxyPublishAddress": text, "hostClusterName": text,
                "agentImage": text, "clusterControllerResyncPeriod": text,
                "tower": {
                    "service": {"annotations": {text: text}, "loadBalancerIP": text},
                    "ca": {"secretName": text},
                },
            },
        }));
        let service = get(&objects, "Service/kubesphere-system/tower");
        assert_eq!(service["metadata"]["annotations"], json!({text: text}));
        assert_eq!(service["spec"]["loadBalancerIP"], text);
        let tower =
            &get(&objects, "Deployment/kubesphere-system/tower")["spec"]["template"]["spec"];
        assert_eq!(tower["nodeSelector"], json!({text: text}));
        assert_eq!(tower["volumes"][0]["secret"]["secretName"], text);
        assert_eq!(tower["imagePullSecrets"], json!([{"name": text}]));
        let image = tower["containers"][0]["image"].as_str().unwrap();
        assert!(image.ends_with("/kubesphere/tower:v0.2.1") && image.starts_with(text), "{image}");
        let claim = get(&objects, "PersistentVolumeClaim/kubesphere-system/redis-pvc");
        assert_eq!(claim["spec"]["storageClassName"], text);
        // And in the document inside the document, as KubeSphere will read it.
        let config = document(&objects);
        let section = &config["multicluster"];
        for key in ["proxyPublishAddress", "hostClusterName", "clusterName", "agentImage"] {
            assert_eq!(section[key], text, "{key}");
        }
        assert_eq!(config["terminal"]["image"], text);
        assert_eq!(config["authentication"]["oauthOptions"][text], text);
        // A text cannot make or hide an object either.
        assert_eq!(objects.len(), 292);
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

#[test]
fn a_component_lists_the_images_and_webhooks_that_it_renders() {
    for component in render::components() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(&component.name);
        let own = templates().into_iter().filter(|(path, _)| path.starts_with(&folder));
        for (path, text) in own {
            for name in text.split("image(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(component.images.iter().any(|i| i == name), "{}: {name}", path.display());
            }
        }
    }
    let host = everything("host");
    for component in render::components() {
        for webhook in &component.webhooks {
            assert!(find(&host, webhook).is_some(), "{webhook}");
        }
    }
    // Every webhook that can refuse a write is waited for.
    let listed: BTreeSet<String> =
        render::components().iter().flat_map(|c| c.webhooks.clone()).collect();
    for object in host.iter().filter(|o| o.id.kind.ends_with("WebhookConfiguration")) {
        let fails = object.body["webhooks"].as_array().unwrap();
        if fails.iter().any(|webhook| webhook["failurePolicy"] == "Fail") {
            assert!(listed.contains(&object.id.to_string()), "{}", object.id);
        }
    }
}

#[test]
fn images_of_the_configuration_or_all_of_them() {
    let none = Configuration::default();
    let names = |configuration: &Configuration, all| {
        let images = render::images(configuration, all);
        images.into_iter().map(|image| image.name).collect::<Vec<_>>()
    };
    let own = names(&none, false);
    assert!(own.contains(&"ks-apiserver".to_owned()) && !own.contains(&"tower".to_owned()));
    let all = names(&none, true);
    assert!(all.contains(&"tower".to_owned()) && all.len() > own.len());
    // Nothing is pulled that the list does not name.
    let host = Configuration::from_json(json!({
        "multicluster": {"clusterRole": "host"},
        "common": {"redis": {"enabled": true}},
        "metrics_server": {"enabled": true},
    }))
    .unwrap();
    let listed: BTreeSet<String> =
        render::images(&host, false).iter().map(render::Image::reference).collect();
    for object in everything("host") {
        walk(&object.body, "", &mut |path, value| {
            if path.ends_with(".containers.image") {
                assert!(listed.contains(value.as_str().unwrap()), "{value}");
            }
        });
    }
}

#[test]
fn the_same_input_gives_the_same_objects() {
    for role in ROLES {
        assert_eq!(everything(role), everything(role));
    }
}
