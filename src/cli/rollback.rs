//! `ksi rollback`: apply an earlier configuration again.

use clap::Args;

use super::args::applying::ApplyingArgs;
use super::args::input::InputArgs;
use super::exit::Failure;
use super::shared::apply::apply;
use super::shared::preflight::known_checks;
use super::shared::{interrupt, preparation};
use crate::install::{Prepared, Session, rollback};
use crate::target::ClusterTarget;
use crate::ui::Output;

/// Apply an earlier configuration again
///
/// Works like `ksi apply`: shows what would change, asks, writes, waits. Without a revision it applies
/// the last one that was applied successfully and has another configuration than the newest run: after a
/// failed apply the last good one. `ksi history` lists all revisions.
///
/// The history contains no secrets. Secrets that ksi stores in the cluster, such as jwtSecret and the
/// initial password, keep their current values; pass all other secrets with -f.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi rollback --dry-run
  ksi rollback
  ksi rollback 3 --yes --timeout 30m
  ksi rollback 3 -f secrets.yaml")]
pub(super) struct RollbackArgs {
    /// Revision to apply [default: the last good one before the newest run]
    #[arg(value_name = "REVISION")]
    revision: Option<u32>,
    /// File with secrets that the history does not contain; can be repeated
    #[arg(short, long = "filename", value_name = "FILE")]
    filename: Vec<String>,
    #[command(flatten)]
    applying: ApplyingArgs,
}

impl RollbackArgs {
    /// Whether the output is one JSON event per line.
    pub(super) fn prints_events(&self) -> bool {
        self.applying.prints_events()
    }
}

pub(super) fn run(args: &RollbackArgs, output: &Output) -> Result<(), Failure> {
    known_checks(&args.applying.skip_checks)?;
    let stop = interrupt::listen();
    super::block_on(async {
        let opened = async {
            let timeout = args.applying.timeout;
            let session = args.applying.connection.session(timeout, &stop).await?;
            let prepared = prepared(args, &session, output).await?;
            Ok::<_, Failure>((session, prepared))
        };
        let (session, prepared) = interrupt::unless_stopped(&stop, Box::pin(opened)).await??;
        Box::pin(apply(&args.applying, &session, &prepared, output)).await
    })?
}

/// The configuration of the revision.
async fn prepared(
    args: &RollbackArgs,
    session: &Session<ClusterTarget>,
    output: &Output,
) -> Result<Prepared, Failure> {
    let top = InputArgs::of(&args.filename, &[], false).source();
    let (revision, mut prepared) = rollback::prepare(session, args.revision, top).await?;
    preparation::complete(&mut prepared, session, output).await?;
    output.print(&format!("ksi: applying revision {} of {}", revision.number, revision.about.time));
    Ok(prepared)
}
