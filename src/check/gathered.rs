//! What was read from a cluster, as plain data.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use time::OffsetDateTime;

use super::context::SYSTEM;
use super::verdict::ReadError;
use crate::availability::Asked;
use crate::cluster::Error;
use crate::object::{Held, embedded};
use crate::rights::Right;

/// What was read, or why it could not be.
pub type Read<T> = Result<T, String>;

/// The objects of each part.
pub(super) type Objects = BTreeMap<Part, Read<Vec<Value>>>;

/// An error for a report: where, and why.
pub(super) fn why(error: &Error) -> String {
    format!("{}: {}", error.place, error.cause)
}

/// A group of objects that is read with one kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "they are called like their kinds")]
pub enum Part {
    ApiServices,
    Claims,
    Clusters,
    /// ConfigMap kubesphere-config.
    Config,
    /// The `ClusterConfiguration`.
    Configuration,
    Definitions,
    Deployments,
    /// Endpoint slices of the Services behind webhooks, and of DNS.
    Endpoints,
    FederatedTypes,
    /// Secrets in which Helm stores its releases: only their metadata.
    HelmReleases,
    /// The Secret with ksi's inventory.
    Inventory,
    KubeFedConfigs,
    LimitRanges,
    /// The Lease that is the lock.
    Lock,
    MutatingWebhooks,
    Namespaces,
    Nodes,
    Pods,
    PriorityClasses,
    Quotas,
    /// The few Secrets that are read by name.
    Secrets,
    Services,
    StorageClasses,
    Users,
    ValidatingWebhooks,
}

/// The result of a server-side dry run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DryRun {
    /// The server would accept the write.
    Accepted,
    /// ksi has no permission for the request.
    Forbidden,
    /// The server would reject the write: why.
    Refused(String),
}

/// The result of an access review.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// How many rights were checked.
    pub asked: usize,
    /// The rights that are missing; without a name if they are missing for all objects.
    pub missing: Vec<Right>,
}

/// Everything that was read. `Debug` shows no values.
pub struct Gathered {
    /// The response of `/version`.
    pub version: Read<Value>,
    /// The server's clock after everything else had been read.
    pub server_time: Read<OffsetDateTime>,
    /// Whether server-side apply works.
    pub dry_run: Read<DryRun>,
    /// What ksi is allowed to do.
    pub rights: Read<Rights>,
    /// Objects with finalizers of controllers that do not exist.
    pub held: Read<Vec<Held>>,
    /// The images that no node holds which would run them, and what their registries say.
    pub images: Read<Vec<Asked>>,
    /// The objects.
    pub objects: BTreeMap<Part, Read<Vec<Value>>>,
}

impl Gathered {
    /// The objects of a part.
    pub(super) fn list(&self, part: Part) -> Result<&[Value], ReadError> {
        match self.objects.get(&part) {
            Some(Ok(list)) => Ok(list),
            Some(Err(why)) => Err(ReadError(why.clone())),
            None => Err(ReadError(format!("{part:?} was not requested"))),
        }
    }

    /// One object of a part.
    pub(super) fn object(
        &self,
        part: Part,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<&Value>, ReadError> {
        Ok(self.list(part)?.iter().find(|o| {
            o["kind"] == kind
                && o["metadata"]["name"] == name
                && (namespace.is_empty() || o["metadata"]["namespace"] == namespace)
        }))
    }

    /// The document in kubesphere-config; `None` when there is no ConfigMap.
    pub(super) fn kubesphere_config(&self) -> Result<Option<Value>, ReadError> {
        let map = self.object(Part::Config, "ConfigMap", SYSTEM, "kubesphere-config")?;
        let Some(map) = map else { return Ok(None) };
        embedded::read(map).map_err(|e| ReadError(format!("ConfigMap kubesphere-config {e}")))
    }
}

/// Nothing was read: every field has a reason.
impl Default for Gathered {
    fn default() -> Self {
        let why = || "not requested".to_owned();
        Self {
            version: Err(why()),
            server_time: Err(why()),
            dry_run: Err(why()),
            rights: Err(why()),
            held: Err(why()),
            images: Err(why()),
            objects: BTreeMap::new(),
        }
    }
}

impl fmt::Debug for Gathered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.objects.iter().map(|(part, list)| (part, list.as_ref().map(Vec::len)));
        f.write_str("Gathered ")?;
        f.debug_map().entries(counts).finish()
    }
}
