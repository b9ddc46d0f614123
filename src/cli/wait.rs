//! `ksi wait`: until everything is healthy, or gone.

mod printer;

use clap::{Args, ValueEnum};
use tokio::time::Instant;

use self::printer::Printer;
use super::connection::ConnectionArgs;
use super::exit::Failure;
use super::format::TextOrJson;
use super::span::Span;
use crate::status::{self, Installed, Outcome, Wait};
use crate::ui::Output;

/// Wait until everything is healthy, or gone
///
/// Follows the objects as they change and says each change in one line; every 15 seconds, what is still
/// awaited. When the time is over, it says of each object that is not healthy why: its condition, the
/// reason of its containers, the last events and log lines, and what to do next.
///
/// With `--for deleted` it waits until `ksi uninstall` is through: what uninstalling keeps
/// (definitions, claims, namespaces) is not waited for.
///
/// Exit codes: 0 reached, 5 not reached in time, 1 not installed, 7 cannot be reached.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi wait
  ksi wait --component ks-core --timeout 5m
  ksi wait --for deleted -o json")]
pub(super) struct WaitArgs {
    /// What to wait for
    #[arg(long = "for", value_enum, default_value_t, value_name = "STATE")]
    awaited: Awaited,
    /// How long, as 90s, 10m or 1h30m
    #[arg(long, default_value = "10m", value_name = "SPAN", env = "KSI_TIMEOUT")]
    timeout: Span,
    /// Only this component
    #[arg(long, value_name = "NAME")]
    component: Option<String>,
    /// How to tell what happens: text, or one JSON event per line
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
    /// Everything that uninstalling removes is gone
    Deleted,
}

pub(super) fn run(args: &WaitArgs, output: &Output) -> Result<(), Failure> {
    let WaitArgs { awaited, timeout, component, output: format, connection } = args;
    super::block_on(async {
        // A time beyond the clock is no limit.
        let deadline = Instant::now().checked_add(timeout.0);
        let cluster = connection.connect().await?;
        let printer = Printer { format: *format, output };
        let installed = match Installed::read(&cluster).await {
            Err(status::Error::NotInstalled { .. }) if *awaited == Awaited::Deleted => {
                return printer.message("summary", "nothing is installed");
            }
            other => other?.only(component.as_deref())?,
        };
        let wait = Wait { cluster: &cluster, installed: &installed, deadline };
        let print = |event| printer.event(event);
        let (outcome, summary) = match awaited {
            Awaited::Ready => {
                let total = installed.components.len();
                let summary = format!("healthy: {total} of {total} components");
                (wait.until_healthy(print).await?, summary)
            }
            Awaited::Deleted => {
                let outcome = wait.until_deleted(component.is_none(), print).await?;
                (outcome, "everything is gone".to_owned())
            }
        };
        let after = status::duration_text(timeout.0.as_secs());
        match outcome {
            Outcome::Reached => printer.message("summary", &summary),
            Outcome::NotReached { awaited } => Err(Failure::Unhealthy(format!(
                "not reached within {after}: {awaited}\n\
                 help: `ksi status` shows how everything is; `ksi wait` waits longer with --timeout"
            ))),
            Outcome::Unknown { error } => Err(Failure::Lost(format!(
                "not reached within {after}, and the cluster does not answer: {error}\n\
                 help: check with `kubectl get --raw /readyz` that the API server answers"
            ))),
        }
    })?
}
