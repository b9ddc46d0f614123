//! The parts of KubeKey's `kind: Cluster` that ksi reads: the registry, the addresses of etcd, the
//! Kubernetes version, the address of the control plane and the number of nodes.

use serde_json::Value;

use super::overlay::put;
use crate::diagnostic::Span;
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
    completions: Vec<(&'static str, Node)>,
}

impl KubeKey {
    /// Reads `v1alpha1` and `v1alpha2`; absent or unexpected values stay unknown.
    pub(super) fn read(document: &Node) -> Self {
        let spec = document.get("spec").cloned().unwrap_or_else(Node::empty_map);
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
            completions.extend(at(from).map(|node| (to, node.clone())));
        }
        completions
            .extend(etcd_addresses(&hosts, &group(&["etcd"])).map(|n| ("etcd.endpointIps", n)));
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

    /// Fills in keys that the specification does not set.
    pub(super) fn complete(&self, spec: &mut Node) {
        for (to, node) in &self.completions {
            let path = Path::keys(to);
            let open = spec.at(&path).is_none_or(|n| {
                n.is_null() || matches!(n.as_str(), Some("" | "localhost" | "127.0.0.1"))
            });
            if open {
                put(spec, &path.0, node.span, node.clone());
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
        let text = "kind: Cluster\nspec:\n  hosts:\n  - {name: node1, address: 1.1.1.1, internalAddress: 10.0.0.1}\n  - {name: node2, address: 10.0.0.2}\n  - {name: node3, address: 10.0.0.3}\n  roleGroups:\n    etcd: [node1, \"node[2:3]\"]\n    control-plane: [node1]\n  kubernetes: {version: v1.26.5}\n  registry: {privateRegistry: \"r.local\"}\n";
        let mut sources = Sources::default();
        let id = sources.add("kk", text);
        let (documents, problems) = yaml::parse(&sources, id);
        assert_eq!(problems, []);
        let kubekey = KubeKey::read(&documents[0]);
        let mut spec = Node::empty_map();
        kubekey.complete(&mut spec);
        assert_eq!(
            spec.to_json(),
            serde_json::json!({"local_registry": "r.local", "etcd": {"endpointIps": "10.0.0.1,10.0.0.2,10.0.0.3"}})
        );
        let facts = kubekey.facts(Facts::default());
        assert_eq!((facts.nodes, facts.control_plane_nodes), (3, 1));
        assert_eq!(facts.kubernetes.to_string(), "1.26");
    }
}
