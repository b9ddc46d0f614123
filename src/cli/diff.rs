//! `ksi diff`: what would change.

use std::path::PathBuf;

use clap::Args;

use super::connection::ConnectionArgs;
use super::exit::Failure;
use super::format::TextOrJson;
use super::input::{Checked, InputArgs};
use super::place::{Against, Place};
use super::prune::PruneArgs;
use super::{desired, on_cluster};
use crate::engine::{self, Failure as LookFailure, Wait};
use crate::inventory::{Inventory, Key};
use crate::plan::{self, Observed, Plan, PlanOptions, TextOptions};
use crate::target::{Directory, Target};
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
    let DiffArgs {
        input,
        against,
        against_config,
        output: format,
        prune,
        summary,
        lines,
        connection,
    } = args;
    let options = PlanOptions { prune: prune.options(), ..PlanOptions::default() };
    let plan = match (against_config, against) {
        (Some(old), _) => {
            let checked = input.check(output)?;
            against_configuration(&checked, &input.instead_of(old), &options, output)?
        }
        (None, Against::Nothing) => {
            let checked = input.check(output)?;
            plan::plan(&desired::offline(&checked)?, &Observed::default())
        }
        (None, Against::Place(Place::Directory(path))) => {
            let checked = input.check(output)?;
            super::block_on(against_target(&Directory::new(path), &checked, options))??
        }
        (None, Against::Place(Place::Cluster)) => super::block_on(async {
            let (target, checked) = on_cluster::open(input, connection, output).await?;
            against_target(&target, &checked, options).await
        })??,
    };
    let text = match format {
        TextOrJson::Text => {
            let options =
                TextOptions { context: *lines, colour: output.colour, summary_only: *summary };
            plan::text(&plan, options)
        }
        TextOrJson::Json => format!("{:#}\n", plan::json(&plan)),
    };
    output.data(&text)?;
    if plan.has_changes() { Err(Failure::Differences) } else { Ok(()) }
}

async fn against_target<T: Target>(
    target: &T,
    checked: &Checked,
    plan: PlanOptions,
) -> Result<Plan, Failure> {
    let options = engine::Options {
        plan,
        blank: blank_inventory(),
        graph: desired::graph(),
        wait: Wait::default(),
        only: None,
    };
    match engine::look(target, &options, |kept| desired::foreseen(checked, kept)).await {
        Ok(view) => Ok(view.plan),
        Err(LookFailure::Target(error)) => Err(error.into()),
        Err(LookFailure::Desired(failure)) => Err(failure),
    }
}

/// Both sides are rendered alike, so that only the configurations differ; everything of the old side
/// counts as ours.
fn against_configuration(
    checked: &Checked,
    old: &InputArgs,
    options: &PlanOptions,
    output: &Output,
) -> Result<Plan, Failure> {
    let before = desired::offline(&old.check(output)?)?;
    let mut inventory = blank_inventory();
    for object in &before {
        let entry = inventory.entry(object, None);
        inventory.insert(entry);
    }
    let objects = before.into_iter().map(|object| (object.id, object.body)).collect();
    let observed = Observed { objects, inventory: Some(inventory), ..Observed::default() };
    Ok(plan::plan_with(&desired::offline(checked)?, &observed, options))
}

/// An inventory that is never stored needs no secret key.
fn blank_inventory() -> Inventory {
    Inventory::new(Key::new([0; 32]), env!("CARGO_PKG_VERSION"))
}
