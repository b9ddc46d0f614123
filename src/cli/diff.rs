//! `ksi diff`: what would change.

use std::path::PathBuf;

use clap::Args;

use super::desired;
use super::exit::Failure;
use super::format::TextOrJson;
use super::input::{Checked, InputArgs};
use super::place::Against;
use super::prune::PruneArgs;
use crate::engine::{self, Failure as LookFailure, Wait};
use crate::inventory::{Inventory, Key};
use crate::plan::{self, Observed, Plan, PlanOptions, TextOptions};
use crate::target::Directory;
use crate::ui::Output;

/// Show what would change
///
/// Exit code 0 when nothing would, 1 when something would, more when it cannot be said. Secrets show
/// as `*** (#1)`; equal ones have equal numbers.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi diff -f samples/host.yaml
  ksi diff -f samples/host.yaml --against-config samples/none.yaml --summary
  ksi diff -f samples/host.yaml --against dir:out -o json")]
pub(super) struct DiffArgs {
    #[command(flatten)]
    input: InputArgs,
    /// What is there: `dir:PATH`, or `none` for a new cluster
    #[arg(long, value_name = "PLACE", default_value = "none")]
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
    #[arg(short = 'C', long, value_name = "N", default_value_t = 3)]
    context: usize,
}

pub(super) fn run(args: &DiffArgs, output: &Output) -> Result<(), Failure> {
    let DiffArgs { input, against, against_config, output: format, prune, summary, context } = args;
    let options = PlanOptions { prune: prune.options(), ..PlanOptions::default() };
    let checked = input.check(output)?;
    let plan = match (against_config, against) {
        (Some(old), _) => {
            against_configuration(&checked, &input.instead_of(old), &options, output)?
        }
        (None, Against::Nothing) => plan::plan(&desired::offline(&checked)?, &Observed::default()),
        (None, Against::Directory(path)) => against_directory(&checked, path, options)?,
    };
    let text = match format {
        TextOrJson::Text => {
            let options =
                TextOptions { context: *context, colour: output.colour, summary_only: *summary };
            plan::text(&plan, options)
        }
        TextOrJson::Json => format!("{:#}\n", plan::json(&plan)),
    };
    output.data(&text)?;
    if plan.has_changes() { Err(Failure::Differences) } else { Ok(()) }
}

fn against_directory(
    checked: &Checked,
    path: &std::path::Path,
    plan: PlanOptions,
) -> Result<Plan, Failure> {
    let target = Directory::new(path);
    let options = engine::Options {
        plan,
        blank: blank_inventory(),
        graph: desired::graph(),
        wait: Wait::default(),
        only: None,
    };
    let look = engine::look(&target, &options, |kept| desired::foreseen(checked, kept));
    match super::block_on(look)? {
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
