//! `ksi bundle`: an archive for whoever is asked for help, without secrets.

use std::path::PathBuf;

use clap::Args;
use time::OffsetDateTime;

use super::connection::ConnectionArgs;
use super::exit::Failure;
use super::span::Span;
use crate::bundle::{Bundle, Options};
use crate::ui::Output;

/// Collect a support archive without secrets
///
/// A tar.gz with versions, status, the objects of the installation, its pods, events and logs, nodes,
/// webhook configurations and the list of definitions. Of Secrets it has names and keys; their values
/// are read to hide them wherever they turn up, also in base64, and what looks like a token, a hash, a
/// key or a password is hidden as well. Look into the archive before you give it away: names of hosts,
/// users and namespaces are in it.
///
/// The file is readable for you alone. A file that is there is not overwritten.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi bundle
  ksi bundle --since 15m --output ksi-bundle.tar.gz
  ksi bundle --dry-run")]
pub(super) struct BundleArgs {
    /// The file; without it ksi-bundle-TIME.tar.gz in this directory
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only log lines that are younger, as 90s, 10m or 1h30m
    #[arg(long, default_value = "1h", value_name = "SPAN")]
    since: Span,
    /// Without the logs of what is healthy
    #[arg(long)]
    quick: bool,
    /// List what would be collected, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: &BundleArgs, output: &Output) -> Result<(), Failure> {
    let BundleArgs { output: file, since, quick, dry_run, connection } = args;
    super::block_on(async {
        let cluster = connection.connect().await?;
        let options = Options { since: since.0, quick: *quick, now: OffsetDateTime::now_utc() };
        let bundle = Bundle::new(&cluster, options).await?;
        if *dry_run {
            let paths = bundle.paths().await?;
            return Ok(
                output.data(&paths.iter().map(|path| format!("{path}\n")).collect::<String>())?
            );
        }
        let name = || PathBuf::from(format!("{}.tar.gz", bundle.name()));
        let path = file.clone().unwrap_or_else(name);
        for missing in bundle.write(&path).await? {
            output.print(&format!("left out: {missing}"));
        }
        output.print("look into it before you give it away: names of hosts and users are in it");
        Ok(output.data(&format!("{}\n", path.display()))?)
    })?
}
