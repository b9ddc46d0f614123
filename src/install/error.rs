//! Why a use case did not reach its end.

use std::fmt;

use super::restricted::Restricted;
use super::safeguards::Risk;
use crate::diagnostic::{Diagnostics, Sources};
use crate::object::{ObjectId, counted};
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
    /// `authentication.jwtSecretRef` names a value that cannot be meant.
    #[error("`authentication.jwtSecretRef`: the value of key `{key}` in {secret} {reason}")]
    SecretRefUnusable {
        /// The Secret.
        secret: Box<ObjectId>,
        /// The key in it.
        key: String,
        /// What is wrong with the value.
        reason: &'static str,
    },
    /// `authentication.jwtSecretRef` is set, and the target is a directory.
    #[error("`authentication.jwtSecretRef` needs a cluster, but the target is a directory")]
    SecretRefWithoutCluster,
    /// There is no such component.
    #[error("unknown component `{0}`")]
    UnknownComponent(String),
    /// A field is to be taken over that no object has.
    #[error("no object has the field `{field}`")]
    NothingToTake {
        /// The field.
        field: String,
        /// The fields in conflict, with object and owner.
        conflicts: Vec<String>,
    },
    /// The history has no such revision; without a number, no earlier good one.
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
    /// Only an administrator may change these fields to what the configuration has. Nothing was written.
    #[error("only an administrator may change {}", named(.0))]
    Restricted(Vec<Restricted>),
    /// The controller runs and would install again what is deleted.
    #[error("{0} runs the controller of ksi, which would install everything again")]
    ControllerRuns(Box<ObjectId>),
    /// What stands behind webhooks cannot be read.
    #[error("cannot read the backends of webhooks: {0}")]
    WebhooksUnread(String),
    /// The configuration of a cluster cannot be read.
    #[error("cannot read the configuration of the cluster: {0}")]
    ConfigurationUnread(String),
    /// The configuration makes a name that is none of an image.
    #[error("{0}")]
    Image(String),
    /// Objects keep their finalizers, for these reasons.
    #[error("{} still have the finalizers", counted(.0.len(), "object"))]
    Unreleased(Vec<target::Error>),
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

fn named(fields: &[Restricted]) -> String {
    let fields = fields.iter().map(|field| format!("`{}`, which {}", field.path, field.gives));
    fields.collect::<Vec<_>>().join("; ")
}

/// Why a configuration is invalid.
#[derive(Debug)]
pub struct Rejected {
    /// Everything that was found, warnings included.
    pub diagnostics: Diagnostics,
    /// The texts that the diagnostics point into.
    pub sources: Sources,
}

/// The Secret is missing, or has no text under the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingSecret {
    /// The Secret.
    pub secret: ObjectId,
    /// The key in it.
    pub key: String,
    /// Whether the Secret is there, and only the key is missing.
    pub has_secret: bool,
}

impl fmt::Display for MissingSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { secret, key, has_secret } = self;
        if *has_secret {
            write!(f, "{secret} has no value for key `{key}`")
        } else {
            write!(f, "{secret} does not exist")
        }
    }
}
