//! Rules about the optional components.

use super::Context;
use crate::diagnostic::{Code, Diagnostic};

/// Components that KubeSphere knows and ksi does not install yet.
const UNMANAGED: &[(&str, &str)] = &[
    ("alerting.enabled", "alerting"),
    ("auditing.enabled", "auditing"),
    ("devops.enabled", "DevOps"),
    ("events.enabled", "events"),
    ("logging.enabled", "logging"),
    ("servicemesh.enabled", "the service mesh"),
    ("edgeruntime.enabled", "the edge runtime"),
    ("gatekeeper.enabled", "Gatekeeper"),
    ("openpitrix.store.enabled", "the app store"),
    ("common.openldap.enabled", "OpenLDAP"),
    ("common.es.enabled", "Elasticsearch"),
    ("common.opensearch.dashboard.enabled", "OpenSearch Dashboards"),
    ("etcd.monitoring", "etcd monitoring"),
    ("monitoring.gpu.nvidia_dcgm_exporter.enabled", "the DCGM exporter"),
    ("monitoring.grafana.enabled", "Grafana"),
];

/// Enabled components that ksi does not install.
pub(super) fn unmanaged(context: &Context<'_>) -> Vec<Diagnostic> {
    UNMANAGED
        .iter()
        // Only keys that the file sets: nobody asked for the defaults.
        .filter(|(path, _)| context.is_given(path) && context.flag(path))
        .map(|(path, name)| {
            Diagnostic::warning(Code::Unmanaged, format!("ksi does not install {name} yet"))
                .about(name)
                .at(context.place(path))
                .help("KubeSphere is still configured to use it: install it yourself")
        })
        .collect()
}

/// Edge nodes connect to the address; CloudCore, which ksi does not install yet, crashes without one.
pub(super) fn edge_address(context: &Context<'_>) -> Vec<Diagnostic> {
    let path = "edgeruntime.kubeedge.cloudCore.cloudHub.advertiseAddress";
    let on = context.flag("edgeruntime.enabled") && context.flag("edgeruntime.kubeedge.enabled");
    if context.is_given(path) && context.value(path).is_none() {
        return Vec::new();
    }
    let given = context.value(path).is_some_and(|list| {
        list.items().iter().any(|item| item.as_str().is_some_and(|a| !a.trim().is_empty()))
    });
    (on && !given)
        .then(|| {
            Diagnostic::warning(
                Code::EdgeAddress,
                "KubeEdge needs an address that edge nodes can reach",
            )
            .at(context.key_place(path).or(context.place("edgeruntime.enabled")))
            .help(format!("set `{path}` to a list with at least one IP address"))
        })
        .into_iter()
        .collect()
}

/// KubeSphere's client uses a single address, so it would not find a replica.
pub(super) fn redis_replicas(context: &Context<'_>) -> Vec<Diagnostic> {
    let path = "common.redis.enableHA";
    (context.flag("common.redis.enabled") && context.flag(path))
        .then(|| {
            Diagnostic::warning(Code::NoEffect, format!("`{path}` has no effect yet"))
                .at(context.place(path))
                .help("ksi installs a single Redis server; if its node fails, its pod and volume move to another node")
        })
        .into_iter()
        .collect()
}

/// Switches that have no effect without another one.
pub(super) fn switches(context: &Context<'_>) -> Vec<Diagnostic> {
    const NEEDS: &[(&str, &str)] = &[
        ("common.redis.enableHA", "common.redis.enabled"),
        ("edgeruntime.kubeedge.enabled", "edgeruntime.enabled"),
        ("common.opensearch.dashboard.enabled", "common.opensearch.enabled"),
    ];
    NEEDS
        .iter()
        .filter(|(path, needed)| {
            context.is_given(path) && context.flag(path) && !context.flag(needed)
        })
        .map(|(path, needed)| {
            Diagnostic::warning(
                Code::InconsistentSwitch,
                format!("`{path}` has no effect while `{needed}` is false"),
            )
            .at(context.place(path))
            .help(format!("set `{needed}: true`, or remove `{path}`"))
        })
        .collect()
}
