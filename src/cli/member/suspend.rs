//! `ksi member suspend` and `resume`: cut the connection to a member for a while.

use clap::Args;

use super::{guarded, host, observer};
use crate::cli::args::connection::ConnectionArgs;
use crate::cli::exit::Failure;
use crate::cli::shared::confirm::confirm;
use crate::cli::shared::interrupt;
use crate::fleet;
use crate::ui::Output;

/// Cut the connection of a host to a member for a while
///
/// Tower closes the tunnel and KubeFed forgets the member. What was placed on the member runs on, and
/// changes on the host do not reach it until `ksi member resume`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi member suspend member1")]
pub(super) struct SuspendArgs {
    /// Name of the member
    name: String,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
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
        let host = host(&args.connection).await?;
        host.member(&args.name)?;
        confirm(&format!("Suspend member {}?", args.name), args.yes, output)?;
        let mut observer = observer(output);
        guarded(&host, &stop, fleet::suspend(&host, &args.name, &mut observer)).await
    })?
}

pub(super) fn run_resume(args: &ResumeArgs, output: &Output) -> Result<(), Failure> {
    let stop = interrupt::listen();
    crate::cli::block_on(async {
        let host = host(&args.connection).await?;
        let mut observer = observer(output);
        guarded(&host, &stop, fleet::resume(&host, &args.name, &mut observer)).await
    })?
}
