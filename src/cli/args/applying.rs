//! The flags that `apply` and `rollback` share.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::connection::ConnectionArgs;
use super::consents::{ChangeArgs, PruneArgs};
use super::duration::timeout;
use super::format::{ProgressArgs, TextOrJson};
use crate::install::{self, ApplyRequest, Prepared};

/// How a configuration is applied.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(in crate::cli) struct ApplyingArgs {
    /// Show what would change, without changing anything [default mode: client]
    #[arg(
        long, value_enum, value_name = "MODE",
        num_args = 0..=1, require_equals = true, default_missing_value = "client"
    )]
    dry_run: Option<DryRun>,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
    /// Apply only these components; repeat the flag or separate them by commas
    #[arg(long, value_name = "COMPONENT", value_delimiter = ',')]
    only: Vec<String>,
    /// Wait until everything is ready
    #[arg(
        long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_missing_value = "true"
    )]
    pub(in crate::cli) wait: bool,
    /// Stop waiting for a component as soon as it is certain that waiting does not help
    #[arg(
        long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_missing_value = "true"
    )]
    fail_fast: bool,
    /// Timeout of the whole run, for example 90s, 15m or 1h
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = timeout, env = "KSI_TIMEOUT")]
    pub(in crate::cli) timeout: Duration,
    /// Skip a check that runs before the first write; can be repeated
    #[arg(long = "skip-check", value_name = "ID")]
    pub(in crate::cli) skip_checks: Vec<String>,
    /// Number of applied configurations to store in the cluster
    #[arg(long, value_name = "N", default_value_t = HISTORY_MAX, value_parser = clap::value_parser!(u16).range(1..=100))]
    history_max: u16,
    /// Output format: text, or one JSON event per line
    #[arg(short, long, value_enum, default_value_t)]
    pub(in crate::cli) output: TextOrJson,
    #[command(flatten)]
    pub(in crate::cli) progress: ProgressArgs,
    /// Take over this field from its field manager, for example .spec.replicas; can be repeated
    #[arg(long, value_name = "FIELD", help_heading = CONFLICTS)]
    take: Vec<String>,
    /// Take over all conflicting fields from their field managers
    #[arg(long, help_heading = CONFLICTS)]
    force_conflicts: bool,
    #[command(flatten)]
    changes: ChangeArgs,
    #[command(flatten)]
    prune: PruneArgs,
    #[command(flatten)]
    pub(in crate::cli) connection: ConnectionArgs,
}

/// How many configurations the history keeps.
const HISTORY_MAX: u16 = 10;

const CONFLICTS: &str = "Conflicts with other field managers";

/// How much of the plan the API server checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DryRun {
    /// Compare with the objects in the cluster.
    Client,
    /// Also send new objects to the API server as a dry run.
    Server,
}

impl ApplyingArgs {
    /// Whether the output is one JSON event per line, and not a plan.
    pub(in crate::cli) fn prints_events(&self) -> bool {
        self.output == TextOrJson::Json && self.dry_run.is_none()
    }

    /// Whether nothing is to be changed.
    pub(in crate::cli) fn is_dry_run(&self) -> bool {
        self.dry_run.is_some()
    }

    /// The flags that only a run of our own can obey, not a controller in the cluster.
    pub(in crate::cli) fn only_here(&self) -> Vec<&'static str> {
        let lists =
            [("--only", &self.only), ("--skip-check", &self.skip_checks), ("--take", &self.take)];
        let lists =
            lists.into_iter().filter(|(_, values)| !values.is_empty()).map(|(name, _)| name);
        let forced = self.force_conflicts.then_some("--force-conflicts");
        let patient = (!self.fail_fast).then_some("--fail-fast=false");
        let history = (self.history_max != HISTORY_MAX).then_some("--history-max");
        lists.chain(forced).chain(patient).chain(history).chain(self.prune.names()).collect()
    }

    /// The request for a use case.
    pub(in crate::cli) fn request<'p>(&self, prepared: &'p Prepared) -> ApplyRequest<'p> {
        ApplyRequest {
            prepared,
            consents: self.changes.consents(self.prune),
            components: self.only.clone(),
            force_conflicts: self.force_conflicts,
            take: self.take.clone(),
            take_back: None,
            wait: self.wait,
            fail_fast: self.fail_fast,
            dry_run: self.dry_run.map(|mode| match mode {
                DryRun::Client => install::DryRun::Client,
                DryRun::Server => install::DryRun::Server,
            }),
            skip_checks: self.skip_checks.clone(),
            history_max: self.history_max.into(),
        }
    }
}
