//! How a run goes about it: the flags of `apply` that the engine obeys.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::desired;
use super::exit::Failure;
use super::span::timeout;
use crate::engine::{Options, Wait};
use crate::inventory::{Inventory, PruneOptions};
use crate::plan::{PlanOptions, Winner};

/// How a run goes about it.
#[derive(Debug, Clone, Args)]
pub(super) struct RunArgs {
    /// Show what would change and change nothing: `client` asks the server only about what is there,
    /// `server` also about what is new
    #[arg(
        long, value_enum, value_name = "WHERE",
        num_args = 0..=1, require_equals = true, default_missing_value = "client"
    )]
    pub dry_run: Option<DryRun>,
    /// Touch only these components; may be repeated or separated by commas
    #[arg(long, value_name = "COMPONENT", value_delimiter = ',')]
    only: Vec<String>,
    /// How long the whole run may take, for instance 90s, 15m, 1h
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = timeout, env = "KSI_TIMEOUT")]
    timeout: Duration,
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
pub(super) enum DryRun {
    /// The server only about what is there already.
    Client,
    /// The server about everything.
    Server,
}

impl RunArgs {
    /// Whether only a part of the configuration is applied.
    pub(super) fn is_partial(&self) -> bool {
        !self.only.is_empty()
    }

    /// Whether a run waits until everything is healthy.
    pub(super) fn waits(&self) -> bool {
        self.wait
    }

    /// The same for the engine.
    ///
    /// # Errors
    /// `--only` names something that is no component.
    pub(super) fn options(
        &self,
        prune: PruneOptions,
        blank: Inventory,
    ) -> Result<Options, Failure> {
        let known = crate::render::components();
        for name in &self.only {
            if !known.iter().any(|component| component.name == *name) {
                let names: Vec<_> = known.iter().map(|c| c.name.as_str()).collect();
                return Err(Failure::Usage(format!(
                    "`{name}` is no component\nhelp: components are {}",
                    names.join(", ")
                )));
            }
        }
        let winner = if self.force_conflicts { Winner::Desired } else { Winner::Live };
        Ok(Options {
            plan: PlanOptions { winner, prune, take: self.take.clone(), ..PlanOptions::default() },
            blank,
            graph: desired::graph(),
            wait: Wait { health: self.wait, timeout: self.timeout },
            only: (!self.only.is_empty()).then(|| self.only.iter().cloned().collect()),
        })
    }
}
