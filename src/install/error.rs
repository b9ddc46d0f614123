//! Why a use case did not reach its end.

use super::prepared::Rejected;
use super::safeguards::Risk;
use super::secret_ref::MissingSecret;
use crate::diagnostic::Diagnostics;
use crate::{cluster, engine, target, values};

/// Why a use case did not reach its end. Never holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration is invalid.
    #[error("the configuration is invalid")]
    Rejected(Box<Rejected>),
    /// `authentication.jwtSecretRef` names a value that is missing.
    #[error("`authentication.jwtSecretRef`: {0}")]
    SecretRef(Box<MissingSecret>),
    /// `authentication.jwtSecretRef` is set, and the target is a directory.
    #[error("`authentication.jwtSecretRef` needs a cluster, but the target is a directory")]
    SecretRefWithoutCluster,
    /// There is no such component.
    #[error("unknown component `{0}`")]
    UnknownComponent(String),
    /// The history has no such revision; without a number, none before the current one.
    #[error("revision not found")]
    NoRevision(Option<u32>),
    /// A revision needs secrets that the history leaves out and the caller did not give.
    #[error("the history contains no secrets, but revision {revision} needs {}", keys.join(", "))]
    MissingSecrets {
        /// The revision.
        revision: u32,
        /// The keys below `spec`, as `common.es.basicAuth.password`.
        keys: Vec<String>,
    },
    /// These risks have no consent. Nothing was written.
    #[error("{} risks are not confirmed", .0.len())]
    Unconfirmed(Vec<Risk>),
    /// These preflight checks failed. Nothing was written.
    #[error("preflight checks failed: {}", .0.join(", "))]
    Preflight(Vec<&'static str>),
    /// What stands behind webhooks cannot be read.
    #[error("cannot read the backends of webhooks: {0}")]
    WebhooksUnread(String),
    /// The API server gives a version that cannot be parsed.
    #[error("cannot parse the version of {place}: {cause}")]
    Version {
        /// The API server.
        place: String,
        /// What is wrong with the version.
        cause: String,
    },
    /// A template or a list of images of ksi is broken.
    #[error("a template of ksi is invalid")]
    Broken(Diagnostics),
    /// There is no randomness for the key of a new inventory.
    #[error("cannot read random bytes: {0}")]
    Randomness(String),
    /// The target refuses.
    #[error(transparent)]
    Target(#[from] target::Error),
    /// The cluster cannot be reached, or refuses.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
    /// The run stopped.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// A value cannot be generated, or a stored one is broken.
    #[error(transparent)]
    Value(#[from] values::Error),
}
