//! `ksi apply`: bring a target to what the configuration says.

use clap::Args;

use super::confirm::confirm;
use super::connection::ConnectionArgs;
use super::exit::Failure;
use super::format::TextOrJson;
use super::guard::{Guard, GuardArgs};
use super::input::{Checked, InputArgs};
use super::place::Place;
use super::preflight::{Preflight, PreflightArgs};
use super::prune::PruneArgs;
use super::report::{ProgressArgs, Report};
use super::revision::{self, HistoryArgs};
use super::run_options::{DryRun, RunArgs};
use super::{afterwards, desired, interrupt, on_cluster, rehearsal};
use crate::engine::{self, Failure as LookFailure, Stop, View};
use crate::inventory::{Inventory, Key};
use crate::plan::{self, TextOptions};
use crate::target::{ClusterTarget, Directory, SystemEntropy, Target};
use crate::ui::Output;

/// Bring a cluster, or a directory of manifests, to what the configuration says
///
/// Shows what would change and asks; then writes, waits until everything is healthy, and removes what
/// is no longer wanted. What somebody else owns is left alone and reported. A second run changes
/// nothing. What would make the run fail for certain, such as a missing right, is told before the first
/// write.
///
/// A directory gets one file per object, named so that `kubectl apply -f PATH --recursive` takes them
/// in the right order; generated secrets are kept in PATH/.ksi.
#[derive(Debug, Args)]
#[command(
    visible_aliases = ["install", "upgrade"],
    after_help = "Examples:
  ksi apply -f samples/host.yaml
  ksi apply -f samples/host.yaml --dry-run
  ksi apply -f samples/host.yaml --dry-run=server
  ksi apply -f samples/host.yaml --yes --timeout 30m -o json
  ksi apply -f samples/host.yaml --target dir:out
  ksi apply -f samples/member.yaml --target dir:member -o json"
)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// Where to apply: `cluster`, or `dir:PATH`
    #[arg(long, value_name = "PLACE", env = "KSI_TARGET", default_value = "cluster")]
    pub(super) target: Place,
    #[command(flatten)]
    pub(super) run: RunArgs,
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) prune: PruneArgs,
    #[command(flatten)]
    pub(super) preflight: PreflightArgs,
    #[command(flatten)]
    pub(super) guard: GuardArgs,
    #[command(flatten)]
    pub(super) history: HistoryArgs,
    /// How to show what happens: text, or one JSON event per line
    #[arg(short, long, value_enum, default_value_t)]
    pub(super) output: TextOrJson,
    #[command(flatten)]
    pub(super) progress: ProgressArgs,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

pub(super) fn run(args: &ApplyArgs, output: &Output) -> Result<(), Failure> {
    args.preflight.known()?;
    let stop = interrupt::listen();
    match &args.target {
        Place::Directory(path) => {
            let checked = args.input.check(output)?;
            super::block_on(bring(&Directory::new(path), None, &checked, args, &stop, output))?
        }
        Place::Cluster => super::block_on(async {
            let open = on_cluster::open(&args.input, &args.connection, output);
            let (target, checked) = interrupt::unless_stopped(&stop, Box::pin(open)).await??;
            bring(&target, Some(&target), &checked, args, &stop, output).await
        })?,
    }
}

/// Brings a target to a configuration; `on` is the same target where it is a cluster.
pub(super) async fn bring<T: Target>(
    target: &T,
    on: Option<&ClusterTarget>,
    checked: &Checked,
    args: &ApplyArgs,
    stop: &Stop,
    output: &Output,
) -> Result<(), Failure> {
    let options = args.run.options(args.prune.options(), new_inventory()?)?;
    let limited = || on.map(|on| on.cluster().end_in(options.wait.timeout));
    limited();
    let desire = |kept: &_| {
        match args.run.dry_run {
            // The server judges no placeholders.
            Some(DryRun::Server) if on.is_some() => desired::resolved(checked, kept),
            Some(_) => desired::foreseen(checked, kept),
            None => desired::resolved(checked, kept),
        }
    };
    let look =
        interrupt::unless_stopped(stop, Box::pin(engine::look(target, &options, desire))).await?;
    let view = match look {
        Ok(view) => view,
        Err(LookFailure::Target(error)) => return Err(error.into()),
        Err(LookFailure::Desired(failure)) => return Err(failure),
    };
    let checks = async {
        match on {
            Some(cluster) => futures_util::join!(
                Guard::look(cluster, &view, checked, args.guard),
                args.preflight.look(cluster, &view, checked, &args.run),
            ),
            None => (Ok(Guard::default()), Preflight::default()),
        }
    };
    let (guard, preflight) = interrupt::unless_stopped(stop, Box::pin(checks)).await?;
    let guard = guard?;
    if let Some(asked) = args.run.dry_run {
        let shown = show(&view, args.output, output);
        guard.allowed()?;
        let passed = preflight.tell(TextOrJson::Text, output);
        if let (DryRun::Server, Some(cluster)) = (asked, on) {
            rehearsal::rehearse(cluster, &view, output).await?;
        }
        return passed.and(shown);
    }
    guard.allowed()?;
    preflight.tell(args.output, output)?;
    let also = guard.deletes();
    if on.is_some() && (view.plan.has_writes() || also.is_some()) && !args.yes {
        output.message(&summary(&view, output));
        if let Some(also) = also {
            output.message(&also);
        }
        confirm(&format!("Apply this to {}?", target.place()), false, output)?;
    }
    // The time that somebody thought about it does not count.
    limited();
    if stop.is_requested() {
        return Err(engine::Error::Interrupted.into());
    }
    if let Some(cluster) = on {
        guard.carry_out(cluster, output).await?;
    }
    let report = Report {
        title: format!("Applying to {}", target.place()),
        format: args.output,
        progress: args.progress,
        runs: on.is_some(),
        removes: false,
    };
    let outcome = report.carry_out(target, &view, &options, stop, output).await?;
    if let Some(cluster) = on
        && !args.run.is_partial()
    {
        revision::keep(cluster, checked, outcome, args.history, output).await;
    }
    if args.output == TextOrJson::Text
        && let Some(words) = afterwards::words(target, &view, checked).await
    {
        output.say(&words);
    }
    conflicts(outcome.conflict)
}

pub(super) fn summary(view: &View, output: &Output) -> String {
    let options =
        TextOptions { colour: output.colour, summary_only: true, ..TextOptions::default() };
    plan::text(&view.plan, options)
}

pub(super) fn show(view: &View, format: TextOrJson, output: &Output) -> Result<(), Failure> {
    let text = match format {
        TextOrJson::Text => summary(view, output),
        TextOrJson::Json => format!("{:#}\n", plan::json(&view.plan)),
    };
    output.data(&text)?;
    conflicts(view.plan.summary().conflict)
}

/// Conflicts are told by the exit code, dry run or not.
fn conflicts(count: usize) -> Result<(), Failure> {
    if count > 0 { Err(Failure::Conflicts(count)) } else { Ok(()) }
}

/// Where nothing is recorded yet, the inventory gets a key of its own.
pub(super) fn new_inventory() -> Result<Inventory, Failure> {
    let mut key = [0; 32];
    crate::values::Entropy::fill(&mut SystemEntropy, &mut key)
        .map_err(|error| Failure::Io(format!("no randomness: {error}")))?;
    Ok(Inventory::new(Key::new(key), env!("CARGO_PKG_VERSION")))
}
