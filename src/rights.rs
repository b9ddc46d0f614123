//! The permissions that ksi needs in a cluster.
//!
//! Three callers share them: the check before an installation, the preflight checks of a run, and
//! `deploy/rbac.yaml`, the account that runs ksi in a cluster. What a configuration needs follows from the
//! objects that it renders ([`rendered`]); what ksi itself needs is in [`own`].

mod manifest;
mod own;
mod plural;
mod rendered;
mod rule;

pub use manifest::manifest;
pub use own::{Purpose, own};
pub use plural::plural;
pub use rendered::{deleting, rendered, writing};
pub use rule::Rule;

use crate::object::kubesphere;

/// The namespace of ksi's inventory, and of the account that runs ksi in a cluster.
const SYSTEM: &str = kubesphere::SYSTEM;

/// A permission for one verb on one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Right {
    /// API group, empty for the core group.
    pub group: String,
    /// Plural name, with a subresource behind a slash: `pods/log`.
    pub resource: String,
    /// The namespace; `None` for cluster-scoped objects, or for all namespaces.
    pub namespace: Option<String>,
    /// `get`, `create`, `patch`, `bind`, `escalate`, …
    pub verb: String,
    /// Only this object. Requests for list, watch and create have no name.
    pub name: Option<String>,
}

impl Right {
    /// The same right for objects of every name.
    #[must_use]
    pub fn for_all_names(&self) -> Self {
        Self { name: None, ..self.clone() }
    }

    /// Resource and group as in `kubectl auth can-i`: `deployments.apps`.
    pub fn full_resource(&self) -> String {
        match self.group.as_str() {
            "" => self.resource.clone(),
            group => format!("{}.{group}", self.resource),
        }
    }
}
