//! `ksi cleanup`: delete leftovers of earlier installations.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::args::connection::ConnectionArgs;
use super::exit::Failure;
use super::shared::confirm::confirm;
use crate::install::cleanup::{self, Deletion};
use crate::ui::Output;

/// Delete leftovers of earlier installations
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi cleanup webhooks --dry-run
  ksi cleanup webhooks --yes")]
pub(super) struct CleanupArgs {
    #[command(subcommand)]
    what: What,
}

/// How long requests to an unavailable server are repeated.
const RETRY_FOR: Duration = Duration::from_secs(30);

#[derive(Debug, Subcommand)]
enum What {
    Webhooks(WebhooksArgs),
}

/// Delete webhook configurations of KubeSphere and KubeFed that have no backend
///
/// As long as such a configuration exists, the API server rejects the writes that it applies to, for
/// example those of a new installation. A configuration is deleted only if none of its webhooks has a
/// Service with a ready pod.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi cleanup webhooks --dry-run
  ksi cleanup webhooks --yes")]
struct WebhooksArgs {
    /// List them without deleting anything
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: &CleanupArgs, output: &Output) -> Result<(), Failure> {
    let What::Webhooks(args) = &args.what;
    super::block_on(webhooks(args, output))?
}

async fn webhooks(args: &WebhooksArgs, output: &Output) -> Result<(), Failure> {
    let cluster = args.connection.reach(RETRY_FOR).await?;
    let found = cleanup::orphaned_webhooks(&cluster).await?;
    if found.is_empty() {
        output.print("ksi: every webhook of KubeSphere and KubeFed has a backend");
        return Ok(());
    }
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    output.data(&format!("{}\n", lines.join("\n")))?;
    if args.dry_run {
        return Ok(());
    }
    let what =
        if found.len() == 1 { "it".to_owned() } else { format!("these {} objects", found.len()) };
    confirm(&format!("Delete {what} from {}?", cluster.place()), args.yes, output)?;
    for one in &found {
        match cleanup::delete(&cluster, one).await? {
            Deletion::Deleted(id) => output.print(&format!("deleted {id}")),
            Deletion::Recreated(id) => {
                output.message(&format!("ksi: not deleted: {id} was recreated in the meantime"));
            }
        }
    }
    Ok(())
}
