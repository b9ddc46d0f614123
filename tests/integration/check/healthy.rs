//! What would be read from a host on which everything is well.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::SystemTime;

use ksi::check::{Configured, DryRun, Gathered, Part, Rights};
use ksi::config::Configuration;
use ksi::facts::Facts;
use ksi::inventory::{Inventory, Key};
use ksi::object::Object;
use ksi::render;
use ksi::target::SystemEntropy;
use ksi::values::{self, Given, StoredValues, Values};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// Certificates take their time to be made.
static VALUES: LazyLock<Values> = LazyLock::new(|| {
    let given = Given { jwt_secret: None, admin_password: None, tower: true, kubefed: true };
    let now = SystemTime::now();
    values::resolve(&given, &StoredValues::default(), &mut SystemEntropy, now).unwrap().0
});

/// A cluster as it was read, and the configuration that made it.
pub(crate) struct Fixture {
    pub(crate) gathered: Gathered,
    pub(crate) configured: Configured,
    pub(crate) now: OffsetDateTime,
}

impl Fixture {
    /// A host.
    pub(crate) fn host() -> Self {
        Self::of(&json!({
            "authentication": {"adminPassword": ""},
            "multicluster": {
                "clusterRole": "host", "hostClusterName": "host",
                "proxyPublishAddress": "https://tower.example.com:8080",
                "tower": {"service": {"type": "NodePort", "nodePort": 30721}},
            },
        }))
    }

    /// Any configuration, applied.
    pub(crate) fn of(spec: &Value) -> Self {
        let configuration = Configuration::from_json(spec.clone()).unwrap();
        let facts = Facts::default();
        let version = ksi::config::KUBESPHERE_VERSION;
        let input = render::Input {
            configuration: &configuration,
            facts: &facts,
            values: &VALUES,
            version,
        };
        let desired = render::render(&input).unwrap();
        let mut objects = BTreeMap::new();
        for (part, kind) in KINDS {
            let live = desired.iter().filter(|o| o.id.kind == *kind).map(live).collect();
            objects.insert(*part, Ok(live));
        }
        let mut fixture = Self {
            gathered: Gathered {
                version: Ok(json!({"major": "1", "minor": "34", "gitVersion": "v1.34.4"})),
                server_time: Ok(OffsetDateTime::now_utc()),
                dry_run: Ok(DryRun::Accepted),
                rights: Ok(Rights { asked: 100, missing: Vec::new() }),
                held: Ok(Vec::new()),
                images: Ok(Vec::new()),
                objects,
            },
            configured: Configured {
                source: "host.yaml".to_owned(),
                configuration: Some(configuration),
                desired,
                ..Configured::default()
            },
            now: OffsetDateTime::now_utc(),
        };
        fixture.add_cluster();
        fixture
    }

    /// What Kubernetes has, and what ksi keeps.
    fn add_cluster(&mut self) {
        for part in [Part::Claims, Part::LimitRanges, Part::Quotas, Part::HelmReleases, Part::Pods]
        {
            self.gathered.objects.insert(part, Ok(Vec::new()));
        }
        self.put(
            Part::Nodes,
            json!({
                "apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"},
                "status": {
                    "nodeInfo": {"kubeletVersion": "v1.34.4", "architecture": "amd64"},
                    "allocatable": {"cpu": "8", "memory": "16Gi"},
                    "conditions": [{"type": "Ready", "status": "True"}],
                },
            }),
        );
        self.put(
            Part::StorageClasses,
            json!({
                "kind": "StorageClass",
                "metadata": {"name": "local", "annotations": {
                    "storageclass.kubernetes.io/is-default-class": "true"}},
            }),
        );
        self.put(
            Part::PriorityClasses,
            json!({
            "kind": "PriorityClass", "metadata": {"name": "system-cluster-critical"}}),
        );
        self.put(
            Part::ApiServices,
            json!({
            "kind": "APIService", "metadata": {"name": "v1.apps"},
            "status": {"conditions": [{"type": "Available", "status": "True"}]}}),
        );
        self.put(
            Part::Services,
            json!({
            "kind": "Service", "metadata": {"name": "kube-dns", "namespace": "kube-system"}}),
        );
        for (namespace, service) in [
            ("kube-system", "kube-dns"),
            ("kubesphere-system", "ks-controller-manager"),
            ("kube-federation-system", "kubefed-admission-webhook"),
        ] {
            self.put(Part::Endpoints, endpoints(namespace, service));
        }
        self.put(
            Part::Clusters,
            json!({
            "kind": "Cluster", "metadata": {"name": "host"},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]}}),
        );
        self.put(
            Part::Pods,
            json!({
            "kind": "Pod", "metadata": {"name": "p", "namespace": "kubesphere-system"},
            "status": {"phase": "Running", "containerStatuses": [
                {"name": "c", "image": "i", "restartCount": 0, "state": {"running": {}}}]}}),
        );
        let inventory = Inventory::new(Key::new([1; 32]), "0.1.0");
        self.put(Part::Inventory, json!({
            "kind": "Secret", "metadata": {"name": "ksi-inventory", "namespace": "kubesphere-system"},
            "data": inventory.to_secret()}));
        self.put(Part::Lock, json!({
            "kind": "Lease", "metadata": {"name": "ks-installer-apply", "namespace": "kubesphere-system"},
            "spec": {"holderIdentity": ""}}));
        self.put(
            Part::Configuration,
            json!({
            "kind": "ClusterConfiguration", "metadata": {"name": "ks-installer"}}),
        );
    }

    /// Adds an object.
    pub(crate) fn put(&mut self, part: Part, object: Value) {
        let list = self.gathered.objects.entry(part).or_insert(Ok(Vec::new()));
        list.as_mut().unwrap().push(object);
    }

    /// Removes all objects of a part with this name.
    pub(crate) fn drop(&mut self, part: Part, name: &str) {
        let list = self.gathered.objects.get_mut(&part).unwrap().as_mut().unwrap();
        let before = list.len();
        list.retain(|object| object["metadata"]["name"] != name);
        assert!(list.len() < before, "{part:?} has no {name}");
    }

    /// The one object of a part with this name, to change it.
    pub(crate) fn edit(&mut self, part: Part, name: &str) -> &mut Value {
        let list = self.gathered.objects.get_mut(&part).unwrap().as_mut().unwrap();
        list.iter_mut().find(|object| object["metadata"]["name"] == name).unwrap()
    }

    /// Changes the document in kubesphere-config.
    pub(crate) fn edit_config(&mut self, change: impl FnOnce(&mut Value)) {
        let map = self.edit(Part::Config, "kubesphere-config");
        let mut document = ksi::object::embedded::read(map).unwrap().unwrap();
        change(&mut document);
        ksi::object::embedded::write(map, &document);
    }

    /// Something of what is wanted, to change it.
    pub(crate) fn wanted(&mut self, kind: &str, name: &str) -> &mut Value {
        let mut all = self.configured.desired.iter_mut();
        &mut all.find(|o| o.id.kind == kind && o.id.name == name).unwrap().body
    }

    /// Changes the configuration alone.
    pub(crate) fn configure(&mut self, spec: &Value) {
        self.configured.configuration = Some(Configuration::from_json(spec.clone()).unwrap());
    }
}

const KINDS: &[(Part, &str)] = &[
    (Part::Config, "ConfigMap"),
    (Part::Definitions, "CustomResourceDefinition"),
    (Part::Deployments, "Deployment"),
    (Part::FederatedTypes, "FederatedTypeConfig"),
    (Part::KubeFedConfigs, "KubeFedConfig"),
    (Part::MutatingWebhooks, "MutatingWebhookConfiguration"),
    (Part::Namespaces, "Namespace"),
    (Part::Secrets, "Secret"),
    (Part::Services, "Service"),
    (Part::Users, "User"),
    (Part::ValidatingWebhooks, "ValidatingWebhookConfiguration"),
];

/// A manifest as a cluster has it when all is well.
fn live(object: &Object) -> Value {
    let mut body = object.body.clone();
    body["metadata"]["uid"] = json!(format!("uid of {}", object.id.name));
    match object.id.kind.as_str() {
        "CustomResourceDefinition" => {
            let stored = body["spec"]["versions"].as_array().unwrap();
            let stored: Vec<_> =
                stored.iter().filter(|v| v["storage"] == true).map(|v| v["name"].clone()).collect();
            body["status"] = json!({
                "storedVersions": stored,
                "conditions": [{"type": "Established", "status": "True"}],
            });
        }
        "Deployment" => {
            let replicas = body["spec"]["replicas"].as_u64().unwrap_or(1);
            body["metadata"]["generation"] = json!(1);
            body["status"] = json!({
                "observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas,
                "availableReplicas": replicas, "readyReplicas": replicas,
                "conditions": [
                    {"type": "Available", "status": "True"},
                    {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
                ],
            });
        }
        "FederatedTypeConfig" => body["status"] = json!({"propagationController": "Running"}),
        _ => {}
    }
    body
}

pub(crate) fn endpoints(namespace: &str, service: &str) -> Value {
    json!({
        "kind": "EndpointSlice",
        "metadata": {"name": format!("{service}-x"), "namespace": namespace,
            "labels": {"kubernetes.io/service-name": service}},
        "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": true}}],
    })
}
