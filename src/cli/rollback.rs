//! `ksi rollback`: applies an earlier configuration again.

use std::sync::Arc;

use clap::Args;

use super::apply::{self, ApplyArgs};
use super::connection::ConnectionArgs;
use super::exit::Failure;
use super::format::TextOrJson;
use super::guard::GuardArgs;
use super::input::{Checked, InputArgs};
use super::place::Place;
use super::preflight::PreflightArgs;
use super::prune::PruneArgs;
use super::report::ProgressArgs;
use super::revision::{self, HistoryArgs};
use super::run_options::RunArgs;
use super::{interrupt, on_cluster};
use crate::target::{ClusterTarget, Store as _};
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
    run: RunArgs,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    prune: PruneArgs,
    #[command(flatten)]
    preflight: PreflightArgs,
    #[command(flatten)]
    guard: GuardArgs,
    #[command(flatten)]
    history: HistoryArgs,
    /// How to show what happens: text, or one JSON event per line
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: &RollbackArgs, output: &Output) -> Result<(), Failure> {
    args.preflight.known()?;
    let stop = interrupt::listen();
    super::block_on(async {
        let (target, checked, args) =
            interrupt::unless_stopped(&stop, Box::pin(chosen(args, output))).await??;
        apply::bring(&target, Some(&target), &checked, &args, &stop, output).await
    })?
}

/// The configuration of a revision, and how to apply it.
async fn chosen(
    args: &RollbackArgs,
    output: &Output,
) -> Result<(ClusterTarget, Checked, ApplyArgs), Failure> {
    let cluster = Arc::new(args.connection.connect().await?);
    let target = ClusterTarget::new(Arc::clone(&cluster), on_cluster::holder());
    let revisions = target.history().await?;
    let chosen = revision::chosen(&revisions, args.revision)?;
    let kept = target.values().await?;
    let input = InputArgs::plain(&args.filename);
    let loaded = input.load_on(revision::inputs(chosen, &kept));
    let spec = loaded.spec.as_ref().map(crate::yaml::Node::to_json);
    revision::complete(chosen, spec.as_ref())?;
    let (target, checked) = on_cluster::judged(cluster, &input, loaded, output).await?;
    output.say(&format!("ksi: revision {} of {}", chosen.number, chosen.about.time));
    let args = ApplyArgs {
        input,
        target: Place::Cluster,
        run: args.run.clone(),
        yes: args.yes,
        prune: args.prune,
        preflight: args.preflight.clone(),
        guard: args.guard,
        history: args.history,
        output: args.output,
        progress: args.progress,
        connection: args.connection.clone(),
    };
    Ok((target, checked, args))
}
