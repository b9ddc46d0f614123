//! What is known besides the cluster.

use time::OffsetDateTime;

use crate::config::{Configuration, Role};
use crate::object::{Object, kubesphere};

/// The namespaces that `KubeSphere`'s core and its multi-cluster system use.
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
/// Name of the Lease that is the lock.
pub(super) const LOCK: &str = kubesphere::LOCK;

/// A configuration and what it wants.
#[derive(Debug, Default)]
pub struct Configured {
    /// Where it comes from: a file, or the cluster.
    pub source: String,
    /// The typed configuration; `None` when there is none, or when it is refused.
    pub configuration: Option<Configuration>,
    /// Why it is refused, with codes.
    pub errors: Vec<String>,
    /// What is worth a warning, with codes.
    pub warnings: Vec<String>,
    /// Why the configuration of the cluster could not be read.
    pub unread: Option<String>,
    /// What it renders, with placeholders for generated values.
    pub desired: Vec<Object>,
}

/// What is known besides the cluster.
#[derive(Debug)]
pub struct Context<'a> {
    /// The configuration and what it wants.
    pub configured: &'a Configured,
    /// Our own clock.
    pub now: OffsetDateTime,
}

impl Context<'_> {
    /// The configuration, where there is a right one.
    pub(super) fn configuration(&self) -> Option<&Configuration> {
        self.configured.configuration.as_ref()
    }

    /// The role of the cluster, where it is known.
    pub(super) fn role(&self) -> Option<Role> {
        self.configuration().map(Configuration::role)
    }

    /// Whether the cluster is to be a host.
    pub(super) fn is_host(&self) -> bool {
        self.role() == Some(Role::Host)
    }

    /// What the configuration wants of one kind.
    pub(super) fn desired(&self, kind: &str) -> impl Iterator<Item = &Object> {
        self.configured.desired.iter().filter(move |object| object.id.kind == kind)
    }

    /// Workloads with pods that stay.
    pub(super) fn workloads(&self) -> impl Iterator<Item = &Object> {
        let kinds = ["Deployment", "StatefulSet", "DaemonSet"];
        self.configured.desired.iter().filter(move |o| kinds.contains(&o.id.kind.as_str()))
    }
}
