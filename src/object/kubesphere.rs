//! Names that KubeSphere 3.4 gives its own objects.

/// The namespace of KubeSphere's core, and of what ksi stores in a cluster.
pub const SYSTEM: &str = "kubesphere-system";
/// The namespace of the ingress routers of projects.
pub const CONTROLS: &str = "kubesphere-controls-system";
/// The namespace of monitoring.
pub const MONITORING: &str = "kubesphere-monitoring-system";
/// The namespace of monitoring across clusters.
pub const MONITORING_FEDERATED: &str = "kubesphere-monitoring-federated";
/// The namespace of KubeFed.
pub const FEDERATION: &str = "kube-federation-system";

/// The ConfigMap that holds `kubesphere.yaml`.
pub const CONFIG: &str = "kubesphere-config";
/// The API server: its Deployment and its Service.
pub const API_SERVER: &str = "ks-apiserver";
/// The console: its Deployment and its Service.
pub const CONSOLE: &str = "ks-console";
/// The controller manager: its Deployment and its Service.
pub const CONTROLLER_MANAGER: &str = "ks-controller-manager";
/// The proxy that members connect to: its Deployment and its Service.
pub const TOWER: &str = "tower";
/// The installer of KubeSphere 3.x, its `ClusterConfiguration`, and the account of ksi in a cluster.
pub const INSTALLER: &str = "ks-installer";
/// The label `app` of its pods, by which the guides find its log.
pub const INSTALLER_APP: &str = "ks-install";
/// The Lease that is the lock of a run, also of other installers.
pub const LOCK: &str = "ks-installer-apply";
/// The Secret with what KubeSphere signs tokens with, and the first password of `admin`.
pub const SECRET: &str = "kubesphere-secret";
