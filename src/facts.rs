//! Facts about the cluster that rendering depends on. Read from a cluster, or given by the user.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// A Kubernetes version: major and minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct KubernetesVersion {
    /// Always 1 so far.
    pub major: u32,
    /// The minor version.
    pub minor: u32,
}

impl KubernetesVersion {
    /// The oldest version that ksi supports: server-side apply is GA since 1.22.
    pub const OLDEST: Self = Self { major: 1, minor: 22 };
    /// The newest version that ksi was tested with.
    pub const NEWEST: Self = Self { major: 1, minor: 37 };
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Reads `1.34`, `v1.34.4`, `1.34+` and `v1.28.3-eks-4f4795d`.
impl FromStr for KubernetesVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.trim().trim_start_matches('v').split('.');
        let mut number = || {
            let digits: String = parts.next()?.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        };
        match (number(), number()) {
            (Some(major), Some(minor)) => Ok(Self { major, minor }),
            _ => Err(format!(
                "`{text}` is not a Kubernetes version; use for example 1.34 or v1.34.4"
            )),
        }
    }
}

/// The facts that rendering depends on. Counts are numbers of nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// The API server's version.
    pub kubernetes: KubernetesVersion,
    /// All nodes.
    pub nodes: u32,
    /// Nodes labelled `node-role.kubernetes.io/control-plane` or `…/master`.
    pub control_plane_nodes: u32,
    /// An address at which a browser reaches a node, if one is known.
    pub node_address: Option<String>,
}

impl Default for Facts {
    /// The offline assumption: one node of the newest Kubernetes.
    fn default() -> Self {
        Self {
            kubernetes: KubernetesVersion::NEWEST,
            nodes: 1,
            control_plane_nodes: 1,
            node_address: None,
        }
    }
}
