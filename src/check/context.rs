//! What is known apart from the cluster.

use time::OffsetDateTime;

use crate::config::{Configuration, Role};
use crate::object::{Object, kubesphere};

/// The namespaces of `KubeSphere`'s core and of its multi-cluster system.
pub(super) const NAMESPACES: &[&str] = &[
    kubesphere::SYSTEM,
    kubesphere::CONTROLS,
    kubesphere::MONITORING,
    kubesphere::MONITORING_FEDERATED,
    kubesphere::FEDERATION,
];
/// Where the core runs.
pub(super) const SYSTEM: &str = kubesphere::SYSTEM;
/// Where `KubeFed` runs.
pub(super) const FEDERATED: &str = kubesphere::FEDERATION;
/// The name of the Lease that serves as lock.
pub(super) const LOCK: &str = kubesphere::LOCK;

/// A configuration and the objects that it renders.
#[derive(Debug, Default)]
pub struct Configured {
    /// Its source: a file, the cluster, or the history.
    pub source: String,
    /// The typed configuration; `None` if there is none, or if it is invalid.
    pub configuration: Option<Configuration>,
    /// Its errors, with codes.
    pub errors: Vec<String>,
    /// Its warnings, with codes.
    pub warnings: Vec<String>,
    /// Why the cluster's configuration could not be read.
    pub unread: Option<String>,
    /// The objects that it renders, with placeholders for generated values.
    pub desired: Vec<Object>,
}

/// What is known apart from the cluster.
#[derive(Debug)]
pub struct Context<'a> {
    /// The configuration and the objects that it renders.
    pub configured: &'a Configured,
    /// The clock of this machine.
    pub now: OffsetDateTime,
}

impl Context<'_> {
    /// The configuration, if there is a valid one.
    pub(super) fn configuration(&self) -> Option<&Configuration> {
        self.configured.configuration.as_ref()
    }

    /// The role of the cluster, if it is known.
    pub(super) fn role(&self) -> Option<Role> {
        self.configuration().map(Configuration::role)
    }

    /// Whether the cluster is configured as a host.
    pub(super) fn is_host(&self) -> bool {
        self.role() == Some(Role::Host)
    }

    /// The rendered objects of one kind.
    pub(super) fn desired(&self, kind: &str) -> impl Iterator<Item = &Object> {
        self.configured.desired.iter().filter(move |object| object.id.kind == kind)
    }

    /// The rendered workloads with long-running pods.
    pub(super) fn workloads(&self) -> impl Iterator<Item = &Object> {
        let kinds = ["Deployment", "StatefulSet", "DaemonSet"];
        self.configured.desired.iter().filter(move |o| kinds.contains(&o.id.kind.as_str()))
    }
}
