//! `ksi wait`: wait until everything is healthy or deleted.

mod printer;

use clap::{Args, ValueEnum};
use tokio::time::Instant;

use self::printer::Printer;
use super::args::connection::ConnectionArgs;
use super::args::duration::DurationArg;
use super::args::format::TextOrJson;
use super::exit::Failure;
use crate::status::{self, Installed, Outcome, Wait};
use crate::ui::Output;

/// Wait until everything is healthy or deleted
///
/// Prints one line per change, with the reason if a pod has a problem, and every 15 seconds what it is
/// waiting for. At the end it shows for each object that is not healthy its condition, the state of its
/// containers, the last events and log lines, and the next step. It ends before the timeout if it is
/// certain that waiting does not help, for example because an image name is invalid.
///
/// --for deleted waits until `ksi uninstall` has deleted everything, except what it keeps: CRDs,
/// PersistentVolumeClaims and namespaces.
///
/// Exit codes: 0 reached, 1 not installed, 5 timed out or waiting does not help, 7 the cluster cannot be reached.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi wait
  ksi wait --component ks-core --timeout 5m
  ksi wait --for deleted -o json")]
pub(super) struct WaitArgs {
    /// State to wait for
    #[arg(long = "for", value_enum, default_value_t, value_name = "STATE")]
    awaited: Awaited,
    /// Timeout, for example 90s, 10m or 1h30m
    #[arg(long, default_value = "10m", value_name = "DURATION", env = "KSI_TIMEOUT")]
    timeout: DurationArg,
    /// Stop waiting as soon as it is certain that waiting does not help
    #[arg(
        long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_missing_value = "true"
    )]
    fail_fast: bool,
    /// Wait only for this component
    #[arg(long, value_name = "NAME")]
    component: Option<String>,
    /// Output format: text, or one JSON event per line
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Awaited {
    /// Everything is healthy
    #[default]
    Ready,
    /// Everything that `ksi uninstall` deletes is deleted
    Deleted,
}

impl WaitArgs {
    /// Whether the output is one JSON event per line.
    pub(super) fn prints_events(&self) -> bool {
        self.output == TextOrJson::Json
    }
}

pub(super) fn run(args: &WaitArgs, output: &Output) -> Result<(), Failure> {
    let WaitArgs { awaited, timeout, fail_fast, component, output: format, connection } = args;
    super::block_on(async {
        // A timeout that overflows is no limit.
        let deadline = Instant::now().checked_add(timeout.0);
        let cluster = connection.connect().await?;
        let printer = Printer { format: *format, output };
        let installed = match Installed::read(&cluster).await {
            Err(status::Error::NotInstalled { .. }) if *awaited == Awaited::Deleted => {
                return printer.message("summary", "nothing is installed");
            }
            other if *awaited == Awaited::Deleted => other?.only(component.as_deref())?,
            other => other?.unless_uninstalled(&cluster)?.only(component.as_deref())?,
        };
        let fail_fast = *fail_fast;
        let wait = Wait { cluster: &cluster, installed: &installed, deadline, fail_fast };
        let print = |event| printer.event(event);
        let (outcome, summary) = match awaited {
            Awaited::Ready => {
                let total = installed.components.len();
                let summary = format!("healthy: {total} of {total} components");
                (wait.until_healthy(print).await?, summary)
            }
            Awaited::Deleted => {
                let outcome = wait.until_deleted(component.is_none(), print).await?;
                (outcome, "everything is deleted except what is kept".to_owned())
            }
        };
        let after = status::duration_text(timeout.0.as_secs());
        match outcome {
            Outcome::Reached => printer.message("summary", &summary),
            Outcome::Unwritten { count } => Err(Failure::Unhealthy(format!(
                "no run is at work, and the last one did not write {count} objects\n\
                 help: run `ksi apply` again"
            ))),
            Outcome::NotReached { awaited } => Err(Failure::Unhealthy(format!(
                "timed out after {after} waiting for {awaited}\n\
                 help: `ksi status` shows the details; --timeout sets a longer timeout"
            ))),
            Outcome::Failed { awaited } => Err(Failure::Unhealthy(format!(
                "waiting does not help: {awaited}\n\
                 help: fix the problems listed above; --fail-fast=false waits until the timeout"
            ))),
            Outcome::Unknown { error } => Err(Failure::Lost(format!(
                "timed out after {after}, and the cluster does not respond: {error}\n\
                 help: check the API server with `kubectl get --raw /readyz`"
            ))),
        }
    })?
}
