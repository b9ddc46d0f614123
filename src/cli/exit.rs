//! The one map from outcomes to exit codes.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done; for diff: no differences |
//! | 1 | for diff: differences found; otherwise: failed |
//! | 2 | wrong usage, or a change that a flag has to confirm |
//! | 3 | the configuration is invalid |
//! | 4 | a check failed; the target cannot be read or written, or rejects an object |
//! | 5 | not ready, or not deleted, before the timeout |
//! | 6 | field manager conflict |
//! | 7 | the cluster cannot be reached, or access is denied |
//! | 8 | another run holds the lock, or something changed after the plan was made |
//! | 70 | an internal error, which is a bug in ksi |
//! | 130 | interrupted; it is safe to run the command again |
//!
//! `docs/exit-codes.md` and `ksi --help` say the same; a test compares them.

mod code;
mod conversion;
mod install;
mod message;

use self::code::{cluster_code, fleet_code, registry_code, target_code};
use crate::install::Rejected;
use crate::{cluster, engine, fleet, registry, target, values};

/// The exit code after Ctrl-C.
pub(super) const INTERRUPTED: u8 = 130;

/// Why a verb failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// `diff` found differences.
    Differences,
    /// The configuration is invalid; the problems have been shown.
    Invalid,
    /// The configuration is invalid, with these problems.
    Rejected(Box<Rejected>),
    /// A check failed; the report has been shown.
    Checks,
    /// These checks before the first write failed; their results have been shown.
    Preflight(Vec<&'static str>),
    /// Something in the cluster could not be read.
    Unread(String),
    /// Wrong usage, or an unconfirmed risk.
    Usage(String),
    /// The target cannot be read or written.
    Target(target::Error),
    /// A request to the cluster failed.
    Cluster(cluster::Error),
    /// The run stopped.
    Engine(engine::Error),
    /// A request to a registry failed, or files with images cannot be read or written.
    Registry(registry::Error),
    /// This many images could not be copied; they have been shown.
    NotCopied(usize),
    /// Something about members did not reach its end.
    Fleet(fleet::Error),
    /// A value cannot be generated, or a stored one is damaged.
    Value(values::Error),
    /// Objects are in conflict.
    Conflicts {
        /// How many.
        count: usize,
        /// Whether taking over fields ends the conflict of one of them.
        takeable: bool,
    },
    /// This many new objects would be rejected; they have been shown.
    Refused(usize),
    /// Objects keep their finalizers, for these reasons.
    Unreleased(Vec<target::Error>),
    /// Nothing is installed.
    NotInstalled(String),
    /// Not healthy, or not before the timeout.
    Unhealthy(String),
    /// The connection to the cluster was lost.
    Lost(String),
    /// The run of a controller failed; with the exit code that a run of our own would have.
    Controller {
        /// The exit code.
        code: u8,
        /// Why.
        message: String,
    },
    /// The user answered no.
    Declined,
    /// Reading or writing failed.
    Io(String),
    /// The reader of standard output closed it.
    ClosedPipe,
}

impl Failure {
    /// The kind of error of the target.
    pub(super) fn reason(&self) -> Option<target::ErrorKind> {
        match self {
            Self::Engine(error) => error.kind(),
            Self::Target(error) => Some(error.kind),
            _ => None,
        }
    }

    /// What a failure without a message is: its details have been shown.
    pub(super) fn summary(&self) -> &'static str {
        match self {
            Self::Invalid | Self::Rejected(_) => "the configuration is invalid",
            Self::Unhealthy(_) => "not healthy",
            _ => "failed",
        }
    }

    /// The exit code of the process. Errors of `diff` are above 1, as kubectl's scripts expect.
    pub(super) fn code(&self, diff: bool) -> u8 {
        match self {
            Self::ClosedPipe => 0,
            Self::Usage(_) => 2,
            Self::Invalid | Self::Rejected(_) => 3,
            Self::Target(error) => target_code(error.kind),
            Self::Engine(engine::Error::Interrupted) => INTERRUPTED,
            Self::Engine(error) => match error.kind() {
                Some(kind) => target_code(kind),
                None if diff => 2,
                None => 1,
            },
            Self::Cluster(error) => cluster_code(error),
            Self::Fleet(error) => fleet_code(error),
            Self::Registry(error) => registry_code(error),
            Self::Unreleased(errors) => errors.first().map_or(1, |error| target_code(error.kind)),
            Self::Value(_)
            | Self::Checks
            | Self::Preflight(_)
            | Self::NotCopied(_)
            | Self::Refused(_) => 4,
            Self::Unhealthy(_) => 5,
            Self::Unread(_) | Self::Lost(_) => 7,
            Self::Conflicts { .. } => 6,
            Self::Controller { code, .. } => *code,
            Self::Io(_) if diff => 2,
            Self::Differences | Self::Declined | Self::NotInstalled(_) | Self::Io(_) => 1,
        }
    }
}
