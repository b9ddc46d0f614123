//! The spec as a whole.

use super::section::section;
use super::{
    Alerting, Auditing, Authentication, Common, Devops, EdgeRuntime, Etcd, Events, Gatekeeper,
    Gateway, Images, Logging, MetricsServer, Monitoring, Multicluster, Network, Notification,
    Openpitrix, Persistence, Role, ServiceMesh, Switch, Terminal,
};
use base64::Engine as _;

section! {
    /// The desired state of KubeSphere on this cluster. Every key is optional.
    Configuration {
        /// Persistent storage.
        persistence: Persistence,
        /// Sign-in: the secret that signs tokens, the initial admin password, OAuth.
        authentication: Authentication,
        /// The registry from which every image is pulled, for example `registry.local:5000`. For
        /// clusters that cannot reach the public registries.
        #[serde(rename = "local_registry")]
        local_registry?: text,
        /// The organisation in the registry from which every image is pulled, instead of its own, for
        /// example `kubesphereio`.
        #[serde(rename = "namespace_override")]
        namespace_override?: text,
        /// `cn` pulls every image from the mirror for mainland China.
        #[schemars(extend("enum" = ["", "cn"]))]
        zone?: text,
        /// The tag of KubeSphere's own images, instead of the version. For developers of
        /// KubeSphere.
        #[serde(rename = "dev_tag")]
        dev_tag?: text,
        /// Pull secrets and digests of images.
        images: Images,
        /// High availability: Redis for shared sessions, and at least three replicas of the core, even
        /// with fewer than three control-plane nodes.
        #[serde(rename = "enableHA")]
        enable_ha: bool,
        /// Accepted from older files; ksi never sends telemetry.
        #[serde(rename = "telemetry_enabled")]
        telemetry_enabled?: bool,
        /// Labels that a node must have to run KubeSphere's pods, unless a component sets its own.
        node_selector?: std::collections::BTreeMap<String, String>,
        /// Taints that KubeSphere's pods tolerate, unless a component sets its own.
        tolerations?: Vec<super::Toleration>,
        /// Affinity of KubeSphere's pods, unless a component sets its own.
        affinity?: super::FreeForm,
        /// Node affinity of KubeSphere's pods, unless a component sets its own.
        node_affinity?: super::FreeForm,
        /// The cluster's etcd.
        etcd: Etcd,
        /// The core, and settings that several components share.
        common: Common,
        /// Alerting rules.
        alerting: Alerting,
        /// Audit records: who did what.
        auditing: Auditing,
        /// Pipelines with Jenkins.
        devops: Devops,
        /// Search and alerts on Kubernetes Events.
        events: Events,
        /// Collection and search of logs.
        logging: Logging,
        /// Resource usage of nodes and pods for `kubectl top` and autoscaling.
        #[serde(rename = "metrics_server")]
        metrics_server: MetricsServer,
        /// Monitoring with Prometheus.
        monitoring: Monitoring,
        /// The role of the cluster and its connections to other clusters.
        multicluster: Multicluster,
        /// Policies, address pools and topology of the pod network.
        network: Network,
        /// Notifications.
        notification: Notification,
        /// The application store.
        openpitrix: Openpitrix,
        /// Traffic management with Istio.
        servicemesh: ServiceMesh,
        /// Edge nodes.
        edgeruntime: EdgeRuntime,
        /// Admission policies with Open Policy Agent.
        gatekeeper: Gatekeeper,
        /// Gateways of projects and workspaces.
        gateway: Gateway,
        /// Web terminals.
        terminal: Terminal,
        /// Accepted from older files; no version of KubeSphere 3.4 installs GitLab.
        #[schemars(extend("deprecated" = true))]
        gitlab?: Switch,
        /// Accepted from older files; no version of KubeSphere 3.4 installs Harbor.
        #[schemars(extend("deprecated" = true))]
        harbor?: Switch,
    }
}

super::section::placed!(Configuration, affinity, node_affinity);

impl Configuration {
    /// The cluster's role.
    pub fn role(&self) -> Role {
        self.multicluster.cluster_role
    }

    /// SHA-256 of the whole configuration, defaults included, in base64: equal hashes mean equal
    /// installations. As secret as the secrets in it.
    pub fn hash(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &json);
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(digest)
    }

    /// The configuration of a plain `spec`. A null value counts as not set, for example a section whose
    /// lines are all commented out.
    ///
    /// # Errors
    /// A key that does not exist, or a value of the wrong type. Messages name no place: check the
    /// text against [`schema`](crate::config::schema) first.
    pub fn from_json(spec: serde_json::Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(crate::config::shape::without_nulls(spec))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_empty_spec_is_the_default() {
        for empty in [json!({}), json!(null), json!({"common": null, "multicluster": {}})] {
            assert_eq!(Configuration::from_json(empty).unwrap(), Configuration::default());
        }
        assert_eq!(Configuration::default().role(), Role::None);
    }

    #[test]
    fn it_survives_its_own_serialisation() {
        let spec = json!({
            "authentication": {"adminPassword": "", "jwtSecret": "s3cret"},
            "multicluster": {"clusterRole": "host", "tower": {"service": {"nodePort": 30721}}},
            "common": {"core": {"apiserver": {"resources": {"limits": {"memory": "4Gi"}}}}},
        });
        let configuration = Configuration::from_json(spec).unwrap();
        let written = serde_json::to_value(&configuration).unwrap();
        assert_eq!(Configuration::from_json(written).unwrap(), configuration);
    }

    #[test]
    fn an_absent_password_is_not_an_empty_one() {
        let password = |spec| {
            Configuration::from_json(spec)
                .unwrap()
                .authentication
                .admin_password
                .as_deref()
                .map(str::to_owned)
        };
        assert_eq!(password(json!({})), None);
        assert_eq!(password(json!({"authentication": {"adminPassword": ""}})), Some(String::new()));
    }

    #[test]
    fn debug_shows_no_secret() {
        let configuration =
            Configuration::from_json(json!({"authentication": {"jwtSecret": "canary"}})).unwrap();
        assert!(!format!("{configuration:?}").contains("canary"));
    }

    #[test]
    fn a_key_that_does_not_exist_is_refused() {
        assert!(
            Configuration::from_json(json!({"multicluster": {"clusterrole": "host"}})).is_err()
        );
    }
}
