//! Every old path of ks-installer 2.1 to 3.3 and where it lives now. The order matters: a mapping
//! moves before what is below it.

use crate::yaml::Node;

/// One old path.
pub(super) struct Rule {
    /// The old path, below `spec`.
    pub(super) from: &'static str,
    /// Where it lives now.
    pub(super) to: To,
    /// Whether a value at the old path is really the old form.
    pub(super) when: fn(&Node) -> bool,
}

/// Where an old path lives now.
pub(super) enum To {
    /// At another path, with the same value.
    Path(&'static str),
    /// Nowhere; the text says why.
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

const NO_MYSQL: &str = "KubeSphere has no MySQL and no etcd of its own since 3.0";
const NO_NOTIFICATION: &str = "notifications belong to monitoring since 3.1; remove the key";
const NO_JENKINS_OPTIONS: &str = "Jenkins takes its heap from jenkinsMemoryLim since 3.4";

const CLOUD_CORE_PORTS: &str =
    "CloudCore listens on fixed ports since 3.3; only its NodePorts are chosen";
const CLOUD_CORE_PLACEMENT: &str = "CloudCore is not placed by the configuration since 3.3";

/// In the order in which they are looked for.
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
    // `notification.history` is a present key; the switch is not.
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
        "CloudHub has no limit of nodes since 3.3",
    ),
    // Jenkins, up to 3.3
    gone("devops.jenkinsJavaOpts_Xms", NO_JENKINS_OPTIONS),
    gone("devops.jenkinsJavaOpts_Xmx", NO_JENKINS_OPTIONS),
    gone("devops.jenkinsJavaOpts_MaxRAM", NO_JENKINS_OPTIONS),
    gone("devops.sonarqube.postgresqlVolumeSize", "SonarQube is not installed since 3.0"),
    gone("devops.sonarqube.enabled", "SonarQube is used when externalSonarUrl is given"),
    moved("sonarqube", "devops.sonarqube"),
    // 3.2, written by KubeKey
    gone("containerruntime", "the runtime is read from the nodes"),
    gone("logging.containerruntime", "the runtime is read from the nodes"),
];
