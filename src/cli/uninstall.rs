//! `ksi uninstall`: removes what ksi made, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::confirm::confirm;
use super::connection::ConnectionArgs;
use super::exit::Failure;
use super::format::TextOrJson;
use super::guard::{self, MemberArgs};
use super::place::Place;
use super::prune::PruneArgs;
use super::report::{ProgressArgs, Report};
use super::span::timeout;
use super::{apply, desired, interrupt, on_cluster};
use crate::config;
use crate::engine::{self, Desired, Failure as LookFailure, Wait};
use crate::plan::{self, PlanOptions};
use crate::target::{ClusterTarget, Directory, Target};
use crate::ui::Output;
use crate::values::KeptValues;

/// Remove what ksi installed
///
/// Says what goes, and what stays and why, and asks; --dry-run names each object. Webhooks go first, then
/// accounts and other resources and their CRDs while their controllers still run, then everything else;
/// what does not go is named with the finalizers that it waits for. Objects of others are never touched,
/// but for what is of a kind or in a namespace that you allow to be deleted: that is counted first.
///
/// Without flags CRDs, volume claims and namespaces stay, and with them your users and clusters, and the
/// values in Secret ksi-values: a later `ksi apply` takes them up again. A namespace stays while
/// something in it does, and kubesphere-system while ksi's record of what stays is of use. The projects of
/// workspaces and what KubeFed spread over clusters stay in any case.
///
/// A host that clusters have joined is refused with their names (exit code 2) until --yes-break-members is
/// given: they lose their host.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi uninstall --dry-run
  ksi uninstall --yes --timeout 10m
  ksi uninstall --delete-crds --delete-data --delete-namespaces
  ksi uninstall --target dir:out --yes")]
pub(super) struct UninstallArgs {
    /// From where: `cluster`, or `dir:PATH`
    #[arg(long, value_name = "PLACE", env = "KSI_TARGET", default_value = "cluster")]
    target: Place,
    /// Only list what would be deleted and what would stay
    #[arg(long)]
    dry_run: bool,
    /// Wait until everything is gone; with --wait=false only for what needs its controllers to go
    #[arg(
        long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_missing_value = "true"
    )]
    wait: bool,
    /// How long the whole run may take, for instance 90s, 15m, 1h
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = timeout, env = "KSI_TIMEOUT")]
    timeout: Duration,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    prune: PruneArgs,
    #[command(flatten)]
    members: MemberArgs,
    /// How to show what happens: text, or one JSON event per line
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: &UninstallArgs, output: &Output) -> Result<(), Failure> {
    match &args.target {
        Place::Directory(path) => {
            super::block_on(remove(&Directory::new(path), None, args, output))?
        }
        Place::Cluster => super::block_on(async {
            let cluster = Arc::new(args.connection.connect().await?);
            let target = ClusterTarget::new(cluster, on_cluster::holder());
            remove(&target, Some(&target), args, output).await
        })?,
    }
}

async fn remove<T: Target>(
    target: &T,
    on: Option<&ClusterTarget>,
    args: &UninstallArgs,
    output: &Output,
) -> Result<(), Failure> {
    let options = options(args, on.is_some())?;
    let stop = interrupt::listen();
    let limited = || on.map(|on| on.cluster().end_in(args.timeout));
    limited();
    let nothing = |kept: &KeptValues| Ok::<_, Failure>(Desired::nothing(kept));
    let look =
        interrupt::unless_stopped(&stop, Box::pin(engine::look(target, &options, nothing))).await?;
    let view = match look {
        Ok(view) => view,
        Err(LookFailure::Target(error)) => return Err(error.into()),
        Err(LookFailure::Desired(failure)) => return Err(failure),
    };
    let members = match on {
        Some(cluster) if view.plan.has_writes() => guard::members(cluster.cluster()).await?,
        _ => Vec::new(),
    };
    if args.dry_run {
        let shown = apply::show(&view, args.output, output);
        guard::lose_no_member(&members, args.members, output)?;
        return shown;
    }
    if view.observed.inventory.is_none() {
        output.say(&format!("ksi: nothing that ksi made is in {}", target.place()));
        return Ok(());
    }
    guard::lose_no_member(&members, args.members, output)?;
    output.message(plan::overview(&view.plan).trim_end());
    if view.plan.has_writes() {
        confirm(&format!("Remove this from {}?", target.place()), args.yes, output)?;
    }
    // The time that somebody thought about it does not count.
    limited();
    let report = Report {
        title: format!("Removing from {}", target.place()),
        format: args.output,
        progress: args.progress,
        runs: on.is_some(),
        removes: true,
    };
    report.carry_out(target, &view, &options, &stop, output).await.map(|_| ())
}

/// Nothing is wanted, and what ksi made may go, what it only creates included: the first account and
/// the Secrets of values.
fn options(args: &UninstallArgs, on_cluster: bool) -> Result<engine::Options, Failure> {
    let mut prune = args.prune.options();
    prune.created = true;
    let plan = PlanOptions {
        prune,
        allow_empty: true,
        record_namespace: on_cluster.then(|| config::NAMESPACE.to_owned()),
        ..PlanOptions::default()
    };
    Ok(engine::Options {
        plan,
        blank: apply::new_inventory()?,
        graph: desired::graph(),
        wait: Wait { health: args.wait, timeout: args.timeout },
        only: None,
    })
}
