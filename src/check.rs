//! Checks whether a cluster is ready for `KubeSphere`, and whether the installation works.
//!
//! [`Gathered`] is what was read from a cluster, [`Context`] is everything else. Each [`Check`] is a row
//! of one table with a pure function of these two: what could not be read is an error, never a success.
//! Only `gather`, `may` and `preflight` send requests to a cluster.

mod access_review;
mod backend;
mod certificate;
mod checks;
mod context;
mod gather;
mod gathered;
mod held;
mod images;
mod interception;
mod manifest;
mod page;
mod placement;
mod preflight;
mod report;
mod verdict;

pub use backend::{Missing, OrphanedWebhook, orphaned_webhooks, own_webhooks};
pub use checks::{AVAILABLE, checks};
pub use context::{Configured, Context};
pub use gather::{Wants, configuration, gather, gather_webhooks};
pub use gathered::{DryRun, Gathered, Part, Read, Rights};
pub use held::held;
pub use page::{page, section};
pub use preflight::{Writes, preflight};
pub use report::{Report, Row, TableStyle, json, list, table};
use verdict::UNREAD;
pub use verdict::{Outcome, ReadError, Verdict};

/// When a check applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Before an installation: `--pre`.
    Pre,
    /// After an installation.
    After,
    /// Always.
    Both,
}

/// What a check is called and what it says.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its stable name, as in docs/check.md.
    pub id: &'static str,
    /// The category under which it is shown.
    pub category: &'static str,
    /// The condition that it checks, as a statement that holds on success.
    pub description: &'static str,
    /// What to do when it fails, one sentence.
    pub hint: &'static str,
}

/// One row of the table of checks.
#[derive(Debug)]
pub struct Check {
    /// Its stable name, as in docs/check.md.
    pub id: &'static str,
    /// The category under which it is shown.
    pub category: &'static str,
    /// The condition that it checks, as a statement that holds on success.
    pub description: &'static str,
    /// When it applies.
    pub phase: Phase,
    /// What to do when it fails, one sentence.
    pub hint: &'static str,
    /// The check itself.
    pub evaluate: fn(&Gathered, &Context<'_>) -> Verdict,
}

impl Check {
    /// What it is called and says.
    pub fn about(&self) -> About {
        let Self { id, category, description, hint, .. } = *self;
        About { id, category, description, hint }
    }

    /// Whether it is part of the checks before (`pre`) or after an installation.
    pub fn is_for(&self, pre: bool) -> bool {
        match self.phase {
            Phase::Both => true,
            Phase::Pre => pre,
            Phase::After => !pre,
        }
    }

    /// The outcome; what could not be read is an error.
    pub fn outcome(&self, gathered: &Gathered, context: &Context<'_>) -> Outcome {
        (self.evaluate)(gathered, context)
            .unwrap_or_else(|ReadError(why)| Outcome::Unread(format!("{UNREAD}{why}")))
    }
}

/// Runs all checks of a phase except those that are skipped by name.
pub fn run(gathered: &Gathered, context: &Context<'_>, pre: bool, skip: &[String]) -> Report {
    let wanted = checks().filter(|check| check.is_for(pre) && !skip.iter().any(|s| s == check.id));
    Report {
        rows: wanted
            .map(|check| Row::new(check.about(), check.outcome(gathered, context)))
            .collect(),
    }
}
