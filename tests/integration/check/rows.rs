//! For each check what makes it fail, and a part of what it says then.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ksi::availability::{Asked, Found, Holders};
use ksi::check::{DryRun, Part, Rights};
use ksi::inventory::{Inventory, Key};
use ksi::object::{Held, rules};
use ksi::registry::{Digest, Error, ErrorKind};
use ksi::rights::Right;
use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::healthy::Fixture;

type Row = (&'static str, &'static str, fn(&mut Fixture));

pub(crate) const ROWS: &[Row] = &[
    ("api-reachable", "returns no version", |f| f.gathered.version = Ok(json!({"hello": "world"}))),
    ("kubernetes-version", "needs 1.22", |f| {
        f.gathered.version = Ok(json!({"gitVersion": "v1.21.9"}));
    }),
    ("kubernetes-version", "untested", |f| {
        f.gathered.version = Ok(json!({"gitVersion": "v1.99.0"}));
    }),
    ("kubelet-versions", "node n1: kubelet version `kwok-v0.7.0` is not", |f| {
        f.edit(Part::Nodes, "n1")["status"]["nodeInfo"]["kubeletVersion"] = json!("kwok-v0.7.0");
    }),
    ("kubelet-versions", "node n1: kubelet 1.35", |f| {
        f.edit(Part::Nodes, "n1")["status"]["nodeInfo"]["kubeletVersion"] = json!("v1.35.0");
    }),
    ("kubelet-versions", "node n1: kubelet 1.30", |f| {
        f.edit(Part::Nodes, "n1")["status"]["nodeInfo"]["kubeletVersion"] = json!("v1.30.0");
    }),
    ("server-side-apply", "policy says no", |f| {
        f.gathered.dry_run = Ok(DryRun::Refused("policy says no".to_owned()));
    }),
    ("clock-skew", "95 s ahead of the clock of this machine", |f| {
        f.gathered.server_time = Ok(f.now + Duration::seconds(95));
    }),
    ("clock-skew", "7200 s behind the clock of this machine", |f| {
        f.gathered.server_time = Ok(f.now - Duration::hours(2));
    }),
    ("api-services", "v1beta1.metrics.k8s.io: no answer", |f| {
        f.put(Part::ApiServices, json!({
            "metadata": {"name": "v1beta1.metrics.k8s.io"},
            "status": {"conditions": [{"type": "Available", "status": "False", "message": "no answer"}]}}));
    }),
    ("rights", "cannot create, patch deployments.apps in kubesphere-system", |f| {
        f.gathered.rights =
            missing(&[("create", "deployments.apps"), ("patch", "deployments.apps")]);
    }),
    ("rights-escalation", "cannot escalate clusterroles.rbac", |f| {
        f.gathered.rights = missing(&[("escalate", "clusterroles.rbac.authorization.k8s.io")]);
    }),
    ("rights-lock", "cannot update leases.coordination.k8s.io", |f| {
        f.gathered.rights = missing(&[("update", "leases.coordination.k8s.io")]);
    }),
    ("nodes-ready", "no node is ready", |f| {
        f.edit(Part::Nodes, "n1")["status"]["conditions"][0]["status"] = json!("Unknown");
    }),
    ("nodes-ready", "the cluster has no nodes", |f| f.drop(Part::Nodes, "n1")),
    ("nodes-pressure", "node n1: DiskPressure", |f| with_condition(f, "DiskPressure")),
    ("nodes-network", "node n1: NetworkUnavailable", |f| with_condition(f, "NetworkUnavailable")),
    ("nodes-architecture", "n1 is s390x", |f| {
        f.edit(Part::Nodes, "n1")["status"]["nodeInfo"]["architecture"] = json!("s390x");
    }),
    ("nodes-schedulable", "no ready node accepts Deployment/", |f| {
        f.edit(Part::Nodes, "n1")["spec"] =
            json!({"taints": [{"key": "mine", "value": "yes", "effect": "NoSchedule"}]});
    }),
    ("nodes-cpu", "but all nodes together have 0.3 cores", |f| {
        f.edit(Part::Nodes, "n1")["status"]["allocatable"]["cpu"] = json!("300m");
    }),
    ("nodes-memory", "the largest node has 10 Mi", |f| {
        f.edit(Part::Nodes, "n1")["status"]["allocatable"]["memory"] = json!("10Mi");
    }),
    ("storage-class-default", "there is no default StorageClass", |f| {
        f.edit(Part::StorageClasses, "local")["metadata"]["annotations"] = Value::Null;
    }),
    ("storage-class-default", "several StorageClasses are the default: local, other", |f| {
        let mut other = f.edit(Part::StorageClasses, "local").clone();
        other["metadata"]["name"] = json!("other");
        f.put(Part::StorageClasses, other);
    }),
    ("storage-class-named", "StorageClass `fast` does not exist", |f| {
        f.configure(&json!({"persistence": {"storageClass": "fast"}}));
    }),
    ("volume-claims", "kubesphere-system/redis is Pending", |f| {
        f.put(
            Part::Claims,
            json!({
            "metadata": {"name": "redis", "namespace": "kubesphere-system"},
            "status": {"phase": "Pending"}}),
        );
    }),
    ("dns", "kube-system/kube-dns has no ready pod", |f| f.drop(Part::Endpoints, "kube-dns-x")),
    ("dns", "kube-system/kube-dns does not exist", |f| f.drop(Part::Services, "kube-dns")),
    ("console-port", "30880 is used by Service default/web", |f| node_port(f, 30880)),
    ("tower-port", "30721 is used by Service default/web", |f| node_port(f, 30721)),
    ("load-balancer", "will probably not get one", |f| {
        f.configure(&json!({"multicluster": {"clusterRole": "host"}}));
        f.put(
            Part::Services,
            json!({
            "metadata": {"name": "web", "namespace": "default"}, "spec": {"type": "LoadBalancer"}}),
        );
    }),
    ("images-available", "docker.io cannot be asked from here about a/b: no such host", |f| {
        image(f, "a/b:1", ErrorKind::Name, "no such host");
    }),
    ("images-available", "may not exist any more (denied), and no node", |f| {
        image(f, "kubesphere/tower:v0.2.1", ErrorKind::Denied, "denied");
    }),
    ("images-available", "unless the nodes have a mirror for docker.io", |f| {
        image(f, "kubesphere/tower:v0.2.1", ErrorKind::NotFound, "manifest unknown");
    }),
    ("images-available", "reg.example does not have reg.example/a/b:1 (manifest unknown)", |f| {
        image(f, "reg.example/a/b:1", ErrorKind::NotFound, "manifest unknown");
    }),
    ("images-available", "reg.example/a/b:1 is not for linux/arm64", |f| {
        image(f, "reg.example/a/b:1", ErrorKind::NotFound, "");
        let asked = &mut f.gathered.images.as_mut().unwrap()[0];
        let platforms = vec!["linux/amd64".parse().unwrap()];
        asked.answer = Ok(Found { digest: Digest::of(b"a"), platforms, is_index: true });
    }),
    ("webhooks-without-backend", "has no ready pod, so the writes that it intercepts fail", |f| {
        f.drop(Part::Endpoints, "ks-controller-manager-x");
    }),
    ("webhooks-without-backend", "kubefed-admission-webhook does not exist", |f| {
        f.drop(Part::Services, "kubefed-admission-webhook");
    }),
    ("webhooks-of-others", "Service gone/gone does not exist", |f| {
        f.put(Part::ValidatingWebhooks, json!({
            "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "policy.example.com"},
            "webhooks": [{"name": "a", "clientConfig": {"service": {"namespace": "gone", "name": "gone"}},
                "rules": [{"apiGroups": ["apps"]}]}]}));
    }),
    ("ks-installer", "not scaled to 0", |f| {
        f.put(
            Part::Deployments,
            json!({
            "kind": "Deployment",
            "metadata": {"name": "ks-installer", "namespace": "kubesphere-system"},
            "spec": {"replicas": 1, "template": {"spec": {"containers": [
                {"image": "kubesphere/ks-installer:v3.4.1"}]}}}}),
        );
    }),
    ("helm-releases", "Helm releases: ks-core", |f| release(f, "deployed")),
    ("helm-pending", "is pending-upgrade", |f| release(f, "pending-upgrade")),
    ("namespaces-terminating", "NamespaceContentRemaining: some are left", |f| {
        let namespace = f.edit(Part::Namespaces, "kubesphere-system");
        namespace["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        namespace["status"]["conditions"] = json!([{
            "type": "NamespaceContentRemaining", "status": "True", "message": "some are left"}]);
    }),
    (
        "finalizers-without-controller",
        "ks-controller-manager does not exist, but its finalizers are still on 1 object: Namespace/shop; terminating: 1",
        |f| {
            let live = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop",
                "deletionTimestamp": "2026-01-01T00:00:00Z",
                "finalizers": ["finalizers.kubesphere.io/namespaces"]}});
            let known = &rules().finalizers[0];
            f.gathered.held = Ok(vec![Held::of(&live, known, &known.puts[0]).unwrap()]);
        },
    ),
    ("definitions-terminating", "users.iam.kubesphere.io is terminating", |f| {
        f.edit(Part::Definitions, "users.iam.kubesphere.io")["metadata"]["deletionTimestamp"] =
            json!("2026-01-01T00:00:00Z");
    }),
    ("definitions-established", "is not established: kind is taken", |f| {
        f.edit(Part::Definitions, "users.iam.kubesphere.io")["status"]["conditions"] = json!([
            {"type": "NamesAccepted", "status": "False", "message": "kind is taken"}]);
    }),
    ("definitions-scope", "is Namespaced, but must be Cluster", |f| {
        f.edit(Part::Definitions, "users.iam.kubesphere.io")["spec"]["scope"] = json!("Namespaced");
    }),
    (
        "definitions-stored-versions",
        "users.iam.kubesphere.io has objects stored in v1alpha1",
        |f| {
            f.edit(Part::Definitions, "users.iam.kubesphere.io")["status"]["storedVersions"] =
                json!(["v1alpha1", "v1alpha2"]);
        },
    ),
    ("definitions-present", "missing: users.iam.kubesphere.io", |f| {
        f.drop(Part::Definitions, "users.iam.kubesphere.io");
    }),
    ("pod-security", "kubesphere-system enforces restricted, which rejects ks-apiserver", |f| {
        let namespace = f.edit(Part::Namespaces, "kubesphere-system");
        namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = json!("restricted");
        f.wanted("Deployment", "ks-apiserver")["spec"]["template"]["spec"]["hostNetwork"] =
            json!(true);
    }),
    ("resource-quotas", "kubesphere-system/q: 10 of 10 pods used", |f| {
        f.put(
            Part::Quotas,
            json!({
            "metadata": {"name": "q", "namespace": "kubesphere-system"},
            "status": {"hard": {"pods": "10"}, "used": {"pods": "10"}}}),
        );
    }),
    ("limit-ranges", "allows at most 1Mi memory, which rejects", |f| {
        f.put(
            Part::LimitRanges,
            json!({
            "metadata": {"name": "l", "namespace": "kubesphere-system"},
            "spec": {"limits": [{"type": "Container", "max": {"memory": "1Mi"}}]}}),
        );
    }),
    ("priority-classes", "uses PriorityClass `gone`", |f| {
        f.wanted("Deployment", "tower")["spec"]["template"]["spec"]["priorityClassName"] =
            json!("gone");
    }),
    ("pull-secrets", "kubesphere-system/registry", |f| {
        f.configure(&json!({"images": {"pullSecrets": ["registry"]}}));
    }),
    ("configuration-valid", "KSI", |f| {
        f.configured.configuration = None;
        f.configured.errors = vec!["KSI010: unknown key `enabeld`".to_owned()];
    }),
    ("configuration-valid", "could not be read: list", |f| {
        f.configured.unread = Some("list of x: forbidden".to_owned());
    }),
    ("configuration-warnings", "deprecated", |f| {
        f.configured.warnings = vec!["KSI020: `gitlab` is deprecated".to_owned()];
    }),
    ("kubesphere-config", "kubesphere-config does not exist", |f| {
        f.drop(Part::Config, "kubesphere-config");
    }),
    ("kubesphere-config", "is not valid YAML", |f| {
        f.edit(Part::Config, "kubesphere-config")["data"]["kubesphere.yaml"] = json!("a: [");
    }),
    (
        "kubesphere-config-edits",
        r#"patch cc ks-installer --type merge -p '{"spec":{"multicluster":{"proxyPublishAddress":"https://edited:8080"}}}'"#,
        |f| {
            f.edit_config(|d| {
                d["multicluster"]["proxyPublishAddress"] = json!("https://edited:8080");
            });
        },
    ),
    ("jwt-secret", "it is a published example", |f| {
        f.edit_config(|d| {
            d["authentication"]["jwtSecret"] = json!("gfIwilcc0WjNGKJ5DLeksf2JKfcLgTZU");
        });
    }),
    ("jwt-secret", "it has 5 characters", |f| {
        f.edit_config(|d| d["authentication"]["jwtSecret"] = json!("short"));
    }),
    ("jwt-secret-member", "differs from the configuration", |f| {
        f.configure(&json!({
            "authentication": {"jwtSecret": "of-the-host-and-long-enough"},
            "multicluster": {"clusterRole": "member"}}));
    }),
    ("admin-password", "the default password from the KubeSphere documentation", |f| {
        f.edit(Part::Users, "admin")["spec"]["password"] =
            json!(bcrypt::hash("P@88w0rd", 4).unwrap());
    }),
    ("ks-apiserver", "available", |f| {
        f.edit(Part::Deployments, "ks-apiserver")["status"]["availableReplicas"] = json!(0);
    }),
    ("ks-apiserver", "generation 1 of 2", |f| {
        f.edit(Part::Deployments, "ks-apiserver")["metadata"]["generation"] = json!(2);
    }),
    ("ks-controller-manager", "does not exist", |f| {
        f.drop(Part::Deployments, "ks-controller-manager");
    }),
    ("ks-console", "exceeded quota", |f| {
        let status = &mut f.edit(Part::Deployments, "ks-console")["status"];
        status["updatedReplicas"] = json!(0);
        status["conditions"] = json!([
            {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"},
        ]);
    }),
    ("token-cache", "ks-apiserver has 2 replicas", |f| {
        f.edit(Part::Deployments, "ks-apiserver")["spec"]["replicas"] = json!(2);
    }),
    ("tower", "deadline exceeded: too long", |f| {
        f.edit(Part::Deployments, "tower")["status"]["conditions"] = json!([
            {"type": "Progressing", "status": "False",
             "reason": "ProgressDeadlineExceeded", "message": "too long"}]);
    }),
    ("kubefed-controller-manager", "scaled to 0", |f| {
        f.edit(Part::Deployments, "kubefed-controller-manager")["spec"]["replicas"] = json!(0);
    }),
    ("kubefed-admission-webhook", "does not exist", |f| {
        f.drop(Part::Deployments, "kubefed-admission-webhook");
    }),
    ("image-pulls", "container c (i): ImagePullBackOff", |f| waiting(f, "ImagePullBackOff")),
    ("crash-loops", "container c (i): CrashLoopBackOff", |f| waiting(f, "CrashLoopBackOff")),
    ("restarts", "container c: 6 restarts", |f| {
        f.edit(Part::Pods, "p")["status"]["containerStatuses"][0]["restartCount"] = json!(6);
    }),
    ("pods-scheduled", "kubesphere-system/p: 0/1 nodes are available", |f| {
        f.edit(Part::Pods, "p")["status"]["conditions"] = json!([
            {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}]);
    }),
    ("pods-evicted", "kubesphere-system/p failed Evicted", |f| {
        f.edit(Part::Pods, "p")["status"] = json!({"phase": "Failed", "reason": "Evicted"});
    }),
    ("webhook-certificates", "expires in 9 days", |f| {
        let end = f.now + Duration::days(10) - Duration::seconds(5);
        serve(f, &certificate("webhook", f.now - Duration::hours(1), end));
    }),
    ("webhook-certificates", "has expired", |f| f.now += Duration::days(4000)),
    (
        "webhook-authorities",
        "does not match Secret kubesphere-system/ks-controller-manager-webhook-cert",
        |f| {
            serve(f, &certificate("webhook", f.now, f.now + Duration::days(100)));
        },
    ),
    ("tower-authority", "not valid yet", |f| f.now -= Duration::days(1)),
    ("tower-authority", "its key is not RSA", |f| {
        tower_ca(f, &certificate("tower", f.now - Duration::hours(1), f.now + Duration::days(100)));
    }),
    ("tower-public-authority", "it uses the key in its image", |f| {
        f.edit(Part::Deployments, "tower")["spec"]["template"]["spec"]["containers"][0]["command"] =
            json!(["/proxy", "--ca-cert=/ca.crt", "--ca-key=/ca.key"]);
    }),
    ("tower-public-authority", "a copy of the certificate", |f| {
        let end = time::macros::datetime!(2030-03-23 06:00 UTC);
        tower_ca(f, &certificate("kubesphere", f.now - Duration::hours(1), end));
    }),
    ("tower-address", "NODE_ADDRESS:30721", |f| {
        f.edit_config(|d| d["multicluster"]["proxyPublishAddress"] = json!(""));
        f.configure(&json!({"multicluster": {"clusterRole": "host"}}));
    }),
    ("proxy-publish-address", "without TLS", |f| {
        f.edit_config(|d| d["multicluster"]["proxyPublishAddress"] = json!("http://1.2.3.4:8080"));
    }),
    ("proxy-publish-address", "agents of members cannot connect", |f| {
        f.edit_config(|d| d["multicluster"]["proxyPublishAddress"] = json!(""));
    }),
    ("kubefed-scope", "its scope is Namespaced", |f| {
        f.edit(Part::KubeFedConfigs, "kubefed")["spec"]["scope"] = json!("Namespaced");
    }),
    ("federated-types", "1 missing: users.iam.kubesphere.io", |f| {
        f.drop(Part::FederatedTypes, "users.iam.kubesphere.io");
    }),
    ("federated-types-targets", "needs users.iam.kubesphere.io, which does not exist", |f| {
        f.drop(Part::Definitions, "users.iam.kubesphere.io");
    }),
    ("federated-types-running", "not running: users.iam.kubesphere.io", |f| {
        f.edit(Part::FederatedTypes, "users.iam.kubesphere.io")["status"] = Value::Null;
    }),
    ("clusters-ready", "host is not ready: no route", |f| {
        f.edit(Part::Clusters, "host")["status"]["conditions"] =
            json!([{"type": "Ready", "status": "False", "message": "no route"}]);
    }),
    ("inventory", "this ksi reads format 1", |f| {
        let mut newer = Inventory::new(Key::new([1; 32]), "9.0.0");
        newer.format = 99;
        f.edit(Part::Inventory, "ksi-inventory")["data"] = newer.to_secret();
    }),
    ("lock", "held by me@there, but expired", |f| lease(f, "2026-01-01T00:00:00.000000Z")),
    ("lock", "held by me@there", |f| {
        let now = f.now.format(&time::format_description::well_known::Rfc3339).unwrap();
        lease(f, &now);
    }),
    ("one-configuration", "argocd-controller, helm", |f| {
        f.edit(Part::Configuration, "ks-installer")["metadata"]["managedFields"] = json!([
            {"manager": "argocd-controller", "fieldsV1": {"f:spec": {}}},
            {"manager": "helm", "fieldsV1": {"f:spec": {}}},
            {"manager": "ksi", "fieldsV1": {"f:spec": {}}}]);
    }),
];

#[expect(clippy::unnecessary_wraps, reason = "a part of what is gathered, which may be unreadable")]
fn missing(rights: &[(&str, &str)]) -> Result<Rights, String> {
    let missing = rights.iter().map(|(verb, full)| {
        let (resource, group) = full.split_once('.').unwrap_or((full, ""));
        Right {
            verb: (*verb).to_owned(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            namespace: Some("kubesphere-system".to_owned()),
            name: None,
        }
    });
    Ok(Rights { asked: 100, missing: missing.collect() })
}

fn with_condition(fixture: &mut Fixture, kind: &str) {
    let conditions = &mut fixture.edit(Part::Nodes, "n1")["status"]["conditions"];
    conditions.as_array_mut().unwrap().push(json!({"type": kind, "status": "True"}));
}

/// An image that no node holds, and what its registry says.
fn image(fixture: &mut Fixture, image: &str, kind: ErrorKind, cause: &str) {
    let asked = Asked {
        image: image.parse().unwrap(),
        answer: Err(Error::new(kind, "read", image, cause)),
        wanted: vec!["linux/amd64".parse().unwrap(), "linux/arm64".parse().unwrap()],
        holders: Holders::default(),
    };
    fixture.gathered.images = Ok(vec![asked]);
}

fn node_port(fixture: &mut Fixture, port: u16) {
    fixture.put(
        Part::Services,
        json!({
        "kind": "Service", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"ports": [{"port": 80, "nodePort": port}]}}),
    );
}

fn release(fixture: &mut Fixture, status: &str) {
    fixture.put(
        Part::HelmReleases,
        json!({
        "kind": "Secret",
        "metadata": {"name": "sh.helm.release.v1.ks-core.v3", "namespace": "kubesphere-system",
            "labels": {"owner": "helm", "name": "ks-core", "status": status}}}),
    );
}

fn waiting(fixture: &mut Fixture, reason: &str) {
    fixture.edit(Part::Pods, "p")["status"]["containerStatuses"][0]["state"] =
        json!({"waiting": {"reason": reason}});
}

fn lease(fixture: &mut Fixture, renewed: &str) {
    fixture.edit(Part::Lock, "ks-installer-apply")["spec"] =
        json!({"holderIdentity": "me@there", "renewTime": renewed, "leaseDurationSeconds": 30});
}

/// A certificate that signs itself, with a key on an elliptic curve.
fn certificate(name: &str, begin: OffsetDateTime, end: OffsetDateTime) -> String {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = begin;
    params.not_after = end;
    let key = KeyPair::generate().unwrap();
    BASE64_STANDARD.encode(params.self_signed(&key).unwrap().pem())
}

fn serve(fixture: &mut Fixture, certificate: &str) {
    fixture.edit(Part::Secrets, "ks-controller-manager-webhook-cert")["data"]["tls.crt"] =
        json!(certificate);
}

fn tower_ca(fixture: &mut Fixture, certificate: &str) {
    fixture.edit(Part::Secrets, "tower-ca")["data"]["tls.crt"] = json!(certificate);
}
