//! `ksi cleanup`: removes what earlier installations left behind.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::confirm::confirm;
use super::connection::ConnectionArgs;
use super::exit::Failure;
use crate::install::cleanup::{self, Deletion};
use crate::ui::Output;

/// Remove what an earlier installation left behind
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi cleanup webhooks --dry-run
  ksi cleanup webhooks --yes")]
pub(super) struct CleanupArgs {
    #[command(subcommand)]
    what: What,
}

/// For how long a server in trouble is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Subcommand)]
enum What {
    Webhooks(WebhooksArgs),
}

/// Delete webhook configurations of KubeSphere and KubeFed that nothing answers
///
/// Such a configuration refuses every write of what it guards, a new installation's among others.
/// Only those of which every webhook lacks its Service or a ready pod are deleted, and only if they
/// are still the same objects.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi cleanup webhooks --dry-run
  ksi cleanup webhooks --yes")]
struct WebhooksArgs {
    /// Only list them
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
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
    let cluster = args.connection.reach(PATIENCE).await?;
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
    let what = if found.len() == 1 { "it".to_owned() } else { format!("these {}", found.len()) };
    confirm(&format!("Delete {what} on {}?", cluster.place()), args.yes, output)?;
    for one in &found {
        match cleanup::delete(&cluster, one).await? {
            Deletion::Deleted(id) => output.print(&format!("deleted {id}")),
            Deletion::Recreated(id) => {
                output.message(&format!("ksi: kept {id}: somebody made it anew in between"));
            }
        }
    }
    Ok(())
}
