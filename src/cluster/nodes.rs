//! The nodes of a cluster, as far as an installation depends on them.

use serde_json::Value;

use super::{Cluster, Error, Kind, Selection};

/// Labels of control-plane nodes; the second is the name before Kubernetes 1.20.
const CONTROL_PLANE: [&str; 2] =
    ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

/// The number of nodes, and the address of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nodes {
    /// All nodes.
    pub total: usize,
    /// Nodes with the control-plane label.
    pub control_plane: usize,
    /// The address under which a browser most likely reaches a node: of the first control-plane node,
    /// else of the first node.
    pub address: Option<String>,
}

impl Nodes {
    /// From a list of whole nodes.
    pub fn of(nodes: &[Value]) -> Self {
        Self { address: first(nodes).and_then(address), ..Self::count(nodes) }
    }

    fn count(nodes: &[Value]) -> Self {
        let control_plane = nodes.iter().filter(|node| is_control_plane(node)).count();
        Self { total: nodes.len(), control_plane, address: None }
    }
}

impl Cluster {
    /// Reads the nodes: the metadata of all, and one whole node.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn nodes(&self) -> Result<Nodes, Error> {
        let kind = Kind::new("", "v1", "Node");
        let nodes = self.list(&kind, &Selection::default().metadata()).await?;
        let name = first(&nodes).and_then(|node| node["metadata"]["name"].as_str());
        let whole = match name {
            Some(name) => self.get(&kind.named(None, name)).await?,
            None => None,
        };
        Ok(Nodes { address: whole.as_ref().and_then(address), ..Nodes::count(&nodes) })
    }
}

fn is_control_plane(node: &Value) -> bool {
    CONTROL_PLANE.iter().any(|label| !node["metadata"]["labels"][label].is_null())
}

fn first(nodes: &[Value]) -> Option<&Value> {
    nodes.iter().find(|node| is_control_plane(node)).or(nodes.first())
}

fn address(node: &Value) -> Option<String> {
    let addresses = node["status"]["addresses"].as_array().map_or(&[][..], Vec::as_slice);
    let of = |kind: &str| {
        let address = addresses.iter().find(|address| address["type"] == kind)?;
        address["address"].as_str().map(str::to_owned)
    };
    of("ExternalIP").or_else(|| of("InternalIP"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_address_is_that_of_a_control_plane_node() {
        let node = |label: &str, addresses: &[(&str, &str)]| {
            let addresses: Vec<Value> = addresses
                .iter()
                .map(|(kind, address)| json!({"type": kind, "address": address}))
                .collect();
            json!({"metadata": {"labels": {label: ""}}, "status": {"addresses": addresses}})
        };
        let worker = node("a", &[("InternalIP", "10.0.0.1")]);
        let control =
            node(CONTROL_PLANE[0], &[("InternalIP", "10.0.0.2"), ("ExternalIP", "192.0.2.2")]);
        let both = Nodes::of(&[worker.clone(), control]);
        let expected = Nodes { total: 2, control_plane: 1, address: Some("192.0.2.2".into()) };
        assert_eq!(both, expected);
        assert_eq!(Nodes::of(&[worker]).address.as_deref(), Some("10.0.0.1"));
        assert_eq!(Nodes::of(&[]), Nodes::default());
    }
}
