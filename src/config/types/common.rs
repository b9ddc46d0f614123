//! What several components share.

use super::section::section;
use super::{Core, Elasticsearch, Minio, Openldap, Opensearch, Redis, S3, Sensitive};

section! {
    /// The core and what several components share.
    Common {
        /// KubeSphere's core: console, ks-apiserver, ks-controller-manager.
        core: Core,
        /// The token cache and session store of ks-apiserver.
        redis: Redis,
        /// The directory of DevOps users.
        openldap: Openldap,
        /// The object store of the application store and of DevOps.
        minio: Minio,
        /// An object store of your own; with it MinIO is not installed.
        s3?: S3,
        /// Which Prometheus the console asks.
        monitoring: MonitoringSource,
        /// Kinds of GPU that users can ask for.
        gpu: Gpu,
        /// Elasticsearch as the store of logs, events and audit records.
        es: Elasticsearch,
        /// OpenSearch as the store of logs, events and audit records.
        opensearch: Opensearch,
        /// The collector of logs on the nodes.
        fluentbit: Fluentbit,
        /// Where ks-apiserver sends messages to people.
        notification: NotificationEndpoint,
        /// The folder on the nodes that holds the logs of containers, where it is not the runtime's
        /// usual one.
        containers_log_mounted_path?: text,
        /// The MySQL user of KubeSphere 2.1. Read only by the migration of applications.
        #[schemars(extend("deprecated" = true))]
        mysql_username?: text,
        /// The MySQL password of KubeSphere 2.1. Read only by the migration of applications.
        #[schemars(extend("deprecated" = true))]
        mysql_password?: Sensitive,
    }

    /// Which Prometheus the console asks.
    #[derive(Eq)]
    MonitoringSource {
        /// `external` uses a Prometheus of your own at endpoint; none is installed then.
        #[schemars(extend("enum" = ["", "external"]))]
        r#type?: text,
        /// The address of Prometheus.
        endpoint: String =
            "http://prometheus-operated.kubesphere-monitoring-system.svc:9090".into(),
        /// Metrics of GPUs.
        #[serde(rename = "GPUMonitoring")]
        gpu_monitoring: Switch,
    }

    /// Kinds of GPU that users can ask for.
    #[derive(Eq)]
    Gpu {
        /// The kinds, as the console offers them.
        kinds: Vec<GpuKind> = vec![GpuKind {
            resource_name: "nvidia.com/gpu".into(),
            resource_type: "GPU".into(),
            default: true,
        }],
    }

    /// A kind of GPU.
    #[derive(Eq)]
    #[schemars(extend("required" = ["resourceName", "resourceType"]))]
    GpuKind {
        /// The resource's name on nodes, for example `nvidia.com/gpu`.
        resource_name: String,
        /// The name that the console shows.
        resource_type: String,
        /// Whether the console proposes this kind first.
        default: bool,
    }

    /// The collector of logs on the nodes.
    Fluentbit {
        placement;
    }

    /// Where ks-apiserver sends messages to people.
    #[derive(Eq)]
    NotificationEndpoint {
        /// The address of notification-manager.
        endpoint: String =
            "http://notification-manager-svc.kubesphere-monitoring-system.svc:19093".into(),
    }

    /// A part that is on or off.
    #[derive(Eq)]
    Switch {
        /// Whether it is on.
        enabled: bool,
    }
}
