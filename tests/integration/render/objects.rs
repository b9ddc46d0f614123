//! The objects of each role as a whole.

use std::collections::BTreeSet;

use ksi::config::Configuration;
use ksi::facts::{Facts, KubernetesVersion};
use ksi::object::Policy;
use ksi::render;
use serde_json::json;

use super::{ROLES, everything, everything_with, find, get, walk};

#[test]
fn each_role_has_its_objects() {
    let counts: Vec<usize> = ROLES.iter().map(|role| everything(role).len()).collect();
    assert_eq!(counts, [303, 209, 209], "if you added or removed objects, adjust the numbers");
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
            assert!(
                namespace.is_none_or(|n| namespaces.contains(n)),
                "{}: no component renders its namespace",
                object.id
            );
        }
    }
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
            "Secret/kube-federation-system/kubefed-admission-webhook-serving-cert",
            "Secret/kubesphere-system/ks-controller-manager-webhook-cert",
            "Secret/kubesphere-system/kubesphere-secret",
            "Secret/kubesphere-system/redis-secret",
            "Secret/kubesphere-system/tower-ca",
            "User/admin",
            "WorkspaceTemplate/system-workspace",
            "Workspace/system-workspace",
        ]
    );
    assert_eq!(
        with(Policy::Patch),
        [
            "Namespace/default",
            "Namespace/kube-node-lease",
            "Namespace/kube-public",
            "Namespace/kube-system",
            "ClusterRole/cluster-admin",
        ]
    );
    assert_eq!(with(Policy::Embedded), ["ConfigMap/kubesphere-system/kubesphere-config"]);
    let secrets = host.iter().filter(|object| object.id.kind == "Secret");
    // Kubernetes fills this one, so that it never is what was created.
    let mut secrets = secrets.filter(|object| object.id.name != "kubesphere-sa-token");
    assert!(secrets.all(|object| object.policy == Policy::Create));
    let patched = host.iter().filter(|object| object.policy == Policy::Patch);
    for object in patched {
        let keys: Vec<_> = object.body.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["apiVersion", "kind", "metadata"], "{}", object.id);
    }
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
                assert!(find(&objects, &target).is_some(), "{}: no {target}", object.id);
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
            assert!(reached, "{}: no workload has the labels of its selector", object.id);
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
                    assert!(find(&objects, &target).is_some(), "{}: no {target}", object.id);
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
fn the_same_input_gives_the_same_objects() {
    for role in ROLES {
        assert_eq!(everything(role), everything(role));
    }
}

#[test]
fn images_of_the_configuration_or_all_of_them() {
    let none = Configuration::default();
    let names = |configuration: &Configuration, all| {
        let images = render::images(configuration, &Facts::default(), all).unwrap();
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
    let listed: BTreeSet<String> = render::images(&host, &Facts::default(), false)
        .unwrap()
        .iter()
        .map(render::Image::reference)
        .collect();
    for object in everything("host") {
        walk(&object.body, "", &mut |path, value| {
            if path.ends_with(".containers.image") {
                assert!(listed.contains(value.as_str().unwrap()), "{value}");
            }
        });
    }
}

/// The guides for importing EKS, GKE and AKS read the first Secret of the account.
#[test]
fn the_account_of_the_import_guides_has_a_token() {
    for (minor, has_token) in [(23, false), (24, true), (34, true)] {
        let kubernetes = KubernetesVersion { major: 1, minor };
        let objects = everything_with("member", &Facts { kubernetes, ..Facts::default() });
        let account = get(&objects, "ServiceAccount/kubesphere-system/kubesphere");
        let secret = find(&objects, "Secret/kubesphere-system/kubesphere-sa-token");
        assert_eq!(secret.is_some(), has_token, "1.{minor}");
        let Some(secret) = secret else {
            assert_eq!(account.get("secrets"), None);
            continue;
        };
        assert_eq!(account["secrets"][0]["name"], "kubesphere-sa-token");
        assert_eq!(secret["type"], "kubernetes.io/service-account-token");
        let annotations = &secret["metadata"]["annotations"];
        assert_eq!(annotations["kubernetes.io/service-account.name"], "kubesphere");
        assert_eq!(secret.get("data"), None, "the token controller fills it");
    }
}
