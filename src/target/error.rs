//! What went wrong in a target, where, and what to do about it.

use std::io;

/// The kinds of errors that callers treat differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ErrorKind {
    /// We may not do it.
    Permission,
    /// Nobody may write there.
    ReadOnly,
    /// There is no room left.
    Full,
    /// Another run works there.
    Locked,
    /// What is there has the wrong form, or a part of it is lost.
    Damaged,
    /// Something that is not ours stands in the way: a link, a file in place of a directory.
    InTheWay,
    /// Anything else that the system reports.
    Io,
    /// The API server does not answer.
    Unreachable,
    /// The API server does not know who we are.
    Unauthorized,
    /// The API server knows who we are, and we may not do it.
    Forbidden,
    /// Somebody else owns what would change, or changed it at the same time.
    Conflict,
    /// The API server does not accept the object.
    Invalid,
    /// It is there and does not work.
    Unhealthy,
    /// It took too long.
    Timeout,
    /// Nobody has what it needs, and it is not free yet.
    Held,
}

impl ErrorKind {
    /// Whether it is about one object, so that others can still be written; everything else is about
    /// the place, and ends a run.
    pub fn is_of_one_object(self) -> bool {
        matches!(
            self,
            Self::Forbidden
                | Self::Conflict
                | Self::Invalid
                | Self::Unhealthy
                | Self::Timeout
                | Self::Held
        )
    }
}

/// What went wrong in a target. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {action} {place}: {cause}")]
pub struct Error {
    /// What kind of error it is.
    pub kind: ErrorKind,
    /// What was tried: `read`, `write`, `delete`, `lock`.
    pub action: &'static str,
    /// The path or object.
    pub place: String,
    /// What is wrong, lowercase and without a full stop.
    pub cause: String,
    /// What to do next, one sentence.
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

    /// What the file system says, in the words of a user.
    pub(super) fn io(action: &'static str, place: impl Into<String>, error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        let (kind, cause, help) = match error.kind() {
            Kind::PermissionDenied => (
                ErrorKind::Permission,
                "permission denied".into(),
                "give this user the right to do so, or choose another directory",
            ),
            Kind::ReadOnlyFilesystem => (
                ErrorKind::ReadOnly,
                "the file system is read-only".into(),
                "mount it for writing, or choose another directory",
            ),
            Kind::StorageFull | Kind::QuotaExceeded => (
                ErrorKind::Full,
                "no space is left".into(),
                "make room and run again; no manifest has been changed halfway",
            ),
            Kind::FileTooLarge => (
                ErrorKind::Full,
                "the file is larger than this system or its limits allow".into(),
                "raise the limit (`ulimit -f`) and run again; no manifest has been changed halfway",
            ),
            Kind::NotADirectory => (
                ErrorKind::InTheWay,
                "a part of the path is a file and not a directory".into(),
                "choose another directory, or move the file away",
            ),
            _ => (ErrorKind::Io, error.to_string(), "solve what the system reports and run again"),
        };
        Self::new(kind, action, place, cause, help)
    }
}
