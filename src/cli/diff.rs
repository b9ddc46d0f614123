//! `ksi diff`: what would change.

use std::path::PathBuf;

use clap::Args;

use super::connection::ConnectionArgs;
use super::consents::PruneArgs;
use super::exit::Failure;
use super::format::TextOrJson;
use super::input::InputArgs;
use super::place::{Against, Place};
use super::preparation;
use crate::engine::Stop;
use crate::install::diff;
use crate::plan::{self, Plan, TextOptions};
use crate::target::Directory;
use crate::ui::Output;

/// Show what would change
///
/// Exit code 0 when nothing would, 1 when something would, more when it cannot be said. Secrets show
/// as `*** (#1)`; equal ones have equal numbers.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi diff -f samples/host.yaml
  ksi diff -f samples/host.yaml --against none
  ksi diff -f samples/host.yaml --against-config samples/none.yaml --summary
  ksi diff -f samples/host.yaml --against dir:out -o json")]
pub(super) struct DiffArgs {
    #[command(flatten)]
    input: InputArgs,
    /// What is there: the `live` cluster, `dir:PATH`, or `none` for a new cluster
    #[arg(long, value_name = "PLACE", default_value = "live")]
    against: Against,
    /// Compare with what another configuration would install
    #[arg(long, value_name = "FILE", conflicts_with = "against")]
    against_config: Option<PathBuf>,
    /// How to show it
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
    #[command(flatten)]
    prune: PruneArgs,
    /// Only one line per object
    #[arg(long)]
    summary: bool,
    /// Unchanged lines around each change
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
            plan::text(&plan, TextOptions { context, colour, summary_only })
        }
        TextOrJson::Json => format!("{:#}\n", plan::json(&plan)),
    };
    output.data(&text)?;
    if plan.has_changes() { Err(Failure::Differences) } else { Ok(()) }
}

fn compare(args: &DiffArgs, output: &Output) -> Result<Plan, Failure> {
    let consents = args.prune.consents();
    if let Against::Place(Place::Cluster) = args.against
        && args.against_config.is_none()
    {
        return super::block_on(async {
            let (input, connection) = (&args.input, &args.connection);
            let (timeout, stop) = (super::run_options::NO_TIMEOUT, Stop::default());
            let (session, prepared) =
                preparation::on_cluster(input, connection, timeout, &stop, output).await?;
            Ok(diff::against_target(session.target(), &prepared, &consents).await?)
        })?;
    }
    let prepared = preparation::offline(&args.input, output)?;
    if let Some(old) = &args.against_config {
        let old = preparation::offline(&args.input.instead_of(old), output)?;
        return Ok(diff::against_configuration(&prepared, &old, &consents)?);
    }
    match &args.against {
        Against::Place(Place::Directory(path)) => super::block_on(async {
            Ok(diff::against_target(&Directory::new(path), &prepared, &consents).await?)
        })?,
        _ => Ok(diff::against_nothing(&prepared)?),
    }
}
