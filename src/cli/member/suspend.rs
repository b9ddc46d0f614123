//! `ksi member suspend` and `resume`: cut the connection to a member for a while.

use std::time::Duration;

use clap::Args;

use super::{changing_host, guarded, observer};
use crate::cli::args::connection::ConnectionArgs;
use crate::cli::args::duration::timeout;
use crate::cli::exit::Failure;
use crate::cli::shared::confirm::confirm;
use crate::cli::shared::interrupt;
use crate::fleet;
use crate::ui::Output;

/// Cut the connection of a host to a member for a while
///
/// KubeFed forgets the member, and Tower closes the tunnel: ksi waits until no request gets through any more. What was placed on
/// the member runs on, and changes on the host do not reach it until `ksi member resume`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi member suspend member1")]
pub(super) struct SuspendArgs {
    /// Name of the member
    name: String,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    /// How long to wait for the end of the tunnel
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = timeout)]
    timeout: Duration,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Connect a suspended member again
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi member resume member1")]
pub(super) struct ResumeArgs {
    /// Name of the member
    name: String,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: &SuspendArgs, output: &Output) -> Result<(), Failure> {
    let stop = interrupt::listen();
    crate::cli::block_on(async {
        let host = changing_host(&args.connection).await?;
        host.member(&args.name)?;
        confirm(&format!("Suspend member {}?", args.name), args.yes, output)?;
        let mut observer = observer(output);
        let suspended = fleet::suspend(&host, &args.name, args.timeout, &mut observer);
        guarded(&host, &stop, suspended).await
    })?
}

pub(super) fn run_resume(args: &ResumeArgs, output: &Output) -> Result<(), Failure> {
    let stop = interrupt::listen();
    crate::cli::block_on(async {
        let host = changing_host(&args.connection).await?;
        let mut observer = observer(output);
        guarded(&host, &stop, fleet::resume(&host, &args.name, &mut observer)).await
    })?
}
