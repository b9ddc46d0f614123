//! Elasticsearch and OpenSearch, the stores for logs, events and audit records.

use super::section::section;
use super::{Digits, Quantity, Resources, Sensitive, Switch};

section! {
    /// Elasticsearch as the store for logs, events and audit records. KubeSphere 3.4 does not install
    /// it: use your own, or one that an older version installed.
    Elasticsearch {
        /// Whether Elasticsearch is the store.
        enabled: bool,
        /// Its master nodes. Used by versions that still install Elasticsearch.
        master: SearchMaster,
        /// Its data nodes. Used by versions that still install Elasticsearch.
        data: SearchData,
        /// Days that logs are kept.
        log_max_age: Digits = Digits::new(7),
        /// Days that events are kept. If not set, logMaxAge.
        event_max_age?: Digits,
        /// Days that audit records are kept. If not set, logMaxAge.
        auditing_max_age?: Digits,
        /// Days that traces are kept. If not set, logMaxAge.
        istio_max_age?: Digits,
        /// The middle of index names: `ks-<elkPrefix>-log`.
        elk_prefix: String = "logstash".into(),
        /// User name and password for Elasticsearch.
        basic_auth: ElasticsearchAuth,
        /// The host name of your own Elasticsearch, without scheme and port.
        external_elasticsearch_host?: text,
        /// The port of your own Elasticsearch.
        external_elasticsearch_port: Digits,
        /// The scheme of your own Elasticsearch.
        #[schemars(extend("enum" = ["http", "https"]))]
        external_elasticsearch_protocol: String = "http".into(),
        /// Deletion of old indices.
        curator: Curator,
    }

    /// OpenSearch as the store for logs, events and audit records.
    Opensearch {
        /// Whether OpenSearch is the store.
        enabled: bool = true,
        /// Its master nodes.
        master: SearchMaster,
        /// Its data nodes.
        data: SearchData,
        /// Days that logs are kept.
        log_max_age: Digits = Digits::new(7),
        /// Days that events are kept. If not set, logMaxAge.
        event_max_age?: Digits,
        /// Days that audit records are kept. If not set, logMaxAge.
        auditing_max_age?: Digits,
        /// Days that traces are kept. If not set, logMaxAge.
        istio_max_age?: Digits,
        /// The middle of index names: `ks-<opensearchPrefix>-logging`.
        opensearch_prefix: String = "whizard".into(),
        /// User name and password for OpenSearch.
        basic_auth: OpensearchAuth,
        /// The host name of your own OpenSearch, without scheme and port.
        external_opensearch_host?: text,
        /// The port of your own OpenSearch.
        external_opensearch_port: Digits,
        /// The scheme of your own OpenSearch.
        #[schemars(extend("enum" = ["http", "https"]))]
        external_opensearch_protocol: String = "https".into(),
        /// The scheme of the OpenSearch that is installed.
        #[schemars(extend("enum" = ["http", "https"]))]
        protocol: String = "https".into(),
        /// Deletion of old indices.
        curator: OpensearchCurator,
        /// OpenSearch Dashboards, its web interface.
        dashboard: Switch,
        placement node;
    }

    /// Master nodes of the store.
    #[derive(Eq)]
    SearchMaster {
        /// The size of each volume.
        volume_size: Quantity = "4Gi".into(),
        /// The number of replicas. Must be odd. If not set, it depends on the number of nodes.
        #[schemars(range(min = 1))]
        replicas?: u32,
        /// Resources of each container.
        resources?: Resources,
    }

    /// Data nodes of the store.
    #[derive(Eq)]
    SearchData {
        /// The size of each volume.
        volume_size: Quantity = "20Gi".into(),
        /// The number of replicas. If not set, it depends on the number of nodes.
        #[schemars(range(min = 1))]
        replicas?: u32,
        /// Resources of each container.
        resources?: Resources,
    }

    /// User name and password for Elasticsearch.
    #[derive(Eq)]
    ElasticsearchAuth {
        /// Whether Elasticsearch requires them.
        enabled: bool,
        /// The user name.
        username: String,
        /// The password.
        password: Sensitive = "".into(),
    }

    /// User name and password for OpenSearch.
    #[derive(Eq)]
    OpensearchAuth {
        /// Whether OpenSearch requires them.
        enabled: bool = true,
        /// The user name.
        username: String = "admin".into(),
        /// The password.
        password: Sensitive = "admin".into(),
    }

    /// Deletion of old indices from Elasticsearch.
    #[derive(Eq)]
    Curator {
        /// Whether indices older than logMaxAge are deleted.
        enabled: bool,
    }

    /// Deletion of old indices from OpenSearch.
    #[derive(Eq)]
    OpensearchCurator {
        /// Whether indices older than logMaxAge are deleted.
        enabled: bool = true,
    }
}
