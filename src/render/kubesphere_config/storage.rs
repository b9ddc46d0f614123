//! Object stores and search engines of components.

use serde::Serialize;

use crate::config::types::{self, Common};
use crate::config::{Digits, Sensitive};

/// An S3 bucket.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct S3 {
    endpoint: String,
    region: String,
    #[serde(rename = "disableSSL")]
    disable_ssl: bool,
    force_path_style: bool,
    #[serde(rename = "accessKeyID")]
    access_key_id: Sensitive,
    secret_access_key: Sensitive,
    bucket: String,
}

impl S3 {
    /// The user's store, or the MinIO that ks-installer installs with its fixed keys.
    pub(super) fn new(given: &types::S3, bucket: &str) -> Self {
        let minio = || "http://minio.kubesphere-system.svc:9000".to_owned();
        let key = given.secret_access_key.clone();
        Self {
            endpoint: given.endpoint.clone().unwrap_or_else(minio),
            region: given.region.clone(),
            disable_ssl: given.disable_ssl,
            force_path_style: given.force_path_style,
            access_key_id: given.access_key_id.clone(),
            secret_access_key: key.unwrap_or_else(|| "openpitrixminiosecretkey".into()),
            bucket: bucket.to_owned(),
        }
    }
}

/// The search engine that holds logs, events or the audit trail.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Search {
    host: String,
    basic_auth: Option<bool>,
    username: Option<String>,
    password: Option<Sensitive>,
    index_prefix: String,
}

impl Search {
    /// The section of an enabled component: `logging`, `events` or `auditing`. The engine is the one that
    /// ks-installer's template takes (roles/ks-core/config/templates/kubesphere-config.yaml.j2): an
    /// external Elasticsearch, else an external OpenSearch, whatever is enabled; else Elasticsearch if
    /// it is enabled; else OpenSearch. Credentials and index belong to the same engine, as in the
    /// outputs of ks-installer's collectors, so that what they write is found.
    pub(super) fn new(common: &Common, component: &str) -> Self {
        let (es, opensearch) = (&common.es, &common.opensearch);
        let host = es.external_elasticsearch_host.as_deref();
        if let Some(address) = address(host, es.external_elasticsearch_port) {
            let host = format!("{}://{address}", es.external_elasticsearch_protocol);
            return Self::in_elasticsearch(es, host, component);
        }
        let host = opensearch.external_opensearch_host.as_deref();
        if let Some(address) = address(host, opensearch.external_opensearch_port) {
            let host = format!("{}://{address}", opensearch.external_opensearch_protocol);
            return Self::in_opensearch(opensearch, host, component);
        }
        if es.enabled {
            let host = "http://elasticsearch-logging-data.kubesphere-logging-system.svc:9200";
            return Self::in_elasticsearch(es, host.to_owned(), component);
        }
        let host = "opensearch-cluster-data.kubesphere-logging-system.svc:9200";
        Self::in_opensearch(opensearch, format!("{}://{host}", opensearch.protocol), component)
    }

    fn in_opensearch(engine: &types::Opensearch, host: String, component: &str) -> Self {
        let auth = engine.basic_auth.enabled;
        Self {
            host,
            basic_auth: auth.then_some(true),
            username: auth.then(|| engine.basic_auth.username.clone()),
            password: auth.then(|| engine.basic_auth.password.clone()),
            index_prefix: format!("ks-{}-{component}", engine.opensearch_prefix),
        }
    }

    fn in_elasticsearch(engine: &types::Elasticsearch, host: String, component: &str) -> Self {
        let auth = engine.basic_auth.enabled;
        // The index of logs was named before there were others.
        let suffix = if component == "logging" { "log" } else { component };
        Self {
            host,
            basic_auth: auth.then_some(true),
            username: auth.then(|| engine.basic_auth.username.clone()),
            password: auth.then(|| engine.basic_auth.password.clone()),
            index_prefix: format!("ks-{}-{suffix}", engine.elk_prefix),
        }
    }
}

/// The address of an external engine, if both host and port are set.
fn address(host: Option<&str>, port: Digits) -> Option<String> {
    Some(format!("{}:{}", host?, port.0?))
}

/// The section `auditing`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Auditing {
    enable: bool,
    #[serde(rename = "webhookURL")]
    webhook_url: &'static str,
    #[serde(flatten)]
    search: Search,
}

impl Auditing {
    /// The section when auditing is on.
    pub(super) fn new(common: &Common) -> Self {
        Self {
            enable: true,
            webhook_url: "https://kube-auditing-webhook-svc.kubesphere-logging-system.svc:6443/audit/webhook/event",
            search: Search::new(common, "auditing"),
        }
    }
}
