//! Errors of a run.

use std::borrow::Cow;
use std::fmt;

use crate::object::{ObjectId, Setting, SettingNames, counted};
use crate::target::{self, ErrorKind};

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The target refused something.
    #[error(transparent)]
    Target(#[from] target::Error),
    /// Somebody else changed something after the review and before the lock was taken.
    #[error("{0} was changed by somebody else after the plan was made")]
    Changed(String),
    /// Others have created these objects after the review, and they would be deleted with their CRDs or namespaces.
    #[error("{} would be deleted that the plan does not have: {}", counted(.0.len(), "object"), first_few(.0))]
    MoreDeletes(Vec<ObjectId>),
    /// A manifest contains a placeholder instead of a generated value.
    #[error("{0} contains a placeholder instead of a generated value")]
    Unresolved(ObjectId),
    /// Only a part of the plan was carried out, or something did not become healthy.
    #[error("{0}")]
    Incomplete(Box<Incomplete>),
    /// The user interrupted it.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// What to do next, in one sentence, with the caller's names of settings.
    pub fn help(&self, names: SettingNames) -> Cow<'_, str> {
        match self {
            Self::Target(error) => error.help.as_str().into(),
            Self::Changed(_) => {
                "nothing was written; run again to plan for the current state".into()
            }
            Self::MoreDeletes(_) => {
                "nothing was deleted; run again to see these objects in the plan and confirm them"
                    .into()
            }
            Self::Unresolved(_) => "this is a bug in ksi: please report it".into(),
            Self::Incomplete(incomplete) => incomplete.help(names),
            Self::Interrupted => "nothing is lost; run again to continue".into(),
        }
    }

    /// The kind of error; `None` for a bug in ksi and for an interruption.
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Target(error) => Some(error.kind),
            Self::Changed(_) | Self::MoreDeletes(_) => Some(ErrorKind::Locked),
            Self::Incomplete(incomplete) => Some(incomplete.kind()),
            Self::Unresolved(_) | Self::Interrupted => None,
        }
    }
}

/// How many objects are named.
const NAMED: usize = 5;

/// The first few objects.
fn first_few(ids: &[ObjectId]) -> String {
    let more = ids.len().saturating_sub(NAMED);
    let shown: Vec<String> = ids.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// Everything that a run could not do. Each item was reported when it happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Incomplete {
    /// Objects that could not be written or deleted, and why.
    pub failed: Vec<(ObjectId, target::Error)>,
    /// Components that were skipped, and why.
    pub skipped: Vec<(String, String)>,
    /// Objects that are not healthy, and why.
    pub unhealthy: Vec<(ObjectId, String)>,
    /// Objects with fields that another field manager owns.
    pub conflicts: Vec<ObjectId>,
    /// Whether taking over fields ends the conflict of one of them.
    pub takeable: bool,
    /// Objects that are still terminating, and why.
    pub remaining: Vec<(ObjectId, String)>,
    /// Whether the run timed out.
    pub timed_out: bool,
}

impl Incomplete {
    /// Whether there is more than conflicts, which alone do not stop a run.
    pub(super) fn is_serious(&self) -> bool {
        let Self { failed, skipped, unhealthy, conflicts: _, takeable: _, remaining, timed_out } =
            self;
        *timed_out
            || !(failed.is_empty()
                && skipped.is_empty()
                && unhealthy.is_empty()
                && remaining.is_empty())
    }

    /// The kind of the worst problem. Those that waiting does not solve come first.
    pub fn kind(&self) -> ErrorKind {
        let rank = |kind: &ErrorKind| match kind {
            ErrorKind::Timeout | ErrorKind::Unhealthy | ErrorKind::Held => 1,
            ErrorKind::Conflict => 0,
            ErrorKind::Invalid | ErrorKind::Missing => 2,
            _ => 3,
        };
        let failed = self.failed.iter().map(|(_, error)| error.kind);
        let timed_out = self.timed_out.then_some(ErrorKind::Timeout);
        let unhealthy = !(self.unhealthy.is_empty() && self.remaining.is_empty());
        let unhealthy = unhealthy.then_some(ErrorKind::Unhealthy);
        // The last one of equal rank: a timeout says more than an unhealthy object.
        let worst = failed.chain(unhealthy).chain(timed_out).max_by_key(rank);
        worst.unwrap_or(ErrorKind::Conflict)
    }

    fn help(&self, names: SettingNames) -> Cow<'_, str> {
        match self.kind() {
            ErrorKind::Timeout | ErrorKind::Unhealthy if !self.remaining.is_empty() => {
                "remove what blocks the deletions listed above, and run again".into()
            }
            ErrorKind::Unhealthy => format!(
                "fix the problems listed above and run again; ksi stopped waiting because waiting does not \
                 solve them: {} waits until the timeout",
                names.of(Setting::FailFast)
            )
            .into(),
            ErrorKind::Timeout => format!(
                "fix the problems listed above and run again; a longer {} helps only if something is \
                 slow",
                names.of(Setting::Timeout)
            )
            .into(),
            ErrorKind::Conflict if self.takeable => format!(
                "put the values into the configuration, or take over the fields with {}",
                names.of(Setting::ForceConflicts)
            )
            .into(),
            _ => match self.failed.first() {
                Some((_, error)) if !error.help.is_empty() => error.help.as_str().into(),
                _ => "fix the problems listed above and run again".into(),
            },
        }
    }
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { failed, skipped, unhealthy, conflicts, takeable: _, remaining, timed_out } =
            self;
        let parts: Vec<String> = [
            (failed.len(), "could not be written or deleted"),
            (unhealthy.len(), "not healthy"),
            (remaining.len(), "still terminating"),
            (conflicts.len(), "in conflict"),
        ]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
        f.write_str(if *timed_out { "the run timed out" } else { "the run did not complete" })?;
        if !parts.is_empty() {
            write!(f, ": {}", parts.join(", "))?;
        }
        if !skipped.is_empty() {
            let names: Vec<&str> = skipped.iter().map(|(name, _)| name.as_str()).collect();
            write!(f, "; skipped: {}", names.join(", "))?;
        }
        Ok(())
    }
}
