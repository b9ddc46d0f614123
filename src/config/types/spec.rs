//! The spec as a whole.

use super::section::section;
use super::{
    Alerting, Auditing, Authentication, Common, Devops, EdgeRuntime, Etcd, Events, Gatekeeper,
    Gateway, Images, Logging, MetricsServer, Monitoring, Multicluster, Network, Notification,
    Openpitrix, Persistence, Role, ServiceMesh, Switch, Terminal,
};
use base64::Engine as _;

section! {
    /// What KubeSphere shall be on this cluster. Every key may be left out.
    Configuration {
        /// Where volumes come from.
        persistence: Persistence,
        /// Sign-in: the secret that signs tokens, the first password, OAuth.
        authentication: Authentication,
        /// A registry put before the name of every image, for example `registry.local:5000`. For
        /// clusters that cannot reach the public registries.
        #[serde(rename = "local_registry")]
        local_registry?: text,
        /// The organisation in the registry from which every image is pulled, in place of its own,
        /// for example `kubesphereio`.
        #[serde(rename = "namespace_override")]
        namespace_override?: text,
        /// `cn` pulls every image from the mirror for mainland China.
        #[schemars(extend("enum" = ["", "cn"]))]
        zone?: text,
        /// The tag of KubeSphere's own images, in place of the version that is installed. For
        /// people who develop KubeSphere.
        #[serde(rename = "dev_tag")]
        dev_tag?: text,
        /// How images are pulled, beyond registry and organisation.
        images: Images,
        /// Redis for shared sessions, and three replicas of the core also where there are fewer than
        /// three control-plane nodes.
        #[serde(rename = "enableHA")]
        enable_ha: bool,
        /// Accepted from older files; ksi never sends telemetry.
        #[serde(rename = "telemetry_enabled")]
        telemetry_enabled?: bool,
        /// Labels that a node must have to run KubeSphere's pods, where a component sets none.
        node_selector?: std::collections::BTreeMap<String, String>,
        /// Taints that KubeSphere's pods tolerate, where a component sets none.
        tolerations?: Vec<super::Toleration>,
        /// Affinity of KubeSphere's pods, where a component sets none.
        affinity?: super::FreeForm,
        /// Node affinity of KubeSphere's pods, where a component sets none.
        node_affinity?: super::FreeForm,
        /// The cluster's etcd.
        etcd: Etcd,
        /// The core and what several components share.
        common: Common,
        /// Alerting rules and messages.
        alerting: Alerting,
        /// The record of who did what.
        auditing: Auditing,
        /// Pipelines on Jenkins.
        devops: Devops,
        /// Search and alerts on Kubernetes Events.
        events: Events,
        /// Collection and search of logs.
        logging: Logging,
        /// Usage of nodes and pods for `kubectl top` and autoscaling.
        #[serde(rename = "metrics_server")]
        metrics_server: MetricsServer,
        /// Prometheus and what belongs to it.
        monitoring: Monitoring,
        /// The cluster's role and the links between clusters.
        multicluster: Multicluster,
        /// Policies, address pools and topology of the pod network.
        network: Network,
        /// Messages to people.
        notification: Notification,
        /// The application store.
        openpitrix: Openpitrix,
        /// Traffic management on Istio.
        servicemesh: ServiceMesh,
        /// Nodes at the edge.
        edgeruntime: EdgeRuntime,
        /// Admission policies on Open Policy Agent.
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

    /// SHA-256 of everything that it says, defaults included, in base64: equal hashes install alike. As
    /// secret as the secrets in it.
    pub fn hash(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &json);
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(digest)
    }

    /// The configuration that a plain `spec` means. A key with nothing behind it (null) is one that
    /// is not given, as a section is of which every line is commented out.
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
