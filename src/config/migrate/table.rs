//! Every old path of ks-installer 2.1 to 3.3 and its replacement. The order matters: a mapping moves
//! before the keys below it.

use crate::yaml::Node;

/// One old path.
pub(super) struct Rule {
    /// The old path, below `spec`.
    pub(super) from: &'static str,
    /// Its replacement.
    pub(super) to: To,
    /// Whether the value at the old path really has the old format.
    pub(super) when: fn(&Node) -> bool,
}

/// The replacement of an old path.
pub(super) enum To {
    /// Another path, with the same value.
    Path(&'static str),
    /// The path that ks-installer read. Guides and comments of its samples have the old one, which had no
    /// effect: the new one wins.
    Guide(&'static str),
    /// None; the text explains why.
    Nothing(&'static str),
    /// None, and there never was one: what is above has no switch.
    NoSwitch(&'static str),
    /// `multicluster.clusterRole`, host for true and none for false.
    Role,
    /// `edgeruntime.kubeedge`; its switch is also that of `edgeruntime`.
    EdgeRuntime,
}

const fn moved(from: &'static str, to: &'static str) -> Rule {
    Rule { from, to: To::Path(to), when: |_| true }
}

const fn guide(from: &'static str, to: &'static str) -> Rule {
    Rule { from, to: To::Guide(to), when: |_| true }
}

const fn no_switch(from: &'static str, why: &'static str) -> Rule {
    Rule { from, to: To::NoSwitch(why), when: |_| true }
}

const fn gone(from: &'static str, why: &'static str) -> Rule {
    Rule { from, to: To::Nothing(why), when: |_| true }
}

const NO_MYSQL: &str = "KubeSphere installs no MySQL and no etcd since 3.0";
const NO_NOTIFICATION: &str = "notifications are part of monitoring since 3.1";
const NO_JENKINS_OPTIONS: &str = "since 3.4 the heap of Jenkins follows from jenkinsMemoryLim";

const NO_GPU: &str = "of the GPU stack only nvidia_dcgm_exporter is left";
const NO_ADAPTER: &str = "KubeSphere 3.4 installs no Prometheus adapter";
const NO_MONITORING: &str =
    "ksi installs no Prometheus yet; KubeSphere uses the one at `common.monitoring.endpoint`";
const NO_VOLUME_SWITCH: &str =
    "volumes are always used; leave `storageClass` empty for the default of the cluster";
const NO_DOMAIN: &str = "KubeSphere 3.4 installs no GitLab and no Harbor";
const EVENTS_PLACEMENT: &str = "set the placement of all parts of events in `events`";
const NO_ELASTICSEARCH: &str = "KubeSphere 3.4 installs no Elasticsearch, only OpenSearch";
const JENKINS_PARTS: &str =
    "KubeSphere 3.4 does not read it: `devops.enabled` installs all of DevOps";
const NOT_OF_KUBESPHERE: &str = "it is not a part of KubeSphere 3.4";
const CLOUD_CORE_PORTS: &str =
    "since 3.3 CloudCore listens on fixed ports; only its NodePorts can be set";
const CLOUD_CORE_PLACEMENT: &str = "since 3.3 the placement of CloudCore cannot be configured";

/// In the order in which they are applied.
pub(super) const RULES: &[Rule] = &[
    // 3.0-alpha
    Rule { from: "multicluster.enabled", to: To::Role, when: |_| true },
    // 2.1.0 wrote it with a hyphen
    moved("metrics-server", "metrics_server"),
    // Sizes, up to 3.1
    gone("common.mysqlVolumeSize", NO_MYSQL),
    gone("common.etcdVolumeSize", NO_MYSQL),
    moved("common.redisVolumSize", "common.redis.volumeSize"),
    moved("common.redisVolumeSize", "common.redis.volumeSize"),
    moved("common.redis.redisVolumSize", "common.redis.volumeSize"),
    moved("common.openldapVolumeSize", "common.openldap.volumeSize"),
    moved("common.openldap.openldapVolumeSize", "common.openldap.volumeSize"),
    moved("common.minioVolumeSize", "common.minio.volumeSize"),
    moved("common.minio.minioVolumeSize", "common.minio.volumeSize"),
    moved("common.redis.enabledHA", "common.redis.enableHA"),
    gone("common.enableHA", "set `enableHA: true` for Redis and three replicas of the core"),
    gone("common.redisPasswd", "the password of Redis is generated"),
    no_switch(
        "common.minio.enabled",
        "DevOps and the app store use MinIO; ksi does not install it yet",
    ),
    no_switch("common.monitoring.enabled", NO_MONITORING),
    no_switch("persistence.enable", NO_VOLUME_SWITCH),
    no_switch("persistence.enabled", NO_VOLUME_SWITCH),
    // Elasticsearch, under logging up to 3.0-alpha, under common.es up to 3.1
    moved("logging.elasticsearchMasterReplicas", "common.es.master.replicas"),
    moved("logging.elasticsearchDataReplicas", "common.es.data.replicas"),
    moved("logging.elasticsearchMasterReplica", "common.es.master.replicas"),
    moved("logging.elasticsearchDataReplica", "common.es.data.replicas"),
    moved("logging.elasticsearchVolumeSize", "common.es.data.volumeSize"),
    moved("logging.elasticsearchMasterVolumeSize", "common.es.master.volumeSize"),
    moved("logging.elasticsearchDataVolumeSize", "common.es.data.volumeSize"),
    gone("logging.kibana", "Kibana is not part of KubeSphere since 3.0"),
    moved("logging.logMaxAge", "common.es.logMaxAge"),
    moved("logging.elkPrefix", "common.es.elkPrefix"),
    moved("logging.containersLogMountedPath", "common.containersLogMountedPath"),
    moved("logging.externalElasticsearchUrl", "common.es.externalElasticsearchHost"),
    moved("logging.externalElasticsearchPort", "common.es.externalElasticsearchPort"),
    moved("common.es.elasticsearchMasterReplicas", "common.es.master.replicas"),
    moved("common.es.elasticsearchDataReplicas", "common.es.data.replicas"),
    moved("common.es.elasticsearchMasterVolumeSize", "common.es.master.volumeSize"),
    moved("common.es.elasticsearchDataVolumeSize", "common.es.data.volumeSize"),
    moved("common.es.externalElasticsearchUrl", "common.es.externalElasticsearchHost"),
    gone("common.es.nodeSelector", NO_ELASTICSEARCH),
    gone("common.es.nodeAffinity", NO_ELASTICSEARCH),
    gone("common.es.tolerations", NO_ELASTICSEARCH),
    moved("common.opensearch.opensearchMasterReplicas", "common.opensearch.master.replicas"),
    moved("common.opensearch.opensearchDataReplicas", "common.opensearch.data.replicas"),
    moved("common.opensearch.opensearchMasterVolumeSize", "common.opensearch.master.volumeSize"),
    moved("common.opensearch.opensearchDataVolumeSize", "common.opensearch.data.volumeSize"),
    moved("common.opensearch.externalOpensearchUrl", "common.opensearch.externalOpensearchHost"),
    // Top level up to 3.1
    moved("console", "common.core.console"),
    gone("common.core.console.disableMultiLogin", "set `common.core.console.enableMultiLogin`"),
    gone(
        "common.core.console.replicas",
        "the console has as many replicas as the core; see `enableHA`",
    ),
    gone("ks-console", "set `common.core.console.enableMultiLogin`"),
    moved("networkpolicy", "network.networkpolicy"),
    moved("network.enableNetworkPolicy", "network.networkpolicy.enabled"),
    gone("network.enabled", "the parts of `network` have switches of their own"),
    gone("network.multus_cni", NOT_OF_KUBESPHERE),
    gone("weave_scope", "set `network.topology.type: weave-scope`"),
    moved("telemetry.enabled", "telemetry_enabled"),
    Rule { from: "openpitrix.enabled", to: To::Path("openpitrix.store.enabled"), when: |_| true },
    moved("logging.logsidecarReplicas", "logging.logsidecar.replicas"),
    moved("logging.logsidecarInjector", "logging.logsidecar"),
    gone("logging.crictlPath", "the container runtime is detected from the nodes"),
    // `notification.history` is a current key; the switch is not.
    gone("notification.enabled", NO_NOTIFICATION),
    gone("monitoring.notification", NO_NOTIFICATION),
    moved("monitoring.prometheusMemoryRequest", "monitoring.prometheus.resources.requests.memory"),
    moved("monitoring.prometheusReplica", "monitoring.prometheus.replicas"),
    no_switch("monitoring.enabled", NO_MONITORING),
    gone("monitoring.gpu.enabled", NO_GPU),
    gone("monitoring.gpu.nvidia_device_plugin", NO_GPU),
    gone("monitoring.prometheus.adapter", NO_ADAPTER),
    gone("monitoring.prometheus_adapter", NO_ADAPTER),
    gone("monitoring.whizard", NOT_OF_KUBESPHERE),
    gone("metering", "metering is built in since 3.1"),
    gone("events.exporter.nodeSelector", EVENTS_PLACEMENT),
    gone("events.exporter.tolerations", EVENTS_PLACEMENT),
    gone("events.exporter.affinity", EVENTS_PLACEMENT),
    gone("events.operator.nodeSelector", EVENTS_PLACEMENT),
    gone("events.operator.tolerations", EVENTS_PLACEMENT),
    gone("events.operator.affinity", EVENTS_PLACEMENT),
    gone("events.ruler.nodeSelector", EVENTS_PLACEMENT),
    gone("events.ruler.tolerations", EVENTS_PLACEMENT),
    gone("events.ruler.affinity", EVENTS_PLACEMENT),
    gone("servicemesh.ingressGateway", "set the gateways of Istio in `servicemesh.istio`"),
    // KubeEdge, top level up to 3.2
    Rule { from: "kubeedge", to: To::EdgeRuntime, when: |_| true },
    gone("edgeruntime.kubeedge.edgeWatcher", "the edge watcher is part of edgeService since 3.3"),
    gone("edgeruntime.kubeedge.cloudCore.cloudhubPort", CLOUD_CORE_PORTS),
    gone("edgeruntime.kubeedge.cloudCore.cloudhubQuicPort", CLOUD_CORE_PORTS),
    gone("edgeruntime.kubeedge.cloudCore.cloudhubHttpsPort", CLOUD_CORE_PORTS),
    gone("edgeruntime.kubeedge.cloudCore.cloudstreamPort", CLOUD_CORE_PORTS),
    gone("edgeruntime.kubeedge.cloudCore.tunnelPort", CLOUD_CORE_PORTS),
    gone("edgeruntime.kubeedge.cloudCore.nodeSelector", CLOUD_CORE_PLACEMENT),
    gone("edgeruntime.kubeedge.cloudCore.tolerations", CLOUD_CORE_PLACEMENT),
    gone(
        "edgeruntime.kubeedge.cloudCore.cloudHub.nodeLimit",
        "CloudHub has no node limit since 3.3",
    ),
    // Jenkins, up to 3.3
    gone("devops.jenkinsJavaOpts_Xms", NO_JENKINS_OPTIONS),
    gone("devops.jenkinsJavaOpts_Xmx", NO_JENKINS_OPTIONS),
    gone("devops.jenkinsJavaOpts_MaxRAM", NO_JENKINS_OPTIONS),
    gone("devops.sonarqube.postgresqlVolumeSize", "SonarQube is not installed since 3.0"),
    gone("devops.sonarqube.enabled", "SonarQube is used if externalSonarUrl is set"),
    moved("sonarqube", "devops.sonarqube"),
    gone("devops.agent", JENKINS_PARTS),
    gone("devops.jenkinsAgent", JENKINS_PARTS),
    gone("devops.ci", JENKINS_PARTS),
    gone("devops.cd", JENKINS_PARTS),
    gone("gitlab.domain", NO_DOMAIN),
    gone("harbor.domain", NO_DOMAIN),
    // Parts of other products in samples of 2.x and of managed offerings
    gone("plugins", "volumes come from `persistence.storageClass`"),
    gone("kubernetes.apiserverAddr", "the address of the API server is that of the kubeconfig"),
    gone("dmp", NOT_OF_KUBESPHERE),
    gone("springcloud", NOT_OF_KUBESPHERE),
    // Variables of ks-installer's playbooks that are keys now
    moved("ks_apiserver_memory_limit", "common.core.apiserver.resources.limits.memory"),
    moved("ks_apiserver_cpu_limit", "common.core.apiserver.resources.limits.cpu"),
    moved("ks_apiserver_memory_requests", "common.core.apiserver.resources.requests.memory"),
    moved("ks_apiserver_cpu_requests", "common.core.apiserver.resources.requests.cpu"),
    moved("ks_console_memory_limit", "common.core.console.resources.limits.memory"),
    moved("ks_console_cpu_limit", "common.core.console.resources.limits.cpu"),
    moved("ks_console_memory_requests", "common.core.console.resources.requests.memory"),
    moved("ks_console_cpu_requests", "common.core.console.resources.requests.cpu"),
    // 3.2, written by KubeKey
    gone("containerruntime", "the container runtime is detected from the nodes"),
    gone("logging.containerruntime", "the container runtime is detected from the nodes"),
    // Last, so that what they mean has moved: the guides to external sign-in write these here; ks-installer read others
    guide(
        "authentication.authenticateRateLimiterDuration",
        "authentication.authenticationRateLimiterDuration",
    ),
    guide("authentication.multipleLogin", "common.core.console.enableMultiLogin"),
    // Comments of the sample, uncommented as they are indented
    guide("common.apiserver", "common.core.apiserver"),
    guide("common.controllerManager", "common.core.controllerManager"),
];
