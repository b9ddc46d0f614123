//! Monitoring with Prometheus.

use super::section::section;
use super::{Quantity, Resources, Switch, Workload};

section! {
    /// Monitoring with Prometheus.
    Monitoring {
        /// The StorageClass of the volumes of Prometheus. If empty, persistence.storageClass is used.
        storage_class?: text,
        /// Metrics of nodes.
        #[serde(rename = "node_exporter")]
        node_exporter: NodeExporter,
        /// kube-rbac-proxy, which protects metrics endpoints.
        #[serde(rename = "kube_rbac_proxy")]
        kube_rbac_proxy: Workload,
        /// Metrics of Kubernetes objects.
        #[serde(rename = "kube_state_metrics")]
        kube_state_metrics: Workload,
        /// Prometheus itself.
        prometheus: Prometheus,
        /// Alertmanager, which groups and routes alerts.
        alertmanager: Replicated,
        /// notification-manager, which sends notifications.
        #[serde(rename = "notification_manager")]
        notification_manager: NotificationManager,
        /// Metrics of GPUs.
        gpu: GpuMonitoring,
        /// Grafana.
        grafana: Switch,
        /// Deprecated: use prometheus.replicas.
        #[schemars(range(min = 1), extend("deprecated" = true))]
        prometheus_replicas?: u32,
        /// Deprecated: use prometheus.volumeSize.
        #[schemars(extend("deprecated" = true))]
        prometheus_volume_size?: Quantity,
        /// Deprecated: use alertmanager.replicas.
        #[schemars(range(min = 1), extend("deprecated" = true))]
        alertmanager_replicas?: u32,
        placement;
    }

    /// Metrics of nodes.
    #[derive(Eq)]
    NodeExporter {
        /// The port on every node.
        #[schemars(range(min = 1, max = 65535))]
        port: u16 = 9100,
        /// Resources of its container.
        resources?: Resources,
    }

    /// Prometheus itself.
    #[derive(Eq)]
    Prometheus {
        /// The number of replicas. If not set, it depends on the number of nodes.
        #[schemars(range(min = 1))]
        replicas?: u32,
        /// The size of each volume.
        volume_size: Quantity = "20Gi".into(),
        /// Resources of each container.
        resources?: Resources,
        /// The operator that runs Prometheus.
        operator: Workload,
    }

    /// A workload with configurable replicas and resources.
    #[derive(Eq)]
    Replicated {
        /// The number of replicas. If not set, it depends on the number of nodes.
        #[schemars(range(min = 1))]
        replicas?: u32,
        /// Resources of each container.
        resources?: Resources,
    }

    /// notification-manager, which sends notifications.
    #[derive(Eq)]
    NotificationManager {
        /// Resources of its container.
        resources?: Resources,
        /// Its operator.
        operator: Workload,
        /// Its proxy.
        proxy: Workload,
    }

    /// Metrics of GPUs.
    #[derive(Eq)]
    GpuMonitoring {
        /// The exporter for NVIDIA cards. Runs on nodes labelled `nvidia.com/gpu.present=true`.
        #[serde(rename = "nvidia_dcgm_exporter")]
        nvidia_dcgm_exporter: DcgmExporter,
    }

    /// The exporter for NVIDIA cards.
    #[derive(Eq)]
    DcgmExporter {
        /// Whether it is installed.
        enabled: bool,
        /// Resources of its container.
        resources?: Resources,
    }

    /// metrics-server.
    MetricsServer {
        /// Whether metrics-server is installed. Leave it disabled if the cluster already has one.
        enabled: bool,
        /// Resources of its container.
        resources?: Resources,
        placement;
    }

    /// Alerting rules.
    #[derive(Eq)]
    Alerting {
        /// Whether alerting is installed.
        enabled: bool,
        /// Thanos Ruler, which evaluates the rules.
        thanosruler: Replicated,
    }

    /// Notifications.
    #[derive(Eq)]
    Notification {
        /// The notification history.
        history: Switch,
    }
}
