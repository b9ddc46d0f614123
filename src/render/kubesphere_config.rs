//! `kubesphere.yaml` in ConfigMap kubesphere-config: what ks-apiserver and ks-controller-manager
//! read, and rewrite.
//!
//! The order of the fields is the order of the text; what is `None` is not written. Everything that
//! KubeSphere would add by itself on its first round trip (`clusterName`, the two token ages) is
//! written by us, so that it has no reason to rewrite the document: its rewrite turns an absent
//! token age into 0, that is into tokens that never expire.

mod authentication;
mod storage;

use serde::Serialize;
use serde_json::Value;

use super::image::Images;
use super::spec::Spec;
use crate::values::Values;

use authentication::Authentication;
use storage::{Auditing, S3, Search};

/// Where Tower is found inside the host cluster.
const TOWER_SERVICE: &str = "tower.kubesphere-system.svc";
/// KubeSphere's own default for the name of the host's Cluster.
const HOST_CLUSTER: &str = "host";
const PROMETHEUS: &str = "http://prometheus-operated.kubesphere-monitoring-system.svc:9090";

/// The whole document. Sections of components that are off are absent; those of components that are
/// on but not installed by ksi are written all the same, since another tool may have installed them.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KubesphereConfig {
    authentication: Authentication,
    ldap: Option<Ldap>,
    cache: Cache,
    mysql: Option<Mysql>,
    s3: Option<S3>,
    network: Network,
    devops: Option<Devops>,
    sonar_qube: Option<SonarQube>,
    servicemesh: Option<Servicemesh>,
    openpitrix: Option<Openpitrix>,
    multicluster: Multicluster,
    monitoring: Monitoring,
    gpu: Option<Gpu>,
    notification: Endpoint,
    logging: Option<Search>,
    events: Option<Search>,
    auditing: Option<Auditing>,
    alerting: Option<Alerting>,
    edgeruntime: Option<Endpoint>,
    terminal: Terminal,
    gateway: Gateway,
}

/// The directory of users, for components that still need one.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Ldap {
    host: &'static str,
    #[serde(rename = "managerDN")]
    manager_dn: &'static str,
    manager_password: &'static str,
    user_search_base: &'static str,
    group_search_base: &'static str,
}

/// Where tokens are kept. ks-apiserver accepts exactly `redis` and `InMemoryCache`.
#[derive(Debug, Clone, Serialize)]
struct Cache {
    r#type: &'static str,
    options: Option<CacheOptions>,
}

/// How Redis is reached.
#[derive(Debug, Clone, Serialize)]
struct CacheOptions {
    host: &'static str,
    port: u16,
    /// A placeholder: the variable of this name in the environment replaces it.
    password: &'static str,
    db: u8,
}

/// The database of KubeSphere 2, for migrations.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Mysql {
    host: &'static str,
    username: String,
    password: String,
    max_idle_connections: u32,
    max_open_connections: u32,
    max_connection_life_time: &'static str,
}

/// Network policies, IP pools and the topology view.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Network {
    enable_network_policy: Option<bool>,
    ippool_type: String,
    weave_scope_host: Option<&'static str>,
}

/// Jenkins and the DevOps API.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Devops {
    host: &'static str,
    username: &'static str,
    password: String,
    max_connections: u32,
    endpoint: &'static str,
}

/// An external SonarQube.
#[derive(Debug, Clone, Serialize)]
struct SonarQube {
    host: String,
    token: String,
}

/// Istio and what watches it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Servicemesh {
    istio_pilot_host: &'static str,
    jaeger_query_host: &'static str,
    servicemesh_prometheus_host: &'static str,
    kiali_query_host: &'static str,
}

/// The app store.
#[derive(Debug, Clone, Serialize)]
struct Openpitrix {
    s3: S3,
}

/// The cluster's part in a multi-cluster system.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Multicluster {
    cluster_role: String,
    enable: Option<bool>,
    agent_image: Option<String>,
    proxy_publish_service: Option<&'static str>,
    proxy_publish_address: Option<String>,
    cluster_controller_resync_period: Option<String>,
    host_cluster_name: Option<String>,
    cluster_name: Option<String>,
}

/// Prometheus.
#[derive(Debug, Clone, Serialize)]
struct Monitoring {
    endpoint: String,
    #[serde(rename = "enableGPUMonitoring")]
    enable_gpu_monitoring: bool,
}

/// Kinds of GPUs that the console offers.
#[derive(Debug, Clone, Serialize)]
struct Gpu {
    kinds: Value,
}

/// A component that is only called.
#[derive(Debug, Clone, Serialize)]
struct Endpoint {
    endpoint: String,
}

/// Where alerting rules are kept and evaluated.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Alerting {
    prometheus_endpoint: String,
    thanos_ruler_endpoint: &'static str,
    thanos_rule_resource_labels: &'static str,
}

/// The web terminal on nodes.
#[derive(Debug, Clone, Serialize)]
struct Terminal {
    image: String,
    timeout: i64,
}

/// Ingress controllers that users switch on per project.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Gateway {
    watches_path: &'static str,
    repository: Option<String>,
    tag: Option<String>,
    namespace: String,
}

impl KubesphereConfig {
    /// The document of one configuration.
    pub(super) fn new(spec: Spec<'_>, values: &Values, images: &Images) -> Self {
        let devops = spec.on("devops.enabled");
        let store = spec.on("openpitrix.store.enabled");
        let endpoint = |text: &str| Endpoint { endpoint: text.to_owned() };
        let prometheus = spec.text("common.monitoring.endpoint").unwrap_or(PROMETHEUS.into());
        Self {
            authentication: Authentication::new(spec, values, images),
            ldap: (devops || spec.on("common.openldap.enabled")).then(ldap),
            cache: cache(spec.redis()),
            mysql: mysql(spec),
            s3: devops.then(|| S3::new(spec, "s2i-binaries".to_owned())),
            network: network(spec),
            devops: devops.then(|| devops_section(values)),
            sonar_qube: if devops { sonar_qube(spec) } else { None },
            servicemesh: spec.on("servicemesh.enabled").then(servicemesh),
            openpitrix: store.then(|| Openpitrix { s3: S3::of_the_store(spec) }),
            multicluster: multicluster(spec, images),
            monitoring: Monitoring {
                endpoint: prometheus.clone(),
                enable_gpu_monitoring: spec.on("common.monitoring.GPUMonitoring.enabled"),
            },
            gpu: spec.value("common.gpu.kinds").map(|kinds| Gpu { kinds: kinds.clone() }),
            notification: spec.text("common.notification.endpoint").map_or_else(
                || {
                    endpoint(
                        "http://notification-manager-svc.kubesphere-monitoring-system.svc:19093",
                    )
                },
                |endpoint| Endpoint { endpoint },
            ),
            logging: Search::of(spec, "logging"),
            events: Search::of(spec, "events"),
            auditing: Auditing::of(spec),
            alerting: spec.on("alerting.enabled").then(|| alerting(prometheus)),
            edgeruntime: spec
                .on("edgeruntime.enabled")
                .then(|| endpoint("http://edgeservice.kubeedge.svc/api/")),
            terminal: Terminal {
                image: spec
                    .text("terminal.image")
                    .or_else(|| images.get("alpine").map(|image| image.reference()))
                    .unwrap_or_default(),
                timeout: spec.number("terminal.timeout").unwrap_or(600),
            },
            gateway: gateway(spec, images),
        }
    }
}

fn ldap() -> Ldap {
    Ldap {
        host: "openldap.kubesphere-system.svc:389",
        manager_dn: "cn=admin,dc=kubesphere,dc=io",
        manager_password: "admin",
        user_search_base: "ou=Users,dc=kubesphere,dc=io",
        group_search_base: "ou=Groups,dc=kubesphere,dc=io",
    }
}

fn cache(redis: bool) -> Cache {
    let options = CacheOptions {
        host: "redis.kubesphere-system.svc",
        port: 6379,
        password: "KUBESPHERE_CACHE_OPTIONS_PASSWORD",
        db: 0,
    };
    if redis {
        Cache { r#type: "redis", options: Some(options) }
    } else {
        Cache { r#type: "InMemoryCache", options: None }
    }
}

fn mysql(spec: Spec<'_>) -> Option<Mysql> {
    let (username, password) = (spec.text("common.mysqlUsername"), spec.text("common.mysqlPassword"));
    (username.is_some() || password.is_some()).then(|| Mysql {
        host: "mysql.kubesphere-system.svc:3306",
        username: username.unwrap_or("root".into()),
        password: password.unwrap_or("password".into()),
        max_idle_connections: 100,
        max_open_connections: 100,
        max_connection_life_time: "10s",
    })
}

fn network(spec: Spec<'_>) -> Network {
    let weave = spec.text("network.topology.type").as_deref() == Some("weave-scope");
    Network {
        enable_network_policy: spec.on("network.networkpolicy.enabled").then_some(true),
        ippool_type: spec.text("network.ippool.type").unwrap_or("none".into()),
        weave_scope_host: weave.then_some("weave-scope-app.weave"),
    }
}

fn devops_section(values: &Values) -> Devops {
    Devops {
        host: "http://devops-jenkins.kubesphere-devops-system.svc/",
        username: "admin",
        // Jenkins is given the static token as admin's password.
        password: values.static_token.text.clone(),
        max_connections: 100,
        endpoint: "http://devops-apiserver.kubesphere-devops-system:9090",
    }
}

fn sonar_qube(spec: Spec<'_>) -> Option<SonarQube> {
    Some(SonarQube {
        host: spec.text("devops.sonarqube.externalSonarUrl")?,
        token: spec.text("devops.sonarqube.externalSonarToken").unwrap_or_default(),
    })
}

fn servicemesh() -> Servicemesh {
    Servicemesh {
        istio_pilot_host: "http://istiod.istio-system.svc:8080/version",
        jaeger_query_host: "http://jaeger-query.istio-system.svc:16686",
        servicemesh_prometheus_host: "http://prometheus-k8s.kubesphere-monitoring-system.svc:9090",
        kiali_query_host: "http://kiali.istio-system.svc:20001",
    }
}

fn multicluster(spec: Spec<'_>, images: &Images) -> Multicluster {
    let role = spec.role();
    let mut section = Multicluster { cluster_role: role.to_owned(), ..Multicluster::default() };
    match role {
        "host" => {
            let name = spec.text("multicluster.hostClusterName");
            section.enable = Some(true);
            section.agent_image = spec
                .text("multicluster.agentImage")
                .or_else(|| images.get("tower").map(|image| image.reference()));
            section.proxy_publish_service = Some(TOWER_SERVICE);
            section.proxy_publish_address = spec.text("multicluster.proxyPublishAddress");
            section.cluster_controller_resync_period =
                spec.text("multicluster.clusterControllerResyncPeriod");
            section.cluster_name = name.clone().or(Some(HOST_CLUSTER.to_owned()));
            section.host_cluster_name = name;
        }
        "member" => {
            section.enable = Some(false);
            section.cluster_name = spec.text("multicluster.clusterName");
        }
        _ => {}
    }
    section
}

fn alerting(prometheus: String) -> Alerting {
    Alerting {
        prometheus_endpoint: prometheus,
        thanos_ruler_endpoint:
            "http://thanos-ruler-operated.kubesphere-monitoring-system.svc:10902",
        thanos_rule_resource_labels: "thanosruler=thanos-ruler,role=thanos-alerting-rules",
    }
}

fn gateway(spec: Spec<'_>, images: &Images) -> Gateway {
    let image = images.get("nginx-ingress-controller");
    Gateway {
        watches_path: "/var/helm-charts/watches.yaml",
        repository: image.as_ref().map(|image| image.repository.clone()),
        tag: image.map(|image| image.tag),
        namespace: spec.text("gateway.namespace").unwrap_or("kubesphere-controls-system".into()),
    }
}
