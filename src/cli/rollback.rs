//! `ksi rollback`: applies an earlier configuration again.

use clap::Args;

use super::applying::ApplyingArgs;
use super::exit::Failure;
use super::input::InputArgs;
use super::{interrupt, preparation};
use crate::install::{Prepared, Session, rollback};
use crate::target::ClusterTarget;
use crate::ui::Output;

/// Apply an earlier configuration again
///
/// Goes the way of `ksi apply`: shows what would change, asks, writes, waits. What was applied before
/// the current configuration is the default; `ksi history` lists the numbers. Secrets that ksi keeps,
/// jwtSecret and the first password among others, stay as they are now; others have to be given with
/// -f.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi rollback --dry-run
  ksi rollback
  ksi rollback 3 --yes --timeout 30m
  ksi rollback 3 -f secrets.yaml")]
pub(super) struct RollbackArgs {
    /// The number of the configuration; without it the one before the current
    #[arg(value_name = "REV")]
    revision: Option<u32>,
    /// File with secrets that the history does not keep, laid on top; may be repeated
    #[arg(short, long = "filename", value_name = "FILE")]
    filename: Vec<String>,
    #[command(flatten)]
    applying: ApplyingArgs,
}

pub(super) fn run(args: &RollbackArgs, output: &Output) -> Result<(), Failure> {
    args.applying.preflight.known()?;
    let stop = interrupt::listen();
    super::block_on(async {
        let opened = async {
            let timeout = args.applying.run.timeout;
            let session = args.applying.connection.session(timeout, &stop).await?;
            let prepared = prepared(args, &session, output).await?;
            Ok::<_, Failure>((session, prepared))
        };
        let (session, prepared) = interrupt::unless_stopped(&stop, Box::pin(opened)).await??;
        args.applying.apply(&session, &prepared, output).await
    })?
}

/// The configuration of the revision.
async fn prepared(
    args: &RollbackArgs,
    session: &Session<ClusterTarget>,
    output: &Output,
) -> Result<Prepared, Failure> {
    let top = InputArgs::of(&args.filename, &[]).source();
    let (revision, prepared) = rollback::prepare(session, args.revision, top).await?;
    preparation::warn(&prepared, output);
    output.print(&format!("ksi: revision {} of {}", revision.number, revision.about.time));
    Ok(prepared)
}
