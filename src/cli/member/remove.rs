//! `ksi member remove`: take a member out of its federation.

use std::time::Duration;

use clap::Args;

use super::{changing_host, guarded, observer};
use crate::cli::args::connection::ConnectionArgs;
use crate::cli::args::duration::timeout;
use crate::cli::exit::Failure;
use crate::cli::shared::confirm::confirm;
use crate::cli::shared::interrupt;
use crate::fleet::{self, Removal};
use crate::ui::Output;

/// Remove a member from its host, on both sides
///
/// Deletes its Cluster and Service on the host, and what KubeFed has to reach it; on the member the accounts of the host and of
/// KubeFed, the agent, and KubeFed's labels. KubeSphere on the member and what was placed there are kept.
///
/// A member that never answers again is removed with --dead: only when neither this machine nor KubeFed
/// reaches it. If it returns, run `ksi member leave` on it.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(after_help = "Examples:
  ksi member remove member1
  ksi member remove member1 --allow-placed --delete-objects
  ksi member remove member2 --dead")]
pub(super) struct RemoveArgs {
    /// Name of the member
    name: String,
    /// The member never answers again
    #[arg(long, conflicts_with_all = ["delete_objects", "member"])]
    dead: bool,
    /// Take the member out of the placement of workspaces and federated objects that name it
    #[arg(long)]
    allow_placed: bool,
    /// Delete on the member what these objects placed there
    #[arg(long, requires = "allow_placed")]
    delete_objects: bool,
    /// Context of the member [default: as the host reaches it]
    #[arg(long, value_name = "CONTEXT")]
    member: Option<String>,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    /// Timeout of each step
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = timeout)]
    timeout: Duration,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: &RemoveArgs, output: &Output) -> Result<(), Failure> {
    let stop = interrupt::listen();
    crate::cli::block_on(async {
        let host = changing_host(&args.connection).await?;
        let RemoveArgs { name, dead, .. } = args;
        host.member(name)?;
        let place = host.cluster.place();
        let dead_or_not = if *dead { "the dead member" } else { "member" };
        confirm(&format!("Remove {dead_or_not} {name} from {place}?"), args.yes, output)?;
        let removal = Removal {
            placed: args.allow_placed,
            delete_objects: args.delete_objects,
            limit: args.timeout,
        };
        let mut observer = observer(output);
        if *dead {
            guarded(&host, &stop, fleet::remove_dead(&host, name, removal, &mut observer)).await?;
            output.print(&format!(
                "removed {name}; if it ever returns, run `ksi member leave` on it: it still has the \
                 accounts of this host, and its objects have KubeFed's label"
            ));
            return Ok(());
        }
        let member = match &args.member {
            Some(context) => Some(args.connection.with_context(context).connect().await?),
            None => None,
        };
        let removed = fleet::remove(&host, name, member.as_ref(), removal, &mut observer);
        guarded(&host, &stop, removed).await?;
        output.print(&format!("removed {name}"));
        Ok(())
    })?
}
