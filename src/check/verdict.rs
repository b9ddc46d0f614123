//! The outcome of a check.

#![allow(clippy::unnecessary_wraps, reason = "checks end with one of these")]

/// The outcome of one check. No text contains a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded; perhaps with a detail.
    Ok(Option<String>),
    /// It works, but needs attention.
    Warning(String),
    /// It does not work.
    Error(String),
    /// Its data could not be read: why. An error, since nobody knows.
    Unread(String),
    /// It does not apply here: why.
    Skipped(String),
}

impl Outcome {
    /// Whether it is an error, also because nobody knows.
    pub fn is_error(&self) -> bool {
        matches!(self, Self::Error(_) | Self::Unread(_))
    }

    /// Whether it is a warning or an error.
    pub fn is_problem(&self) -> bool {
        self.is_error() || matches!(self, Self::Warning(_))
    }
}

/// How a message begins about what could not be read.
pub(super) const UNREAD: &str = "could not be read: ";

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError(pub String);

/// An outcome, or why the data for it could not be read.
pub type Verdict = Result<Outcome, ReadError>;

pub(super) fn ok() -> Verdict {
    Ok(Outcome::Ok(None))
}

pub(super) fn fine(detail: impl Into<String>) -> Verdict {
    Ok(Outcome::Ok(Some(detail.into())))
}

pub(super) fn warning(text: impl Into<String>) -> Verdict {
    Ok(Outcome::Warning(text.into()))
}

pub(super) fn error(text: impl Into<String>) -> Verdict {
    Ok(Outcome::Error(text.into()))
}

pub(super) fn skipped(why: impl Into<String>) -> Verdict {
    Ok(Outcome::Skipped(why.into()))
}

/// An error with one line per finding, or fine when there is none.
pub(super) fn errors(found: &[String]) -> Verdict {
    if found.is_empty() { ok() } else { error(found.join("\n")) }
}

/// A warning with one line per finding, or fine when there is none.
pub(super) fn warnings(found: &[String]) -> Verdict {
    if found.is_empty() { ok() } else { warning(found.join("\n")) }
}
