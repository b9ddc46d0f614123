//! `ksi bundle`: an archive for whoever is asked for help, without secrets.

mod archive;
mod collect;
mod contents;
mod secrets;

use std::path::PathBuf;

use clap::Args;
use time::OffsetDateTime;
use time::macros::format_description;

use self::archive::Archive;
use self::collect::Collector;
use super::connection::ConnectionArgs;
use super::exit::Failure;
use super::span::Span;
use crate::status::Installed;
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
        let installed = Installed::read(&cluster).await?;
        let now = OffsetDateTime::now_utc();
        let stamp = format_description!("[year][month][day]T[hour][minute][second]Z");
        let name = format!("ksi-bundle-{}", now.format(&stamp).unwrap_or_default());
        let collector = Collector {
            cluster: &cluster,
            installed: &installed,
            since: *since,
            quick: *quick,
            now,
        };
        if *dry_run {
            let paths = collector.paths().await?;
            let paths: Vec<String> = paths.iter().map(|path| format!("{name}/{path}\n")).collect();
            return Ok(output.data(&paths.concat())?);
        }
        let path = file.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.tar.gz")));
        let place = path.display().to_string();
        let failed = |error: std::io::Error| Failure::Io(format!("cannot write {place}: {error}"));
        // Before minutes are spent on collecting.
        let mut archive = Archive::create(&path, &name, now.unix_timestamp()).map_err(failed)?;
        let problems = collector.collect(&mut archive).await?;
        archive.finish().map_err(failed)?;
        for problem in &problems {
            output.say(&format!("left out: {problem}"));
        }
        output.say("look into it before you give it away: names of hosts and users are in it");
        Ok(output.data(&format!("{place}\n"))?)
    })?
}
