//! Which rights ksi needs in a cluster.
//!
//! One table for three callers: what `ksi check --pre` asks for, what `ksi apply` asks for before it
//! writes, and `deploy/rbac.yaml`, the account that runs ksi in a cluster. What a configuration needs is
//! read from the objects that it renders ([`rendered`]), what ksi itself needs stands in [`own`].

mod manifest;
mod own;
mod plural;
mod rendered;
mod rule;

pub use manifest::manifest;
pub use own::{Occasion, own};
pub use plural::plural;
pub use rendered::{deleting, rendered, writing};
pub use rule::Rule;

use crate::object::kubesphere;

/// The namespace of ksi's own records, and of the account that runs it in a cluster.
const SYSTEM: &str = kubesphere::SYSTEM;

/// A right to do something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Right {
    /// API group, empty for the core group.
    pub group: String,
    /// Plural name, with a subresource behind a slash: `pods/log`.
    pub resource: String,
    /// The namespace; without one, objects of the cluster or of all namespaces.
    pub namespace: Option<String>,
    /// `get`, `create`, `patch`, `bind`, `escalate`, …
    pub verb: String,
    /// Only this object. Lists, watches and POST know no name.
    pub name: Option<String>,
}

impl Right {
    /// The same for objects of every name.
    #[must_use]
    pub fn for_all_names(&self) -> Self {
        Self { name: None, ..self.clone() }
    }

    /// As `kubectl auth can-i` takes it: the group behind a dot.
    pub fn full_resource(&self) -> String {
        match self.group.as_str() {
            "" => self.resource.clone(),
            group => format!("{}.{group}", self.resource),
        }
    }
}
