//! Ports and NodePorts.

use serde_json::Value;

use super::Context;
use crate::config::Role;
use crate::diagnostic::{Code, Diagnostic};
use crate::yaml::{Content, Node};

/// The API server's default `--service-node-port-range`.
const NODE_PORTS: std::ops::RangeInclusive<i64> = 30000..=32767;

/// Ports that become NodePorts, with the switch that turns each on and the port used by default.
const NODE_PORT_KEYS: &[(&str, Option<&str>, Option<i64>)] = &[
    ("common.core.console.port", None, Some(30880)),
    ("multicluster.tower.service.nodePort", None, None),
    (
        "edgeruntime.kubeedge.cloudCore.service.cloudhubNodePort",
        Some("edgeruntime.enabled"),
        Some(30000),
    ),
    (
        "edgeruntime.kubeedge.cloudCore.service.cloudhubQuicNodePort",
        Some("edgeruntime.enabled"),
        Some(30001),
    ),
    (
        "edgeruntime.kubeedge.cloudCore.service.cloudhubHttpsNodePort",
        Some("edgeruntime.enabled"),
        Some(30002),
    ),
    (
        "edgeruntime.kubeedge.cloudCore.service.cloudstreamNodePort",
        Some("edgeruntime.enabled"),
        Some(30003),
    ),
    (
        "edgeruntime.kubeedge.cloudCore.service.tunnelNodePort",
        Some("edgeruntime.enabled"),
        Some(30004),
    ),
];

/// Ports that something listens on or connects to.
const PORT_KEYS: &[&str] = &[
    "etcd.port",
    "monitoring.node_exporter.port",
    "common.es.externalElasticsearchPort",
    "common.opensearch.externalOpensearchPort",
];

/// 1 to 65535.
pub(super) fn range(context: &Context<'_>) -> Vec<Diagnostic> {
    PORT_KEYS
        .iter()
        .filter_map(|path| {
            let node = context.value(path).filter(|n| n.as_str() != Some(""))?;
            let bad = !number(node).is_some_and(|p| (1..=65535).contains(&p));
            bad.then(|| {
                Diagnostic::error(Code::BadPort, format!("`{path}` is not a port"))
                    .at(context.place(path))
                    .help("a port is a number from 1 to 65535")
            })
        })
        .collect()
}

/// A nodePort needs a Service type with NodePorts: the API server rejects other combinations.
pub(super) fn service_type(context: &Context<'_>) -> Vec<Diagnostic> {
    let cluster_ip = context.text("common.core.console.type") == Some("ClusterIP");
    let given = context.value("common.core.console.port").is_some();
    (cluster_ip && given)
        .then(|| {
            Diagnostic::warning(
                Code::NodePortService,
                "the console's `port` is a NodePort and has no effect with `type: ClusterIP`",
            )
            .at(context.key_place("common.core.console.port"))
            .help("remove `port`, or set `type: NodePort`")
        })
        .into_iter()
        .chain(tower_node_port(context))
        .collect()
}

fn tower_node_port(context: &Context<'_>) -> Option<Diagnostic> {
    let path = "multicluster.tower.service.nodePort";
    let cluster_ip = context.text("multicluster.tower.service.type") == Some("ClusterIP");
    (cluster_ip && context.value(path).is_some()).then(|| {
        Diagnostic::error(Code::NodePortService, "a Service of type ClusterIP has no nodePort")
            .at(context.key_place(path))
            .help("remove `nodePort`, or set `type: NodePort` or `LoadBalancer`")
    })
}

/// NodePorts outside the default range.
pub(super) fn node_ports(context: &Context<'_>) -> Vec<Diagnostic> {
    used(context)
        .into_iter()
        .filter(|(_, port)| !NODE_PORTS.contains(port))
        .map(|(path, port)| {
            let severe = !(1..=65535).contains(&port);
            let message = format!("`{path}` is {port}, outside the range 30000 to 32767");
            let diagnostic = if severe {
                Diagnostic::error(Code::BadPort, format!("`{path}` is not a port: {port}"))
            } else {
                Diagnostic::warning(Code::NodePortRange, message)
            };
            diagnostic.at(context.place(path)).help(
                "the API server rejects other NodePorts unless its --service-node-port-range allows them",
            )
        })
        .collect()
}

/// Two Services cannot share a NodePort.
pub(super) fn twice(context: &Context<'_>) -> Vec<Diagnostic> {
    let used = used(context);
    used.iter()
        .enumerate()
        .filter_map(|(at, (path, port))| {
            let (other, _) = used[..at].iter().find(|(_, p)| p == port)?;
            // Point at the one that is set: the other may be a default.
            let here = if context.is_given(path) { path } else { other };
            // ksi itself creates only one of the two Services.
            let edge = [path, other].iter().any(|path| path.starts_with("edgeruntime."));
            let message = format!("NodePort {port} is used twice");
            let twice = if edge {
                Diagnostic::warning(Code::NodePortTwice, message)
            } else {
                Diagnostic::error(Code::NodePortTwice, message)
            };
            Some(
                twice
                    .at(context.place(here))
                    .help(format!("`{other}` and `{path}` both use it: change one of them")),
            )
        })
        .collect()
}

/// The NodePorts that this configuration takes, defaults included.
fn used(context: &Context<'_>) -> Vec<(&'static str, i64)> {
    NODE_PORT_KEYS
        .iter()
        .filter(|(path, switch, _)| {
            // With ClusterIP the console's port is not used; only a host has Tower.
            let has_node_port = match *path {
                "common.core.console.port" => {
                    context.text("common.core.console.type") != Some("ClusterIP")
                }
                "multicluster.tower.service.nodePort" => context.role() == Some(Role::Host),
                _ => true,
            };
            has_node_port && switch.is_none_or(|s| context.flag(s))
        })
        .filter_map(|(path, _, default)| {
            let given = context.value(path).and_then(number);
            given.or(default.filter(|_| !context.is_given(path))).map(|port| (*path, port))
        })
        .filter(|(_, port)| *port != 0)
        .collect()
}

/// A number, or a string of digits if the shape allows it.
fn number(node: &Node) -> Option<i64> {
    match &node.content {
        Content::Scalar(Value::Number(n)) => n.as_i64(),
        Content::Scalar(Value::String(text)) => text.parse().ok(),
        _ => None,
    }
}
