//! `kubesphere.yaml` in ConfigMap kubesphere-config: what ks-apiserver and ks-controller-manager
//! read, and rewrite.
//!
//! The order of the fields is the order in the text; `None` is not written. ksi writes everything that
//! KubeSphere would add on its own (`clusterName`, the two token ages), so that it has no reason to rewrite
//! the document: its rewrite turns an absent token age into 0, which means tokens that never expire.

mod authentication;
mod storage;

use serde::Serialize;

use super::image::Images;
use super::uses_redis;
use crate::config::types::{self, Common};
use crate::config::{Configuration, Role, Sensitive};
use crate::values::Values;

use authentication::Authentication;
use storage::{Auditing, S3, Search};

/// The Service of Tower inside the host cluster.
const TOWER_SERVICE: &str = "tower.kubesphere-system.svc";
/// KubeSphere's default name of the host's Cluster.
const HOST_CLUSTER: &str = "host";

/// The whole document. Sections of disabled components are absent; those of components that are enabled
/// but not installed by ksi are written, since another tool may have installed them.
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
    gpu: Gpu,
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

/// The token cache. ks-apiserver accepts exactly `redis` and `InMemoryCache`.
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
    password: Sensitive,
    max_idle_connections: u32,
    max_open_connections: u32,
    max_connection_life_time: &'static str,
}

/// Network policies, IP pools and the topology view.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Network {
    enable_network_policy: Option<bool>,
    ippool_type: types::IppoolType,
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
    token: Option<Sensitive>,
}

/// Istio and what watches it.
#[derive(Debug, Clone, Serialize)]
struct Servicemesh {
    #[serde(rename = "istioPilotHost")]
    pilot: &'static str,
    #[serde(rename = "jaegerQueryHost")]
    jaeger: &'static str,
    #[serde(rename = "servicemeshPrometheusHost")]
    prometheus: &'static str,
    #[serde(rename = "kialiQueryHost")]
    kiali: &'static str,
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
    cluster_role: Role,
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
    kinds: Vec<types::GpuKind>,
}

/// A component that is only called.
#[derive(Debug, Clone, Serialize)]
struct Endpoint {
    endpoint: String,
}

/// Where alerting rules are stored and evaluated.
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
    image: Option<String>,
    timeout: u32,
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
    pub(super) fn new(configuration: &Configuration, values: &Values, images: &Images) -> Self {
        let common = &configuration.common;
        let devops = &configuration.devops;
        let edge = &configuration.edgeruntime;
        let store = configuration.openpitrix.store.enabled;
        let s3 = common.s3.clone().unwrap_or_default();
        Self {
            authentication: Authentication::new(configuration, values, images),
            ldap: (devops.enabled || common.openldap.enabled).then(ldap),
            cache: cache(uses_redis(configuration)),
            mysql: mysql(common),
            s3: devops.enabled.then(|| S3::new(&s3, "s2i-binaries")),
            network: network(&configuration.network),
            devops: devops.enabled.then(|| jenkins(values)),
            sonar_qube: if devops.enabled { sonar_qube(devops) } else { None },
            servicemesh: configuration.servicemesh.enabled.then(istio),
            openpitrix: store.then(|| Openpitrix { s3: S3::new(&s3, &s3.openpitrix_bucket) }),
            multicluster: multicluster(&configuration.multicluster, images),
            monitoring: Monitoring {
                endpoint: common.monitoring.endpoint.clone(),
                enable_gpu_monitoring: common.monitoring.gpu_monitoring.enabled,
            },
            gpu: Gpu { kinds: common.gpu.kinds.clone() },
            notification: Endpoint { endpoint: common.notification.endpoint.clone() },
            logging: configuration.logging.enabled.then(|| Search::new(common, "logging")),
            events: configuration.events.enabled.then(|| Search::new(common, "events")),
            auditing: configuration.auditing.enabled.then(|| Auditing::new(common)),
            alerting: configuration.alerting.enabled.then(|| alerting(common)),
            edgeruntime: (edge.enabled && edge.kubeedge.enabled)
                .then(|| Endpoint { endpoint: "http://edgeservice.kubeedge.svc/api/".to_owned() }),
            terminal: Terminal {
                image: configuration.terminal.image.clone().or_else(|| images.reference("alpine")),
                timeout: configuration.terminal.timeout,
            },
            gateway: gateway(configuration, images),
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

fn mysql(common: &Common) -> Option<Mysql> {
    let (username, password) = (&common.mysql_username, &common.mysql_password);
    (username.is_some() || password.is_some()).then(|| Mysql {
        host: "mysql.kubesphere-system.svc:3306",
        username: username.clone().unwrap_or_else(|| "root".to_owned()),
        password: password.clone().unwrap_or_else(|| "password".into()),
        max_idle_connections: 100,
        max_open_connections: 100,
        max_connection_life_time: "10s",
    })
}

fn network(network: &types::Network) -> Network {
    let weave = network.topology.r#type == types::TopologyType::WeaveScope;
    Network {
        enable_network_policy: network.networkpolicy.enabled.then_some(true),
        ippool_type: network.ippool.r#type,
        weave_scope_host: weave.then_some("weave-scope-app.weave"),
    }
}

fn jenkins(values: &Values) -> Devops {
    Devops {
        host: "http://devops-jenkins.kubesphere-devops-system.svc/",
        username: "admin",
        // Jenkins is given the static token as admin's password.
        password: values.static_token.text.clone(),
        max_connections: 100,
        endpoint: "http://devops-apiserver.kubesphere-devops-system:9090",
    }
}

fn sonar_qube(devops: &types::Devops) -> Option<SonarQube> {
    let sonarqube = devops.sonarqube.as_ref()?;
    Some(SonarQube {
        host: sonarqube.external_sonar_url.clone()?,
        token: sonarqube.external_sonar_token.clone(),
    })
}

fn istio() -> Servicemesh {
    Servicemesh {
        pilot: "http://istiod.istio-system.svc:8080/version",
        jaeger: "http://jaeger-query.istio-system.svc:16686",
        prometheus: "http://prometheus-k8s.kubesphere-monitoring-system.svc:9090",
        kiali: "http://kiali.istio-system:20001",
    }
}

fn multicluster(given: &types::Multicluster, images: &Images) -> Multicluster {
    let none = Multicluster { cluster_role: given.cluster_role, ..Multicluster::default() };
    match given.cluster_role {
        Role::Host => Multicluster {
            enable: Some(true),
            agent_image: given.agent_image.clone().or_else(|| images.reference("tower")),
            proxy_publish_service: Some(TOWER_SERVICE),
            proxy_publish_address: given.proxy_publish_address.clone(),
            cluster_controller_resync_period: given.cluster_controller_resync_period.clone(),
            host_cluster_name: given.host_cluster_name.clone(),
            cluster_name: given.host_cluster_name.clone().or_else(|| Some(HOST_CLUSTER.to_owned())),
            ..none
        },
        Role::Member => {
            Multicluster { enable: Some(false), cluster_name: given.cluster_name.clone(), ..none }
        }
        Role::None => none,
    }
}

fn alerting(common: &Common) -> Alerting {
    Alerting {
        prometheus_endpoint: common.monitoring.endpoint.clone(),
        thanos_ruler_endpoint: "http://thanos-ruler-operated.kubesphere-monitoring-system.svc:10902",
        thanos_rule_resource_labels: "thanos-ruler=kubesphere,role=alert-rules",
    }
}

fn gateway(configuration: &Configuration, images: &Images) -> Gateway {
    let image = images.get("nginx-ingress-controller");
    Gateway {
        watches_path: "/var/helm-charts/watches.yaml",
        repository: image.as_ref().map(|image| image.repository.clone()),
        tag: image.map(|image| image.tag),
        namespace: configuration.gateway.namespace.clone(),
    }
}
