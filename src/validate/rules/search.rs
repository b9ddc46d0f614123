//! Elasticsearch and OpenSearch.

use serde_json::Value;

use super::Context;
use crate::diagnostic::{Code, Diagnostic};

const EXTERNAL: [(&str, &str, &str); 2] = [
    ("common.es", "externalElasticsearchHost", "externalElasticsearchPort"),
    ("common.opensearch", "externalOpensearchHost", "externalOpensearchPort"),
];

/// An external server needs host and port; the protocol has its own key.
pub(super) fn external(context: &Context<'_>) -> Vec<Diagnostic> {
    EXTERNAL
        .iter()
        .filter_map(|(parent, host_key, port_key)| {
            let (host_path, port_path) =
                (format!("{parent}.{host_key}"), format!("{parent}.{port_key}"));
            let host = context.text(&host_path);
            let port = context.is_given(&port_path);
            match host {
                Some(host) if host.contains("://") => Some(
                    Diagnostic::error(
                        Code::ExternalSearch,
                        format!("`{host_key}` must be a host name, not a URL"),
                    )
                    .at(context.place(&host_path))
                    .help(
                        "give only the host name, and set the scheme in the key that ends in `Protocol`",
                    ),
                ),
                Some(host) if host.contains([':', '/', '@']) => Some(
                    Diagnostic::error(
                        Code::ExternalSearch,
                        format!("`{host_key}` must be a host name without port and path"),
                    )
                    .at(context.place(&host_path))
                    .help(format!("set the port in `{port_key}`")),
                ),
                Some(_) if !port => Some(
                    Diagnostic::error(
                        Code::ExternalSearch,
                        format!("`{host_key}` needs `{port_key}`"),
                    )
                    .at(context.place(&host_path))
                    .help("Elasticsearch and OpenSearch usually listen on 9200"),
                ),
                None if port && !context.is_given(&host_path) => Some(
                    Diagnostic::error(
                        Code::ExternalSearch,
                        format!("`{port_key}` needs `{host_key}`"),
                    )
                    .at(context.place(&port_path)),
                ),
                _ => None,
            }
        })
        .collect()
}

/// As in ks-installer, an external Elasticsearch wins over an external OpenSearch.
pub(super) fn two_externals(context: &Context<'_>) -> Vec<Diagnostic> {
    let [es, opensearch] = EXTERNAL.map(|(parent, host, _)| format!("{parent}.{host}"));
    let both = context.text(&es).is_some() && context.text(&opensearch).is_some();
    both.then(|| {
        Diagnostic::warning(
            Code::InconsistentSwitch,
            format!("`{opensearch}` has no effect while `{es}` is set"),
        )
        .at(context.place(&opensearch))
        .help("KubeSphere searches in the external Elasticsearch: remove one of them")
    })
    .into_iter()
    .collect()
}

/// Masters elect a leader: with an even number, a network split may leave no majority.
pub(super) fn even_masters(context: &Context<'_>) -> Vec<Diagnostic> {
    ["common.es.master.replicas", "common.opensearch.master.replicas"]
        .iter()
        .filter_map(|path| {
            let Value::Number(replicas) = context.value(path)?.to_json() else {
                return None;
            };
            let even = replicas.as_i64().is_some_and(|n| n > 0 && n % 2 == 0);
            even.then(|| {
                Diagnostic::error(
                    Code::EvenMasters,
                    format!("`{path}` must be odd, but is {replicas}"),
                )
                .at(context.place(path))
                .help("masters elect a leader by majority: use 1, 3 or 5")
            })
        })
        .collect()
}
