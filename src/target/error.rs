//! Errors of targets.

use std::io;

use crate::inventory;

/// The kinds of errors that callers treat differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ErrorKind {
    /// The file system denies permission.
    Permission,
    /// The file system is read-only.
    ReadOnly,
    /// No space is left.
    Full,
    /// Another run holds the lock.
    Locked,
    /// Stored data is malformed or incomplete.
    Damaged,
    /// Another file is in the way: a link, or a file instead of a directory.
    InTheWay,
    /// Any other error of the file system.
    Io,
    /// The API server cannot be reached.
    Unreachable,
    /// The API server does not accept the credentials.
    Unauthorized,
    /// RBAC does not allow it.
    Forbidden,
    /// Another field manager owns the fields, or somebody changed the object at the same time.
    Conflict,
    /// The API server rejects the object.
    Invalid,
    /// What it needs does not exist: its namespace, its kind, or itself.
    Missing,
    /// The object is not healthy.
    Unhealthy,
    /// It timed out.
    Timeout,
    /// It needs a resource that is allocated to nobody and not free yet.
    Held,
}

impl ErrorKind {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Permission,
        Self::ReadOnly,
        Self::Full,
        Self::Locked,
        Self::Damaged,
        Self::InTheWay,
        Self::Io,
        Self::Unreachable,
        Self::Unauthorized,
        Self::Forbidden,
        Self::Conflict,
        Self::Invalid,
        Self::Missing,
        Self::Unhealthy,
        Self::Timeout,
        Self::Held,
    ];

    /// The reason in the status of a ClusterConfiguration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permission => "Permission",
            Self::ReadOnly => "ReadOnly",
            Self::Full => "Full",
            Self::Locked => "Locked",
            Self::Damaged => "Damaged",
            Self::InTheWay => "InTheWay",
            Self::Io => "Io",
            Self::Unreachable => "Unreachable",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::Conflict => "Conflict",
            Self::Invalid => "Invalid",
            Self::Missing => "Missing",
            Self::Unhealthy => "Unhealthy",
            Self::Timeout => "Timeout",
            Self::Held => "Held",
        }
    }

    /// Whether it is about one object, so that others can still be written. All others are about the target, and
    /// end the run.
    pub fn is_of_one_object(self) -> bool {
        matches!(
            self,
            Self::Forbidden
                | Self::Conflict
                | Self::Invalid
                | Self::Missing
                | Self::Unhealthy
                | Self::Timeout
                | Self::Held
        )
    }
}

/// An error of a target. Never contains a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {action} {place}: {cause}")]
pub struct Error {
    /// The kind.
    pub kind: ErrorKind,
    /// The action that failed: `read`, `write`, `delete`, `lock`.
    pub action: &'static str,
    /// The path or object.
    pub place: String,
    /// The cause, in lowercase and without a full stop.
    pub cause: String,
    /// What to do next, in one sentence.
    pub help: String,
}

impl Error {
    pub(super) fn new(
        kind: ErrorKind,
        action: &'static str,
        place: impl Into<String>,
        cause: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { kind, action, place: place.into(), cause: cause.into(), help: help.into() }
    }

    /// A stored inventory that cannot be used.
    pub fn inventory(place: impl Into<String>, cause: &inventory::Error) -> Self {
        Self::new(ErrorKind::Damaged, "use", place, cause.to_string(), cause.help())
    }

    /// An error of the file system.
    pub(super) fn io(action: &'static str, place: impl Into<String>, error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        let (kind, cause, help) = match error.kind() {
            Kind::PermissionDenied => (
                ErrorKind::Permission,
                "permission denied".into(),
                "grant this user the permission, or choose another directory",
            ),
            Kind::ReadOnlyFilesystem => (
                ErrorKind::ReadOnly,
                "the file system is read-only".into(),
                "mount it read-write, or choose another directory",
            ),
            Kind::StorageFull | Kind::QuotaExceeded => (
                ErrorKind::Full,
                "no space is left".into(),
                "free some space and run again; no manifest is partly written",
            ),
            Kind::FileTooLarge => (
                ErrorKind::Full,
                "the file is larger than this system or its limits allow".into(),
                "raise the limit (`ulimit -f`) and run again; no manifest is partly written",
            ),
            Kind::NotADirectory => (
                ErrorKind::InTheWay,
                "a part of the path is a file, not a directory".into(),
                "choose another directory, or move the file away",
            ),
            _ => (ErrorKind::Io, error.to_string(), "fix the cause and run again"),
        };
        Self::new(kind, action, place, cause, help)
    }
}
