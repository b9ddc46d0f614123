//! Where logs, events and audit records are stored.

use super::section::section;
use super::{Digits, Quantity, Resources, Sensitive, Switch};

section! {
    /// Elasticsearch as the store of logs, events and audit records. KubeSphere 3.4 brings none: it
    /// must be one of your own, or one that an older version left.
    Elasticsearch {
        /// Whether Elasticsearch is the store.
        enabled: bool,
        /// Its master nodes. Read by versions that still bring Elasticsearch.
        master: SearchMaster,
        /// Its data nodes. Read by versions that still bring Elasticsearch.
        data: SearchData,
        /// Days that logs are kept.
        log_max_age: Digits = Digits::new(7),
        /// Days that events are kept; as logMaxAge when absent.
        event_max_age?: Digits,
        /// Days that audit records are kept; as logMaxAge when absent.
        auditing_max_age?: Digits,
        /// Days that traces are kept; as logMaxAge when absent.
        istio_max_age?: Digits,
        /// The middle of index names: `ks-<elkPrefix>-log`.
        elk_prefix: String = "logstash".into(),
        /// Name and password for Elasticsearch.
        basic_auth: ElasticsearchAuth,
        /// The host name of your own Elasticsearch, without scheme and port.
        external_elasticsearch_host?: text,
        /// The port of your own Elasticsearch.
        external_elasticsearch_port: Digits,
        /// The scheme of your own Elasticsearch.
        #[schemars(extend("enum" = ["http", "https"]))]
        external_elasticsearch_protocol: String = "http".into(),
        /// Removal of old indices.
        curator: Curator,
    }

    /// OpenSearch as the store of logs, events and audit records.
    Opensearch {
        /// Whether OpenSearch is the store.
        enabled: bool = true,
        /// Its master nodes.
        master: SearchMaster,
        /// Its data nodes.
        data: SearchData,
        /// Days that logs are kept.
        log_max_age: Digits = Digits::new(7),
        /// Days that events are kept; as logMaxAge when absent.
        event_max_age?: Digits,
        /// Days that audit records are kept; as logMaxAge when absent.
        auditing_max_age?: Digits,
        /// Days that traces are kept; as logMaxAge when absent.
        istio_max_age?: Digits,
        /// The middle of index names: `ks-<opensearchPrefix>-logging`.
        opensearch_prefix: String = "whizard".into(),
        /// Name and password for OpenSearch.
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
        /// Removal of old indices.
        curator: OpensearchCurator,
        /// Its web interface.
        dashboard: Switch,
        placement node;
    }

    /// Master nodes of the store.
    #[derive(Eq)]
    SearchMaster {
        /// The size of each volume.
        volume_size: Quantity = "4Gi".into(),
        /// How many run. Must be odd. By the number of nodes when absent.
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
        /// How many run. By the number of nodes when absent.
        #[schemars(range(min = 1))]
        replicas?: u32,
        /// Resources of each container.
        resources?: Resources,
    }

    /// Name and password for Elasticsearch.
    #[derive(Eq)]
    ElasticsearchAuth {
        /// Whether Elasticsearch asks for them.
        enabled: bool,
        /// The name.
        username: String,
        /// The password.
        password: Sensitive = "".into(),
    }

    /// Name and password for OpenSearch.
    #[derive(Eq)]
    OpensearchAuth {
        /// Whether OpenSearch asks for them.
        enabled: bool = true,
        /// The name.
        username: String = "admin".into(),
        /// The password.
        password: Sensitive = "admin".into(),
    }

    /// Removal of old indices from Elasticsearch.
    #[derive(Eq)]
    Curator {
        /// Whether indices are removed when they are older than logMaxAge.
        enabled: bool,
    }

    /// Removal of old indices from OpenSearch.
    #[derive(Eq)]
    OpensearchCurator {
        /// Whether indices are removed when they are older than logMaxAge.
        enabled: bool = true,
    }
}
