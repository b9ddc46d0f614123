//! `ksi cleanup`: delete leftovers of earlier installations.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::args::connection::ConnectionArgs;
use super::exit::Failure;
use super::shared::confirm::confirm;
use crate::cluster::Cluster;
use crate::install::cleanup::{self, Deletion};
use crate::object::counted;
use crate::ui::Output;

/// Delete leftovers of earlier installations
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi cleanup webhooks --dry-run
  ksi cleanup webhooks --yes
  ksi cleanup finalizers --dry-run")]
pub(super) struct CleanupArgs {
    #[command(subcommand)]
    what: What,
}

/// How long requests to an unavailable server are repeated.
const RETRY_FOR: Duration = Duration::from_secs(30);

#[derive(Debug, Subcommand)]
enum What {
    /// Delete webhook configurations of KubeSphere and KubeFed that have no backend
    ///
    /// As long as such a configuration exists, the API server rejects the writes that it applies to, for
    /// example those of a new installation. A configuration is deleted only if none of its webhooks has a
    /// Service with a ready pod.
    #[command(after_help = "Examples:
  ksi cleanup webhooks --dry-run
  ksi cleanup webhooks --yes")]
    Webhooks(CleanupOptions),
    /// Remove finalizers of controllers of KubeSphere and KubeFed that do not exist
    ///
    /// ks-controller-manager puts a finalizer on every namespace, also on those of users, and on KubeSphere's
    /// own objects. When it was removed in another way than by `ksi uninstall`, nobody takes them off: these
    /// objects stay Terminating when they are deleted. Nothing is removed as long as the Deployment of the
    /// controller exists.
    #[command(after_help = "Examples:
  ksi cleanup finalizers --dry-run
  ksi cleanup finalizers --yes")]
    Finalizers(CleanupOptions),
}

#[derive(Debug, Args)]
struct CleanupOptions {
    /// List them without changing anything
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl CleanupOptions {
    /// Lists what was found, and asks; false for a dry run.
    fn agreed(&self, lines: &[String], question: &str, output: &Output) -> Result<bool, Failure> {
        output.data(&format!("{}\n", lines.join("\n")))?;
        if !self.dry_run {
            confirm(question, self.yes, output)?;
        }
        Ok(!self.dry_run)
    }
}

pub(super) fn run(args: &CleanupArgs, output: &Output) -> Result<(), Failure> {
    super::block_on(async {
        let (What::Webhooks(options) | What::Finalizers(options)) = &args.what;
        let cluster = options.connection.reach(RETRY_FOR).await?;
        match &args.what {
            What::Webhooks(options) => webhooks(&cluster, options, output).await,
            What::Finalizers(options) => finalizers(&cluster, options, output).await,
        }
    })?
}

async fn webhooks(
    cluster: &Cluster,
    options: &CleanupOptions,
    output: &Output,
) -> Result<(), Failure> {
    let found = cleanup::orphaned_webhooks(cluster).await?;
    if found.is_empty() {
        output.print("ksi: every webhook of KubeSphere and KubeFed has a backend");
        return Ok(());
    }
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    let what =
        if found.len() == 1 { "it".to_owned() } else { format!("these {} objects", found.len()) };
    if !options.agreed(&lines, &format!("Delete {what} from {}?", cluster.place()), output)? {
        return Ok(());
    }
    for one in &found {
        match cleanup::delete(cluster, one).await? {
            Deletion::Deleted(id) => output.print(&format!("deleted {id}")),
            Deletion::Recreated(id) => {
                output.message(&format!("ksi: not deleted: {id} was recreated in the meantime"));
            }
        }
    }
    Ok(())
}

async fn finalizers(
    cluster: &Cluster,
    options: &CleanupOptions,
    output: &Output,
) -> Result<(), Failure> {
    let found = cleanup::held(cluster).await?;
    if found.is_empty() {
        output.print("ksi: no object has a finalizer of a controller that does not exist");
        return Ok(());
    }
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    let objects = counted(found.len(), "object");
    let question = format!("Remove these finalizers from {objects} in {}?", cluster.place());
    if !options.agreed(&lines, &question, output)? {
        return Ok(());
    }
    cleanup::remove_finalizers(cluster, &found, |held| {
        output.print(&format!("released {}", held.id));
    })
    .await?;
    Ok(())
}
