//! Settings that several components share.

use super::section::section;
use super::{Core, Elasticsearch, Minio, Openldap, Opensearch, Redis, S3, Sensitive};

section! {
    /// The core, and settings that several components share.
    Common {
        /// KubeSphere's core: console, ks-apiserver, ks-controller-manager.
        core: Core,
        /// The token cache and session store of ks-apiserver.
        redis: Redis,
        /// The LDAP directory of DevOps users.
        openldap: Openldap,
        /// The object store of the application store and of DevOps.
        minio: Minio,
        /// An object store of your own. If set, MinIO is not installed.
        s3?: S3,
        /// The Prometheus that the console queries.
        monitoring: MonitoringSource,
        /// GPU types that users can request.
        gpu: Gpu,
        /// Elasticsearch as the store for logs, events and audit records.
        es: Elasticsearch,
        /// OpenSearch as the store for logs, events and audit records.
        opensearch: Opensearch,
        /// The collector of logs on the nodes.
        fluentbit: Fluentbit,
        /// Where ks-apiserver sends notifications.
        notification: NotificationEndpoint,
        /// The directory on the nodes with the logs of containers, if it is not the default of the
        /// container runtime.
        containers_log_mounted_path?: text,
        /// The MySQL user of KubeSphere 2.1. Used only to migrate applications.
        #[schemars(extend("deprecated" = true))]
        mysql_username?: text,
        /// The MySQL password of KubeSphere 2.1. Used only to migrate applications.
        #[schemars(extend("deprecated" = true))]
        mysql_password?: Sensitive,
    }

    /// The Prometheus that the console queries.
    #[derive(Eq)]
    MonitoringSource {
        /// `external` uses your own Prometheus at `endpoint`; then none is installed.
        #[schemars(extend("enum" = ["", "external"]))]
        r#type?: text,
        /// The address of Prometheus.
        endpoint: String =
            "http://prometheus-operated.kubesphere-monitoring-system.svc:9090".into(),
        /// Metrics of GPUs.
        #[serde(rename = "GPUMonitoring")]
        gpu_monitoring: Switch,
    }

    /// GPU types that users can request.
    #[derive(Eq)]
    Gpu {
        /// The GPU types that the console offers.
        kinds: Vec<GpuKind> = vec![GpuKind {
            resource_name: "nvidia.com/gpu".into(),
            resource_type: "GPU".into(),
            default: true,
        }],
    }

    /// A GPU type.
    #[derive(Eq)]
    #[schemars(extend("required" = ["resourceName", "resourceType"]))]
    GpuKind {
        /// The resource name on nodes, for example `nvidia.com/gpu`.
        resource_name: String,
        /// The name that the console shows.
        resource_type: String,
        /// Whether the console preselects this type.
        default: bool,
    }

    /// The collector of logs on the nodes.
    Fluentbit {
        placement;
    }

    /// Where ks-apiserver sends notifications.
    #[derive(Eq)]
    NotificationEndpoint {
        /// The address of notification-manager.
        endpoint: String =
            "http://notification-manager-svc.kubesphere-monitoring-system.svc:19093".into(),
    }

    /// A component that can be enabled.
    #[derive(Eq)]
    Switch {
        /// Whether it is enabled.
        enabled: bool,
    }
}
