//! `ksi bundle`: collect a support archive.

use std::path::PathBuf;

use clap::Args;
use time::OffsetDateTime;

use super::args::connection::ConnectionArgs;
use super::args::duration::DurationArg;
use super::exit::Failure;
use crate::bundle::{Bundle, Options};
use crate::ui::Output;

/// Collect a support archive without secrets
///
/// The archive is a tar.gz with versions, status, the objects, pods, events and logs of the
/// installation, nodes, webhook configurations, and the names of all CRDs.
///
/// Secrets are included with their names and keys only. Their values are replaced by *** in all files,
/// also in base64; so is everything that looks like a token, hash, key or password. Names of hosts,
/// users and namespaces are not hidden: review the archive before you share it.
///
/// Only you can read the file. An existing file is not overwritten.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi bundle
  ksi bundle --since 15m --output ksi-bundle.tar.gz
  ksi bundle --dry-run")]
pub(super) struct BundleArgs {
    /// File to write [default: ksi-bundle-TIME.tar.gz in the current directory]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Include log lines newer than this, for example 90s, 10m or 1h30m
    #[arg(long, default_value = "1h", value_name = "DURATION")]
    since: DurationArg,
    /// Skip the logs of healthy pods
    #[arg(long)]
    quick: bool,
    /// List the files that the archive would contain, without writing it
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
            return Ok(output.data(&format!("{}\n", paths.join("\n")))?);
        }
        let name = || PathBuf::from(format!("{}.tar.gz", bundle.name()));
        let path = file.clone().unwrap_or_else(name);
        for missing in bundle.write(&path).await? {
            output.print(&format!("not collected: {missing}"));
        }
        output.print("review the archive before you share it: it contains names of hosts, users and namespaces");
        Ok(output.data(&format!("{}\n", path.display()))?)
    })?
}
