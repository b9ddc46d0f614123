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
//! | 130 | interrupted; it is safe to run the command again |
//!
//! `docs/exit-codes.md` and `ksi --help` say the same; a test compares them.

mod install;

use std::fmt;

use crate::install::Rejected;
use crate::{bundle, cluster, engine, inventory, status, target, values};

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
    /// A value cannot be generated, or a stored one is damaged.
    Value(values::Error),
    /// This many objects are in conflict.
    Conflicts(usize),
    /// This many new objects would be rejected; they have been shown.
    Refused(usize),
    /// Nothing is installed.
    NotInstalled(String),
    /// Not healthy, or not before the timeout.
    Unhealthy(String),
    /// The connection to the cluster was lost.
    Lost(String),
    /// The user answered no.
    Declined,
    /// Reading or writing failed.
    Io(String),
    /// The reader of standard output closed it.
    ClosedPipe,
}

impl Failure {
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
            Self::Value(_) | Self::Checks | Self::Preflight(_) | Self::Refused(_) => 4,
            Self::Unhealthy(_) => 5,
            Self::Unread(_) | Self::Lost(_) => 7,
            Self::Conflicts(_) => 6,
            Self::Io(_) if diff => 2,
            Self::Differences | Self::Declined | Self::NotInstalled(_) | Self::Io(_) => 1,
        }
    }
}

fn cluster_code(error: &cluster::Error) -> u8 {
    match error.kind {
        cluster::ErrorKind::Usage | cluster::ErrorKind::NoCluster => 2,
        cluster::ErrorKind::Owned(_) => 6,
        // A run is cancelled when it loses its lock.
        cluster::ErrorKind::Cancelled => 8,
        cluster::ErrorKind::Invalid
        | cluster::ErrorKind::Refused
        | cluster::ErrorKind::NotFound
        | cluster::ErrorKind::NotServed
        | cluster::ErrorKind::Full => 4,
        _ => 7,
    }
}

fn target_code(kind: target::ErrorKind) -> u8 {
    use target::ErrorKind;
    match kind {
        ErrorKind::Unhealthy | ErrorKind::Timeout | ErrorKind::Held => 5,
        ErrorKind::Conflict => 6,
        ErrorKind::Unreachable | ErrorKind::Unauthorized | ErrorKind::Forbidden => 7,
        ErrorKind::Locked => 8,
        _ => 4,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differences
            | Self::Invalid
            | Self::Rejected(_)
            | Self::Checks
            | Self::ClosedPipe => Ok(()),
            Self::Declined => f.write_str("nothing was changed"),
            Self::Usage(text)
            | Self::NotInstalled(text)
            | Self::Unhealthy(text)
            | Self::Lost(text)
            | Self::Io(text)
            | Self::Unread(text) => f.write_str(text),
            Self::Target(error) => write!(f, "{error}\nhelp: {}", error.help),
            Self::Cluster(error) => write!(f, "{error}\nhelp: {}", error.help),
            Self::Engine(error) => write!(f, "{error}\nhelp: {}", error.help()),
            Self::Value(error) => write!(f, "{error}\nhelp: {}", error.help()),
            Self::Refused(count) => {
                let what =
                    if *count == 1 { "1 new object" } else { &format!("{count} new objects") };
                write!(
                    f,
                    "{what} would be rejected\nhelp: fix the problems listed above and try again"
                )
            }
            Self::Preflight(ids) => write!(
                f,
                "nothing was written, because these checks failed: {}\n\
                 help: fix the problems listed above and run again; `--skip-check ID` skips a check",
                ids.join(", ")
            ),
            Self::Conflicts(count) => {
                let what = if *count == 1 { "1 object" } else { &format!("{count} objects") };
                write!(
                    f,
                    "field manager conflict: {what} not changed, because others own their fields\n\
                     help: set these values in the configuration, or take the fields over with `--take FIELD` or \
                     --force-conflicts"
                )
            }
        }
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<values::Error> for Failure {
    fn from(error: values::Error) -> Self {
        Self::Value(error)
    }
}

impl From<cluster::Error> for Failure {
    fn from(error: cluster::Error) -> Self {
        Self::Cluster(error)
    }
}

impl From<target::Error> for Failure {
    fn from(error: target::Error) -> Self {
        Self::Target(error)
    }
}

impl From<status::Error> for Failure {
    fn from(error: status::Error) -> Self {
        match &error {
            status::Error::Cluster(error) => Self::Cluster(error.clone()),
            status::Error::NotInstalled { by_others: true, .. } => Self::NotInstalled(format!(
                "{error}\n\
                 help: `ksi diff -f FILE` shows what ksi would take over, `ksi apply -f FILE` takes it over"
            )),
            status::Error::NotInstalled { by_others: false, .. } => Self::NotInstalled(format!(
                "{error}\n\
                 help: `ksi check --pre -f FILE` checks the cluster, `ksi apply -f FILE` installs KubeSphere"
            )),
            status::Error::Damaged { cause: inventory::Error::TooNew { .. }, .. } => {
                Self::Io(format!("{error}\nhelp: use that version of ksi or a newer one"))
            }
            status::Error::Damaged { .. } => Self::Io(format!(
                "{error}\nhelp: restore it from a backup, or delete it: the next \
                 `ksi apply` takes over the existing objects and deletes nothing"
            )),
            status::Error::NoSuchComponent { .. } => Self::Usage(error.to_string()),
        }
    }
}

impl From<status::LogError> for Failure {
    fn from(error: status::LogError) -> Self {
        use status::LogError;
        match error {
            LogError::Status(error) => error.into(),
            LogError::NotRestarted => Self::Usage(format!("{error}\nhelp: omit --previous")),
            LogError::NotStarted => {
                Self::Usage(format!("{error}\nhelp: `ksi status` shows the reason"))
            }
            LogError::NoPods
            | LogError::NoSuchContainer { .. }
            | LogError::ContainerNotRestarted { .. } => Self::Usage(error.to_string()),
        }
    }
}

impl From<bundle::Error> for Failure {
    fn from(error: bundle::Error) -> Self {
        match error {
            bundle::Error::Status(error) => error.into(),
            bundle::Error::Exists { .. } => {
                Self::Io(format!("{error}\nhelp: remove it, or pass another file with --output"))
            }
            bundle::Error::Write { .. } => Self::Io(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    /// Only standard output is written without a path, so that is what failed.
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::ClosedPipe
        } else {
            Self::Io(format!("cannot write to standard output: {error}"))
        }
    }
}
