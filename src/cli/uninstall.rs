//! `ksi uninstall`: removes what ksi made, and nothing else.

use std::time::Duration;

use clap::Args;

use super::confirm::confirm;
use super::connection::ConnectionArgs;
use super::consents::{self, MemberArgs, PruneArgs};
use super::exit::Failure;
use super::format::TextOrJson;
use super::place::Place;
use super::report::{ProgressArgs, Report};
use super::span::timeout;
use super::{interrupt, plan};
use crate::install::{self, Session, UninstallRequest};
use crate::plan::overview;
use crate::target::{Directory, Target};
use crate::ui::Output;

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
    let stop = interrupt::listen();
    match &args.target {
        Place::Directory(path) => {
            let session = Session::new(Directory::new(path), args.timeout, stop);
            super::block_on(remove(&session, args, output))?
        }
        Place::Cluster => super::block_on(async {
            let opened = args.connection.session(args.timeout, &stop);
            let session = interrupt::unless_stopped(&stop, Box::pin(opened)).await??;
            remove(&session, args, output).await
        })?,
    }
}

async fn remove<T: Target>(
    session: &Session<T>,
    args: &UninstallArgs,
    output: &Output,
) -> Result<(), Failure> {
    let request = UninstallRequest { consents: args.members.consents(args.prune), wait: args.wait };
    let review = install::review_uninstall(session, &request).await?;
    if args.dry_run {
        let shown = plan::show(&review.planned.plan, args.output, output);
        consents::confirmed_with_notice(&review, &request.consents, output)?;
        return shown;
    }
    if review.planned.observed.inventory.is_none() {
        output.print(&format!("ksi: nothing that ksi made is in {}", session.place()));
        return Ok(());
    }
    consents::confirmed_with_notice(&review, &request.consents, output)?;
    output.message(overview(&review.planned.plan).trim_end());
    if review.planned.plan.has_writes() {
        confirm(&format!("Remove this from {}?", session.place()), args.yes, output)?;
    }
    let report = Report {
        title: format!("Removing from {}", session.place()),
        format: args.output,
        progress: args.progress,
        removes: true,
    };
    report.execute(session, &review, &request.consents, output).await.map(|_| ())
}
