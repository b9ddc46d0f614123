//! Why a run did not reach its end.

use std::fmt;

use crate::object::ObjectId;
use crate::target::{self, ErrorKind};

/// Why a run did not reach its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The target refused something.
    #[error(transparent)]
    Target(#[from] target::Error),
    /// Between the review and the lock somebody else changed something.
    #[error("{0} was changed by somebody else after the plan was made")]
    Changed(String),
    /// A manifest holds a placeholder in place of a value.
    #[error("{0} holds a placeholder in place of a generated value")]
    Unresolved(ObjectId),
    /// Some of it is as wanted, some is not.
    #[error("{0}")]
    Incomplete(Box<Incomplete>),
    /// The user ended it.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// What to do next, in one sentence.
    pub fn help(&self) -> &str {
        match self {
            Self::Target(error) => &error.help,
            Self::Changed(_) => {
                "nothing was written; run again to see a plan for what is there now"
            }
            Self::Unresolved(_) => "this is a mistake in ksi: please report it",
            Self::Incomplete(incomplete) => incomplete.help(),
            Self::Interrupted => "what is there is safe; run again to go on from there",
        }
    }

    /// The kind of error; `None` for a mistake of ksi's own and for an interruption.
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Target(error) => Some(error.kind),
            Self::Changed(_) => Some(ErrorKind::Locked),
            Self::Incomplete(incomplete) => Some(incomplete.kind()),
            Self::Unresolved(_) | Self::Interrupted => None,
        }
    }
}

/// Everything that is not as wanted at the end of a run. All of it was reported when it happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Incomplete {
    /// Objects that could not be written or deleted, and why.
    pub failed: Vec<(ObjectId, target::Error)>,
    /// Components of which nothing more was written, and why.
    pub skipped: Vec<(String, String)>,
    /// Objects that are not healthy, and what is awaited of them.
    pub unhealthy: Vec<(ObjectId, String)>,
    /// Objects that somebody else owns.
    pub conflicts: Vec<ObjectId>,
    /// Objects that were deleted and are still there, and why.
    pub remaining: Vec<(ObjectId, String)>,
    /// Whether the time was up.
    pub timed_out: bool,
}

impl Incomplete {
    /// Whether there is more than conflicts: these alone are no reason to stop.
    pub(super) fn is_serious(&self) -> bool {
        let Self { failed, skipped, unhealthy, conflicts: _, remaining, timed_out } = self;
        *timed_out
            || !(failed.is_empty()
                && skipped.is_empty()
                && unhealthy.is_empty()
                && remaining.is_empty())
    }

    /// The worst of it: what no waiting cures comes before what may be cured.
    pub fn kind(&self) -> ErrorKind {
        let rank = |kind: &ErrorKind| match kind {
            ErrorKind::Timeout | ErrorKind::Unhealthy | ErrorKind::Held => 1,
            ErrorKind::Conflict => 0,
            ErrorKind::Invalid => 2,
            _ => 3,
        };
        let failed = self.failed.iter().map(|(_, error)| error.kind);
        let timed_out = self.timed_out.then_some(ErrorKind::Timeout);
        let unhealthy = !(self.unhealthy.is_empty() && self.remaining.is_empty());
        let unhealthy = unhealthy.then_some(ErrorKind::Unhealthy);
        // Of equals the last one: that the time was up says more.
        let worst = failed.chain(unhealthy).chain(timed_out).max_by_key(rank);
        worst.unwrap_or(ErrorKind::Conflict)
    }

    fn help(&self) -> &str {
        match self.kind() {
            ErrorKind::Timeout | ErrorKind::Unhealthy if !self.remaining.is_empty() => {
                "solve what holds them, as told above, and run again"
            }
            ErrorKind::Timeout | ErrorKind::Unhealthy => {
                "solve what is told above of each object and run again; a longer --timeout helps only \
                 where something is slow"
            }
            ErrorKind::Conflict => {
                "put the values into the configuration, or take the fields with --force-conflicts"
            }
            _ => match self.failed.first() {
                Some((_, error)) if !error.help.is_empty() => &error.help,
                _ => "solve what is told above of each object and run again",
            },
        }
    }
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { failed, skipped, unhealthy, conflicts, remaining, timed_out } = self;
        let parts: Vec<String> = [
            (failed.len(), "could not be written or deleted"),
            (unhealthy.len(), "not healthy"),
            (remaining.len(), "still there"),
            (conflicts.len(), "in conflict"),
        ]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
        f.write_str(if *timed_out { "the time is up" } else { "not everything is as wanted" })?;
        if !parts.is_empty() {
            write!(f, ": {}", parts.join(", "))?;
        }
        if !skipped.is_empty() {
            let names: Vec<&str> = skipped.iter().map(|(name, _)| name.as_str()).collect();
            write!(f, "; not done: {}", names.join(", "))?;
        }
        Ok(())
    }
}
