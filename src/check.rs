//! Is this cluster fit for `KubeSphere`, and is what runs there well?
//!
//! [`Gathered`] is what was read from a cluster, [`Context`] what is known besides. Each [`Check`]
//! is a row of one table with a pure judgement of these two: what could not be read is told as an
//! error, never taken for fine. Only `gather`, `may` and `before` talk to a cluster.

mod backend;
mod before;
mod certificate;
mod context;
mod gather;
mod gathered;
mod guarded;
mod judge;
mod may;
mod report;
mod see;
mod verdict;

pub use backend::{Abandoned, Missing, abandoned};
pub use before::{Writes, before};
pub use context::{Configured, Context};
pub use gather::{Wants, configuration, gather, gather_webhooks};
pub use gathered::{DryRun, Gathered, Part, Read, Rights};
pub use judge::checks;
pub use report::{Look, Report, Row, json, list, table};
pub use verdict::{Outcome, Unread, Verdict};

/// When a check makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Before an installation: `--pre`.
    Pre,
    /// After an installation.
    After,
    /// Always.
    Both,
}

/// One row of the table of checks.
#[derive(Debug)]
pub struct Check {
    /// Stable name, for `--skip-check` and docs/check.md.
    pub id: &'static str,
    /// The heading under which it is shown.
    pub category: &'static str,
    /// What is true when it succeeds.
    pub description: &'static str,
    /// When it makes sense.
    pub phase: Phase,
    /// What to do when it fails, one sentence.
    pub hint: &'static str,
    /// The judgement.
    pub judge: fn(&Gathered, &Context<'_>) -> Verdict,
}

impl Check {
    /// Whether it is made before an installation, or else after one.
    pub fn is_for(&self, pre: bool) -> bool {
        match self.phase {
            Phase::Both => true,
            Phase::Pre => pre,
            Phase::After => !pre,
        }
    }

    /// The outcome; what could not be read is an error.
    pub fn outcome(&self, gathered: &Gathered, context: &Context<'_>) -> Outcome {
        (self.judge)(gathered, context)
            .unwrap_or_else(|Unread(why)| Outcome::Error(format!("could not be read: {why}")))
    }
}

/// Makes all checks of a phase but those that are left out by name.
pub fn run(gathered: &Gathered, context: &Context<'_>, pre: bool, skip: &[String]) -> Report {
    let wanted = checks().filter(|check| check.is_for(pre) && !skip.iter().any(|s| s == check.id));
    Report {
        rows: wanted
            .map(|check| Row { check, outcome: check.outcome(gathered, context) })
            .collect(),
    }
}
