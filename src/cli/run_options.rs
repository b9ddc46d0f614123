//! How a run goes about it: flags that `apply` and `rollback` share.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::span::timeout;
use crate::install::{self, ApplyRequest, Consents, Prepared};

/// How a run goes about it.
#[derive(Debug, Clone, Args)]
pub(super) struct RunArgs {
    /// Show what would change and change nothing: `client` asks the server only about what is there,
    /// `server` also about what is new
    #[arg(
        long, value_enum, value_name = "WHERE",
        num_args = 0..=1, require_equals = true, default_missing_value = "client"
    )]
    dry_run: Option<DryRun>,
    /// Touch only these components; may be repeated or separated by commas
    #[arg(long, value_name = "COMPONENT", value_delimiter = ',')]
    only: Vec<String>,
    /// How long the whole run may take, for instance 90s, 15m, 1h
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = timeout, env = "KSI_TIMEOUT")]
    pub(super) timeout: Duration,
    /// Wait until everything is healthy
    #[arg(
        long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_missing_value = "true"
    )]
    wait: bool,
    /// Take this field from whoever owns it, as a conflict names it: .spec.replicas; may be repeated
    #[arg(long, value_name = "FIELD")]
    take: Vec<String>,
    /// Take every field from whoever owns it
    #[arg(long)]
    force_conflicts: bool,
}

/// Who is asked what would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DryRun {
    /// The server only about what is there already.
    Client,
    /// The server about everything.
    Server,
}

impl RunArgs {
    /// The same as a request, without what other flags say.
    pub(super) fn request<'p>(&self, prepared: &'p Prepared) -> ApplyRequest<'p> {
        ApplyRequest {
            prepared,
            consents: Consents::default(),
            components: self.only.clone(),
            force_conflicts: self.force_conflicts,
            take: self.take.clone(),
            wait: self.wait,
            dry_run: self.dry_run.map(|asked| match asked {
                DryRun::Client => install::DryRun::Client,
                DryRun::Server => install::DryRun::Server,
            }),
            skip_checks: Vec::new(),
            history_max: 0,
        }
    }
}

/// For verbs that take as long as each request does.
pub(super) const NO_TIMEOUT: Duration = Duration::MAX;
