//! `ksi member leave`: clean a member whose host is gone.

use std::time::Duration;

use clap::Args;

use super::observer;
use crate::cli::args::connection::ConnectionArgs;
use crate::cli::args::duration::timeout;
use crate::cli::exit::Failure;
use crate::cli::shared::confirm::confirm;
use crate::fleet;
use crate::member::Mode;
use crate::ui::Output;

/// Remove from a member what its host left there
///
/// Run it on the member when the host is gone, when the member was removed as dead and returned, or before it
/// joins another host. Deletes the accounts of the host and of KubeFed, the agent, and KubeFed's labels.
/// KubeSphere and what was placed on the member are kept.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi member leave --context member1")]
pub(super) struct LeaveArgs {
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    /// Timeout of each step
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = timeout)]
    timeout: Duration,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: &LeaveArgs, output: &Output) -> Result<(), Failure> {
    crate::cli::block_on(async {
        let member = args.connection.connect().await?;
        let facts = fleet::about(&member, None).await?;
        if facts.is_host()? {
            return Err(Failure::Usage(format!(
                "{} is a host, not a member\nhelp: use the context of the member",
                member.place()
            )));
        }
        let question =
            format!("Remove the accounts and labels of its host from {}?", member.place());
        confirm(&question, args.yes, output)?;
        // This connection is neither the agent's nor the host's, so the order does not matter.
        fleet::clean_member(&member, Mode::Agent, args.timeout, &mut observer(output)).await?;
        output.print("nothing of a host is left on this cluster");
        Ok(())
    })?
}
