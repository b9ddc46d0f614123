//! Fields by which somebody who may only edit the ClusterConfiguration would get more rights. A controller
//! carries out what others wrote: it changes these fields only to values that an administrator allows.
//!
//! The values that were applied last are allowed, and so are the defaults. The first configuration counts
//! as the administrator's, who installs ksi beside it. Further values are in the ConfigMap [`POLICY`]: each key is a
//! field, each line below it a value, in which `*` stands for any text.

use crate::config;

/// The ConfigMap with the allowed values, in namespace kubesphere-system.
pub const POLICY: &str = "ksi-policy";

/// A field of the specification, and what its value would give to whoever sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restricted {
    /// The field below `spec`.
    pub path: &'static str,
    /// What whoever sets it gets.
    pub gives: &'static str,
    /// It is free as long as nothing is set: the guides of KubeSphere set it by an edit.
    pub free_once: bool,
}

const IMAGES: &str = "selects the images that run with the permissions of KubeSphere";
const VOLUMES: &str = "mounts files of the node and Secrets into a pod";
const SECRETS: &str = "uses a Secret of kubesphere-system";
const TOKENS: &str = "lets whoever knows it sign in as any user";
const EXPOSED: &str = "exposes the API servers of all members";
const REQUESTS: &str = "receives requests and credentials of KubeSphere";

/// All of them.
pub const RESTRICTED: [Restricted; 21] = [
    restricted("local_registry", IMAGES),
    restricted("namespace_override", IMAGES),
    restricted("dev_tag", IMAGES),
    restricted("terminal.image", IMAGES),
    restricted("multicluster.agentImage", IMAGES),
    restricted("common.core.console.extraVolumes", VOLUMES),
    restricted("common.core.console.extraVolumeMounts", VOLUMES),
    restricted("images.pullSecrets", SECRETS),
    restricted("multicluster.tower.ca.secretName", SECRETS),
    restricted("authentication.jwtSecretRef", SECRETS),
    restricted("authentication.jwtSecret", TOKENS),
    restricted("authentication.oauthOptions", TOKENS),
    restricted("multicluster.tower.service", EXPOSED),
    restricted("multicluster.tower.networkPolicy", EXPOSED),
    Restricted { free_once: true, ..restricted("multicluster.proxyPublishAddress", EXPOSED) },
    restricted("common.es.externalElasticsearchHost", REQUESTS),
    restricted("common.opensearch.externalOpensearchHost", REQUESTS),
    restricted("common.monitoring.endpoint", REQUESTS),
    restricted("common.notification.endpoint", REQUESTS),
    restricted("common.s3.endpoint", REQUESTS),
    restricted("devops.sonarqube.externalSonarUrl", REQUESTS),
];

const fn restricted(path: &'static str, gives: &'static str) -> Restricted {
    Restricted { path, gives, free_once: false }
}

/// How an administrator allows the values of fields.
pub fn allow(fields: &[Restricted]) -> String {
    let data = fields.iter().map(|field| format!("\"{}\":\"VALUE\"", field.path));
    format!(
        "change them back, or allow their values as an administrator: `kubectl -n {} patch configmap {POLICY} \
         --type merge -p '{{\"data\":{{{}}}}}'` (`kubectl create configmap {POLICY}` first)",
        config::NAMESPACE,
        data.collect::<Vec<_>>().join(",")
    )
}
