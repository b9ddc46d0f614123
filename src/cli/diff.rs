//! `ksi diff`: show what would change.

use std::path::PathBuf;

use clap::Args;

use super::args::connection::ConnectionArgs;
use super::args::consents::PruneArgs;
use super::args::duration::NO_TIMEOUT;
use super::args::format::TextOrJson;
use super::args::input::InputArgs;
use super::args::target::{AgainstArg, TargetArg};
use super::exit::Failure;
use super::shared::preparation;
use crate::engine::Stop;
use crate::install::{Consents, Prepared, Session, diff};
use crate::plan::{self, Plan, TextOptions};
use crate::target::{Directory, Target};
use crate::ui::Output;

/// Show what would change
///
/// Compares the manifests of a configuration with a cluster, a directory, or another configuration.
/// Secret values are shown as *** (#1); equal values have equal numbers.
///
/// Exit codes: 0 no differences, 1 differences, 2 and above an error.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi diff -f samples/host.yaml
  ksi diff -f samples/host.yaml --against none
  ksi diff -f samples/host.yaml --against-config samples/none.yaml --summary
  ksi diff -f samples/host.yaml --against dir:out -o json")]
pub(super) struct DiffArgs {
    #[command(flatten)]
    input: InputArgs,
    /// What to compare with: the `live` cluster, `dir:PATH` for a directory, or `none` for an empty
    /// cluster
    #[arg(long, value_name = "TARGET", default_value = "live")]
    against: AgainstArg,
    /// Compare with the manifests of another configuration
    #[arg(long, value_name = "FILE", conflicts_with = "against")]
    against_config: Option<PathBuf>,
    /// Output format
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
    #[command(flatten)]
    prune: PruneArgs,
    /// Show only what changes and the counts, without the differences
    #[arg(long)]
    summary: bool,
    /// Number of unchanged lines around each change
    #[arg(short = 'C', long = "context-lines", value_name = "N", default_value_t = 3)]
    lines: usize,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: &DiffArgs, output: &Output) -> Result<(), Failure> {
    let plan = compare(args, output)?;
    let text = match args.output {
        TextOrJson::Text => {
            let colour = output.colour;
            let (context, summary_only) = (args.lines, args.summary);
            let list_all = output.verbose;
            plan::text(&plan, TextOptions { context, colour, summary_only, list_all })
        }
        TextOrJson::Json if args.summary => format!("{:#}\n", plan::json_summary(&plan)),
        TextOrJson::Json => format!("{:#}\n", plan::json(&plan)),
    };
    output.data(&text)?;
    if plan.has_changes() { Err(Failure::Differences) } else { Ok(()) }
}

fn compare(args: &DiffArgs, output: &Output) -> Result<Plan, Failure> {
    let consents = args.prune.consents();
    if let AgainstArg::Target(TargetArg::Cluster) = args.against
        && args.against_config.is_none()
    {
        return super::block_on(async {
            let (input, connection) = (&args.input, &args.connection);
            let (timeout, stop) = (NO_TIMEOUT, Stop::default());
            let (session, prepared) =
                preparation::on_cluster(input, connection, timeout, &stop, output).await?;
            against_target(&session, &prepared, &consents, output).await
        })?;
    }
    let prepared = preparation::offline(&args.input, output)?;
    if let Some(old) = &args.against_config {
        let old = preparation::offline(&args.input.instead_of(old), output)?;
        return Ok(diff::against_configuration(&prepared, &old, &consents)?);
    }
    match &args.against {
        AgainstArg::Target(TargetArg::Directory(path)) => super::block_on(async {
            let session = Session::new(Directory::new(path), NO_TIMEOUT, Stop::default());
            against_target(&session, &prepared, &consents, output).await
        })?,
        _ => Ok(diff::against_nothing(&prepared)?),
    }
}

/// Compares with what a target holds; prints what has no effect there.
async fn against_target<T: Target>(
    session: &Session<T>,
    prepared: &Prepared,
    consents: &Consents,
    output: &Output,
) -> Result<Plan, Failure> {
    let (plan, warnings) = diff::against_target(session, prepared, consents).await?;
    output.diagnostics(&warnings, &prepared.loaded.sources);
    Ok(plan)
}
