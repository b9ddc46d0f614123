//! The parts of KubeKey's `kind: Cluster` that ksi reads: the registry, the addresses of etcd, the
//! Kubernetes version, the address of the control plane and the number of nodes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::overlay::put;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::facts::{Facts, KubernetesVersion};
use crate::yaml::{Content, Node, Path};

/// The parts of a KubeKey cluster that are relevant to KubeSphere.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KubeKey {
    kubernetes: Option<KubernetesVersion>,
    pub(super) kubernetes_span: Option<Span>,
    nodes: u32,
    control_plane_nodes: u32,
    control_plane_address: Option<String>,
    /// Keys of the specification that follow from the cluster.
    completions: Vec<Completion>,
}

/// A key of the specification that follows from the cluster.
#[derive(Debug, Clone, PartialEq)]
struct Completion {
    /// The key in KubeKey's document.
    from: &'static str,
    /// The key below `spec`.
    to: &'static str,
    value: Node,
}

impl KubeKey {
    /// Reads the specification of `v1alpha1` and `v1alpha2`; absent or unexpected values stay unknown.
    pub(super) fn read(spec: &Node) -> Self {
        let at = |path: &str| {
            spec.at(&Path::keys(path)).filter(|n| n.as_str().is_some_and(|t| !t.is_empty()))
        };
        let hosts: Vec<(String, Option<&Node>)> = spec
            .get("hosts")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .map(|host| {
                let text = |key: &str| host.get(key).and_then(Node::as_str).unwrap_or_default();
                (text("name").to_owned(), host.get("internalAddress").or(host.get("address")))
            })
            .collect();
        let group = |names: &[&str]| -> Vec<String> {
            let groups = spec.get("roleGroups");
            let members = names.iter().find_map(|name| groups?.get(name));
            members
                .map(Node::items)
                .unwrap_or_default()
                .iter()
                .filter_map(Node::as_str)
                .flat_map(expand)
                .collect()
        };
        let version = at("kubernetes.version");
        let mut completions = Vec::new();
        for (from, to) in [
            ("registry.privateRegistry", "local_registry"),
            ("registry.namespaceOverride", "namespace_override"),
        ] {
            completions.extend(at(from).map(|node| Completion { from, to, value: node.clone() }));
        }
        let etcd = if at("etcd.type").and_then(Node::as_str) == Some("external") {
            let from = "etcd.external.endpoints";
            external_addresses(spec.at(&Path::keys(from))).map(|value| (from, value))
        } else {
            etcd_addresses(&hosts, &group(&["etcd"])).map(|value| ("roleGroups.etcd", value))
        };
        let to = "etcd.endpointIps";
        completions.extend(etcd.map(|(from, value)| Completion { from, to, value }));
        Self {
            kubernetes: version.and_then(Node::as_str).and_then(|v| v.parse().ok()),
            kubernetes_span: version.and_then(|n| n.span),
            nodes: u32::try_from(hosts.len()).unwrap_or(u32::MAX),
            control_plane_nodes: u32::try_from(group(&["control-plane", "master"]).len())
                .unwrap_or(u32::MAX),
            control_plane_address: at("controlPlaneEndpoint.address")
                .and_then(Node::as_str)
                .map(str::to_owned),
            completions,
        }
    }

    /// Fills in keys that the specification does not set, and tells of those that it sets to something else.
    pub(super) fn complete(&self, spec: &mut Node, found: &mut Vec<Diagnostic>) {
        for Completion { from, to, value } in &self.completions {
            let path = Path::keys(to);
            let given = spec.at(&path).filter(|n| {
                !n.is_null() && !matches!(n.as_str(), Some("" | "localhost" | "127.0.0.1"))
            });
            let Some(given) = given else {
                put(spec, &path.0, value.span, value.clone());
                continue;
            };
            let texts = given.as_str().zip(value.as_str());
            if let Some((here, there)) = texts.filter(|(a, b)| parts(a) != parts(b)) {
                found.push(differs((*to, here), (*from, there)).at(given.span));
            }
        }
    }

    /// Fills in facts about the cluster that are not known otherwise.
    #[must_use]
    pub fn facts(&self, base: Facts) -> Facts {
        Facts {
            kubernetes: self.kubernetes.unwrap_or(base.kubernetes),
            nodes: if self.nodes > 0 { self.nodes } else { base.nodes },
            control_plane_nodes: if self.control_plane_nodes > 0 {
                self.control_plane_nodes
            } else {
                base.control_plane_nodes
            },
            node_address: base.node_address.or_else(|| self.control_plane_address.clone()),
        }
    }
}

/// The addresses of the hosts in the role group, comma-separated as ks-installer takes them.
fn etcd_addresses(hosts: &[(String, Option<&Node>)], names: &[String]) -> Option<Node> {
    let nodes: Vec<&Node> = hosts
        .iter()
        .filter(|(name, _)| names.contains(name))
        .filter_map(|(_, node)| *node)
        .collect();
    let addresses: Vec<&str> = nodes.iter().filter_map(|n| n.as_str()).collect();
    let content = Content::Scalar(Value::String(addresses.join(",")));
    (!addresses.is_empty()).then(|| Node { content, span: nodes[0].span })
}

/// The hosts of URLs such as `https://192.168.6.6:2379`, comma-separated.
fn external_addresses(endpoints: Option<&Node>) -> Option<Node> {
    let endpoints = endpoints?;
    let hosts = endpoints.items().iter().filter_map(Node::as_str).map(|url| {
        let host = url.split_once("://").map_or(url, |(_, rest)| rest);
        host.rsplit_once(':').map_or(host, |(host, _)| host)
    });
    let hosts: Vec<&str> = hosts.collect();
    let content = Content::Scalar(Value::String(hosts.join(",")));
    (!hosts.is_empty()).then_some(Node { content, span: endpoints.span })
}

/// What a value says, whatever the order of a list and the slash after a registry.
fn parts(text: &str) -> BTreeSet<&str> {
    text.split(',').map(|part| part.trim().trim_end_matches('/')).collect()
}

/// KubeKey itself replaces the value in the ClusterConfiguration by its own, by searching the text
/// (`cmd/kk/pkg/kubesphere/tasks.go`).
fn differs((to, here): (&str, &str), (from, there): (&str, &str)) -> Diagnostic {
    // A registry may have credentials.
    let shown =
        |text: &str| if text.contains('@') { "(hidden)".into() } else { format!("`{text}`") };
    let message = format!(
        "`{to}` is {}, but `{from}` of KubeKey's Cluster says {}",
        shown(here),
        shown(there)
    );
    Diagnostic::warning(Code::KubeKeyDiffers, message)
        .help(format!("ksi uses `{to}`, KubeKey would use `{from}`: make both equal"))
}

/// KubeKey's ranges: `node[2:4]` is node2, node3 and node4.
fn expand(name: &str) -> Vec<String> {
    let range = || {
        let (prefix, rest) = name.split_once('[')?;
        let (from, to) = rest.strip_suffix(']')?.split_once(':')?;
        let (from, to) = (from.parse::<u32>().ok()?, to.parse::<u32>().ok()?);
        (from <= to && to - from < 10_000)
            .then(|| (from..=to).map(|n| format!("{prefix}{n}")).collect::<Vec<_>>())
    };
    range().unwrap_or_else(|| vec![name.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Sources;
    use crate::yaml;

    #[test]
    fn reads_registry_etcd_and_nodes() {
        let text = "spec:\n  hosts:\n  - {name: node1, address: 1.1.1.1, internalAddress: 10.0.0.1}\n  - {name: node2, address: 10.0.0.2}\n  - {name: node3, address: 10.0.0.3}\n  roleGroups:\n    etcd: [node1, \"node[2:3]\"]\n    control-plane: [node1]\n  kubernetes: {version: v1.26.5}\n  registry: {privateRegistry: \"r.local\"}\n";
        let mut sources = Sources::default();
        let id = sources.add("kk", text);
        let (documents, problems) = yaml::parse(&sources, id);
        assert_eq!(problems, []);
        let kubekey = KubeKey::read(documents[0].get("spec").unwrap());
        let mut spec = Node::empty_map();
        kubekey.complete(&mut spec, &mut Vec::new());
        assert_eq!(
            spec.to_json(),
            serde_json::json!({"local_registry": "r.local", "etcd": {"endpointIps": "10.0.0.1,10.0.0.2,10.0.0.3"}})
        );
        let facts = kubekey.facts(Facts::default());
        assert_eq!((facts.nodes, facts.control_plane_nodes), (3, 1));
        assert_eq!(facts.kubernetes.to_string(), "1.26");
    }
}
