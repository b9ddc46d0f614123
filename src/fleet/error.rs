//! Why something about members did not reach its end.

use std::time::Duration;

use crate::check::{Outcome, ReadError, Report, Row};
use crate::cluster;
use crate::member::{BundleError, Unusable};

/// Why something about members did not reach its end. Never holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can be no name of a member.
    #[error("{0}")]
    Name(String),
    /// KubeSphere is not installed where a host is expected.
    #[error(
        "KubeSphere is not installed on {0}: `ksi apply` with `multicluster.clusterRole: host` makes a host"
    )]
    NoKubesphere(String),
    /// The cluster is no host.
    #[error("{place} is not a host: its role is {role}; use the context of the host")]
    NotHost {
        /// The cluster.
        place: String,
        /// Its role.
        role: String,
    },
    /// There is no such member.
    #[error(
        "there is no member {name}{}\nhelp: if its removal was interrupted, `ksi member leave` on the member removes the rest",
        known_members(known)
    )]
    NoMember {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// It is the host itself.
    #[error("{0} is the host itself, not a member")]
    IsHost(String),
    /// A Cluster of this name exists and is something else.
    #[error("member {name} exists already: {why}")]
    Exists {
        /// The name.
        name: String,
        /// What is different.
        why: String,
    },
    /// Agents have no address to connect to.
    #[error("{message}\nhelp: {next_step}")]
    NoAddress {
        /// Why not.
        message: String,
        /// What to do.
        next_step: String,
    },
    /// Every port of Tower is taken.
    #[error("all 1000 ports of Tower are taken")]
    NoPort,
    /// The host cannot reach the member.
    #[error("cannot reach member {name}: {why}")]
    NoWay {
        /// The member.
        name: String,
        /// Why not.
        why: String,
    },
    /// The kubeconfig of the member is of no use to its host.
    #[error("the host cannot use this way to the member: {0}")]
    Endpoint(String),
    /// The kubeconfig that was given is of no use to the host.
    #[error("the host cannot use {file}: {cause}")]
    Kubeconfig {
        /// The file.
        file: String,
        /// Why not.
        cause: Unusable,
    },
    /// The bundle cannot be used.
    #[error(
        "cannot use the bundle {file}: {cause}\nhelp: make a new one on the host with `ksi member add`"
    )]
    Bundle {
        /// The file.
        file: String,
        /// Why not.
        cause: BundleError,
    },
    /// Checks failed. Nothing was written.
    #[error("checks failed:\n{}", failed(.0))]
    Checks(Report),
    /// Objects of users place something on the member.
    #[error("{} on {name}: {}", placing(objects.len()), objects.join(", "))]
    Placed {
        /// The member.
        name: String,
        /// The objects.
        objects: Vec<String>,
    },
    /// It is to be removed as dead, and answers.
    #[error(
        "member {name} answers: {how}; remove it without --dead, or, where this machine does not reach it as the host does, with `--member CONTEXT`"
    )]
    Answers {
        /// The member.
        name: String,
        /// Who says so.
        how: String,
    },
    /// It is to be removed as dead, and nobody in the host can tell whether it is.
    #[error(
        "nobody but this machine says that member {name} is dead: KubeFed probed it {} and ks-controller-manager cannot be asked\nhelp: try again in a minute; if kubefed-controller-manager does not run, start it first",
        last.as_ref().map_or("never,".to_owned(), |last| format!("last at {last},"))
    )]
    NoWitness {
        /// The member.
        name: String,
        /// When KubeFed probed it last, RFC 3339.
        last: Option<String>,
    },
    /// It is to be removed, and does not answer.
    #[error(
        "member {name} does not answer: {why}\nhelp: with a context of your own that reaches it: `ksi member remove {name} --member CONTEXT`; if it never comes back: `ksi member remove {name} --dead`"
    )]
    Silent {
        /// The member.
        name: String,
        /// Why not.
        why: String,
    },
    /// Another cluster answers than the one that was registered.
    #[error(
        "member {name} is cluster {expected}, but cluster {found} answers\nhelp: check --member; after a reinstallation of the member: `ksi member remove {name} --dead`, or `ksi member rejoin {name}` to keep it"
    )]
    OtherCluster {
        /// The member.
        name: String,
        /// Its UID.
        expected: String,
        /// The UID of the cluster that answers.
        found: String,
    },
    /// Something did not happen in time.
    #[error("{what} did not happen within {}: {last}", humantime::format_duration(*.limit))]
    Timeout {
        /// What was waited for.
        what: String,
        /// How long.
        limit: Duration,
        /// What was seen last.
        last: String,
    },
    /// The webhook of Clusters could not be put back.
    #[error(
        "{}the webhook of Clusters is still paused until the next `ksi member` command that changes something, and nothing checks Clusters: {cause}",
        first.as_ref().map_or_else(String::new, |first| format!("{first}\nand "))
    )]
    StillPaused {
        /// Why what ran meanwhile failed, if it did.
        first: Option<Box<Error>>,
        /// Why not.
        cause: Box<Error>,
    },
    /// What has to be known before anything is changed cannot be read.
    #[error("could not be read: {}\nhelp: use an account with role cluster-admin", .0.0)]
    Unread(ReadError),
    /// There is no randomness.
    #[error("cannot read random bytes: {0}")]
    Randomness(String),
    /// A cluster cannot be reached, or refuses.
    #[error("{0}\nhelp: {help}", help = .0.help)]
    Cluster(#[from] cluster::Error),
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        Self::Unread(error)
    }
}

impl Error {
    /// The cause alone, for a report that names the member already.
    pub(super) fn cause(self) -> String {
        match self {
            Self::NoWay { why, .. } => why,
            Self::Cluster(error) => error.cause,
            other => other.to_string(),
        }
    }
}

fn known_members(known: &[String]) -> String {
    match known {
        [] => ": the host has no members".to_owned(),
        known => format!("; the members are {}", known.join(", ")),
    }
}

fn failed(report: &Report) -> String {
    let failed = report.rows.iter().filter(|row| row.outcome.is_error());
    let line = |row: &Row| {
        let found = match &row.outcome {
            Outcome::Error(found) | Outcome::Unread(found) => found.as_str(),
            _ => "",
        };
        format!("{}: {found}\nhelp: {}", row.about.id, row.help())
    };
    failed.map(line).collect::<Vec<_>>().join("\n")
}

fn placing(count: usize) -> String {
    let verb = if count == 1 { "places" } else { "place" };
    format!("{} {verb} something", crate::object::counted(count, "object"))
}
