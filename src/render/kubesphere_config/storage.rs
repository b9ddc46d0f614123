//! Object stores and search engines that components keep their data in.

use serde::Serialize;

use crate::render::spec::Spec;

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
    access_key_id: String,
    secret_access_key: String,
    bucket: String,
}

impl S3 {
    /// The user's store, or the MinIO that ks-installer installs with these fixed keys.
    pub(super) fn new(spec: Spec<'_>, bucket: String) -> Self {
        let text = |key: &str, default: &str| {
            spec.text(&format!("common.s3.{key}")).unwrap_or_else(|| default.to_owned())
        };
        let switch = |key: &str| {
            let value = spec.value(&format!("common.s3.{key}"));
            value.and_then(serde_json::Value::as_bool).unwrap_or(true)
        };
        Self {
            endpoint: text("endpoint", "http://minio.kubesphere-system.svc:9000"),
            region: text("region", "us-east-1"),
            disable_ssl: switch("disableSSL"),
            force_path_style: switch("forcePathStyle"),
            access_key_id: text("accessKeyID", "openpitrixminioaccesskey"),
            secret_access_key: text("secretAccessKey", "openpitrixminiosecretkey"),
            bucket,
        }
    }

    /// The bucket of the app store.
    pub(super) fn of_the_store(spec: Spec<'_>) -> Self {
        let bucket = spec.text("common.s3.openpitrixBucket").unwrap_or("app-store".into());
        Self::new(spec, bucket)
    }
}

/// The search engine that holds logs, events or the audit trail.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Search {
    host: String,
    basic_auth: Option<bool>,
    username: Option<String>,
    password: Option<String>,
    index_prefix: String,
}

/// The keys of one engine's section and what is true of the engine that ks-installer installs.
struct Engine {
    section: &'static str,
    external: &'static str,
    protocol: &'static str,
    installed: &'static str,
    prefix_key: &'static str,
    prefix: &'static str,
    /// What the index of logs ends in.
    logs: &'static str,
}

const OPENSEARCH: Engine = Engine {
    section: "common.opensearch",
    external: "externalOpensearch",
    protocol: "https",
    installed: "opensearch-cluster-data.kubesphere-logging-system.svc:9200",
    prefix_key: "opensearchPrefix",
    prefix: "whizard",
    logs: "logging",
};

const ELASTICSEARCH: Engine = Engine {
    section: "common.es",
    external: "externalElasticsearch",
    protocol: "http",
    installed: "elasticsearch-logging-data.kubesphere-logging-system.svc:9200",
    prefix_key: "elkPrefix",
    prefix: "logstash",
    logs: "log",
};

impl Search {
    /// The section of a component that is on: `logging`, `events` or `auditing`.
    pub(super) fn of(spec: Spec<'_>, component: &str) -> Option<Self> {
        if !spec.on(&format!("{component}.enabled")) {
            return None;
        }
        // OpenSearch unless it is switched off for Elasticsearch.
        let opensearch = spec.on("common.opensearch.enabled") || !spec.on("common.es.enabled");
        let engine = if opensearch { OPENSEARCH } else { ELASTICSEARCH };
        let text = |key: &str| spec.text(&format!("{}.{key}", engine.section));
        let protocol = text(&format!("{}Protocol", engine.external));
        let protocol = protocol.unwrap_or_else(|| engine.protocol.to_owned());
        let host = text(&format!("{}Host", engine.external));
        let port = text(&format!("{}Port", engine.external));
        let address = match (host, port) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            _ => engine.installed.to_owned(),
        };
        let auth = spec.on(&format!("{}.basicAuth.enabled", engine.section));
        let login = |key: &str| auth.then(|| text(&format!("basicAuth.{key}")).unwrap_or_default());
        let prefix = text(engine.prefix_key).unwrap_or_else(|| engine.prefix.to_owned());
        let suffix = if component == "logging" { engine.logs } else { component };
        Some(Self {
            host: format!("{protocol}://{address}"),
            basic_auth: auth.then_some(true),
            username: login("username"),
            password: login("password"),
            index_prefix: format!("ks-{prefix}-{suffix}"),
        })
    }
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
    pub(super) fn of(spec: Spec<'_>) -> Option<Self> {
        Some(Self {
            enable: true,
            webhook_url:
                "https://kube-auditing-webhook-svc.kubesphere-logging-system.svc:6443/audit/webhook/event",
            search: Search::of(spec, "auditing")?,
        })
    }
}
