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
    /// None; the text explains why.
    Nothing(&'static str),
    /// `multicluster.clusterRole`, host for true and none for false.
    Role,
}

const fn moved(from: &'static str, to: &'static str) -> Rule {
    Rule { from, to: To::Path(to), when: |_| true }
}

const fn gone(from: &'static str, why: &'static str) -> Rule {
    Rule { from, to: To::Nothing(why), when: |_| true }
}

const NO_MYSQL: &str = "KubeSphere installs no MySQL and no etcd since 3.0";
const NO_NOTIFICATION: &str = "notifications are part of monitoring since 3.1";
const NO_JENKINS_OPTIONS: &str = "since 3.4 the heap of Jenkins follows from jenkinsMemoryLim";

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
    // Elasticsearch, under logging up to 3.0-alpha, under common.es up to 3.1
    moved("logging.elasticsearchMasterReplicas", "common.es.master.replicas"),
    moved("logging.elasticsearchDataReplicas", "common.es.data.replicas"),
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
    moved("common.opensearch.opensearchMasterReplicas", "common.opensearch.master.replicas"),
    moved("common.opensearch.opensearchDataReplicas", "common.opensearch.data.replicas"),
    moved("common.opensearch.opensearchMasterVolumeSize", "common.opensearch.master.volumeSize"),
    moved("common.opensearch.opensearchDataVolumeSize", "common.opensearch.data.volumeSize"),
    // Top level up to 3.1
    moved("console", "common.core.console"),
    moved("networkpolicy", "network.networkpolicy"),
    Rule { from: "openpitrix.enabled", to: To::Path("openpitrix.store.enabled"), when: |_| true },
    moved("logging.logsidecarReplicas", "logging.logsidecar.replicas"),
    // `notification.history` is a current key; the switch is not.
    gone("notification.enabled", NO_NOTIFICATION),
    gone("monitoring.notification", NO_NOTIFICATION),
    moved("monitoring.prometheusMemoryRequest", "monitoring.prometheus.resources.requests.memory"),
    // KubeEdge, top level up to 3.2
    moved("kubeedge", "edgeruntime.kubeedge"),
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
    // 3.2, written by KubeKey
    gone("containerruntime", "the container runtime is detected from the nodes"),
    gone("logging.containerruntime", "the container runtime is detected from the nodes"),
];
