//! `ksi apply`: bring a target to what the configuration says.

use clap::Args;
use time::OffsetDateTime;

use super::desired;
use super::exit::Failure;
use super::format::TextOrJson;
use super::input::InputArgs;
use super::interrupt;
use super::place::DirectoryPlace;
use super::prune::PruneArgs;
use crate::engine::{self, Event, Failure as LookFailure, View, Wait};
use crate::inventory::{Inventory, Key};
use crate::plan::{self, PlanOptions, TextOptions, Winner};
use crate::target::{Directory, SystemEntropy};
use crate::ui::{self, Output};

/// Bring a target to what the configuration says
///
/// A directory gets one file per object, named so that `kubectl apply -f PATH --recursive` takes them
/// in the right order. Generated secrets are kept in PATH/.ksi; a second run changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi apply -f samples/host.yaml --target dir:out
  ksi apply -f samples/host.yaml --target dir:out --dry-run
  ksi apply -f samples/member.yaml --target dir:member -o json")]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Where to apply: `dir:PATH`
    #[arg(long, value_name = "PLACE", env = "KSI_TARGET")]
    target: DirectoryPlace,
    /// Show what would change and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Take back what somebody changed in a kept document
    #[arg(long)]
    force_conflicts: bool,
    #[command(flatten)]
    prune: PruneArgs,
    /// How to show what happens: text, or one JSON event per line
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
}

pub(super) fn run(args: &ApplyArgs, output: &Output) -> Result<(), Failure> {
    let ApplyArgs { input, target, dry_run, force_conflicts, prune, output: format } = args;
    let checked = input.check(output)?;
    let target = Directory::new(&target.0);
    let winner = if *force_conflicts { Winner::Desired } else { Winner::Live };
    let plan = PlanOptions { winner, prune: prune.options(), ..PlanOptions::default() };
    let options = engine::Options {
        plan,
        blank: new_inventory()?,
        graph: desired::graph(),
        wait: Wait::default(),
        only: None,
    };
    let stop = interrupt::listen();
    super::block_on(async {
        let desire = |kept: &_| {
            if *dry_run {
                desired::foreseen(&checked, kept)
            } else {
                desired::resolved(&checked, kept)
            }
        };
        let look = tokio::select! {
            look = engine::look(&target, &options, desire) => look,
            () = stop.requested() => return Err(engine::Error::Interrupted.into()),
        };
        let view = match look {
            Ok(view) => view,
            Err(LookFailure::Target(error)) => return Err(error.into()),
            Err(LookFailure::Desired(failure)) => return Err(failure),
        };
        if *dry_run {
            return show(&view, *format, output);
        }
        let mut broken_pipe = None;
        let result = engine::apply(&target, &view, &options, &stop, &mut |event| {
            if let Err(error) = report(&event, *format, output) {
                broken_pipe.get_or_insert(error);
            }
        })
        .await;
        let outcome = result?;
        if let Some(error) = broken_pipe {
            return Err(error.into());
        }
        conflicts(outcome.conflict)
    })?
}

fn show(view: &View, format: TextOrJson, output: &Output) -> Result<(), Failure> {
    let text = match format {
        TextOrJson::Text => {
            let options =
                TextOptions { colour: output.colour, summary_only: true, ..TextOptions::default() };
            plan::text(&view.plan, options)
        }
        TextOrJson::Json => format!("{:#}\n", plan::json(&view.plan)),
    };
    output.data(&text)?;
    conflicts(view.plan.summary().conflict)
}

/// Conflicts are told by the exit code, dry run or not.
fn conflicts(count: usize) -> Result<(), Failure> {
    if count > 0 { Err(Failure::Conflicts(count)) } else { Ok(()) }
}

/// Progress is for people and goes to standard error; events are data.
fn report(event: &Event, format: TextOrJson, output: &Output) -> std::io::Result<()> {
    match format {
        TextOrJson::Text => {
            if let Some(line) = ui::event_line(event) {
                output.say(&line);
            }
            Ok(())
        }
        TextOrJson::Json => {
            let json = ui::event_json(event, OffsetDateTime::now_utc());
            output.data(&format!("{json}\n"))
        }
    }
}

/// Where nothing is recorded yet, the inventory gets a key of its own.
fn new_inventory() -> Result<Inventory, Failure> {
    let mut key = [0; 32];
    crate::values::Entropy::fill(&mut SystemEntropy, &mut key)
        .map_err(|error| Failure::Io(format!("no randomness: {error}")))?;
    Ok(Inventory::new(Key::new(key), env!("CARGO_PKG_VERSION")))
}
