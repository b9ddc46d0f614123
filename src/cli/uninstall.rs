//! `ksi uninstall`: remove an installation.

use std::time::Duration;

use clap::Args;

use super::args::connection::ConnectionArgs;
use super::args::consents::{MemberArgs, PruneArgs};
use super::args::duration::timeout;
use super::args::format::{ProgressArgs, TextOrJson};
use super::args::target::TargetArg;
use super::exit::Failure;
use super::shared::confirm::{confirm, consented_with_notice};
use super::shared::execution::Execution;
use super::shared::outage::told;
use super::shared::{closing, interrupt, plan, plan_again};
use crate::install::{self, Session, UninstallRequest};
use crate::plan::{Summary, overview};
use crate::target::{Directory, Target};
use crate::ui::Output;

/// Remove what ksi installed
///
/// Shows what will be deleted and what will be kept, and asks for confirmation; --dry-run lists every
/// object. Webhooks are deleted first, then custom resources and CRDs while their controllers still
/// run, then everything else. If an object is not deleted, its finalizers are shown.
///
/// CRDs, PersistentVolumeClaims and namespaces are kept unless you pass the flags below. Users,
/// clusters and the generated values in Secret ksi-values are kept with them, and a later `ksi apply`
/// uses them again. A namespace is kept as long as something in it is kept. The projects of workspaces
/// and the objects that KubeFed distributed are always kept.
///
/// Objects of others are deleted only if a flag deletes their CRD or their namespace; they are listed
/// before you confirm. Finalizers that KubeSphere's controllers put on them, for example on every namespace,
/// are removed. A host that still has members is not uninstalled without --yes-break-members.
///
/// An installation of ks-installer 3.3 or 3.4 is removed as well; nothing has to be adopted first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi uninstall --dry-run
  ksi uninstall --yes --timeout 10m
  ksi uninstall --delete-crds --delete-data --delete-namespaces
  ksi uninstall --target dir:out --yes")]
pub(super) struct UninstallArgs {
    /// Where to uninstall: `cluster`, or `dir:PATH` for a directory
    #[arg(long, value_name = "TARGET", env = "KSI_TARGET", default_value = "cluster")]
    target: TargetArg,
    /// List what would be deleted and kept, without deleting anything
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Wait until everything is deleted; --wait=false waits only for objects that need their controllers
    #[arg(
        long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_missing_value = "true"
    )]
    wait: bool,
    /// Timeout of the whole run, for example 90s, 15m or 1h
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = timeout, env = "KSI_TIMEOUT")]
    timeout: Duration,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    prune: PruneArgs,
    #[command(flatten)]
    members: MemberArgs,
    /// Output format: text, or one JSON event per line
    #[arg(short, long, value_enum, default_value_t)]
    pub(super) output: TextOrJson,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

const UNRECORDED: &str = "ksi: KubeSphere was installed by ks-installer: the plan has what ksi would manage, and \
                          its Helm releases";
const LEFTOVERS: &str = "`ksi cleanup` removes what an earlier installation left";

pub(super) fn run(args: &UninstallArgs, output: &Output) -> Result<(), Failure> {
    let stop = interrupt::listen();
    match &args.target {
        TargetArg::Directory(path) => {
            let session = Session::new(Directory::new(path), args.timeout, stop);
            super::block_on(remove(&session, args, output))?
        }
        TargetArg::Cluster => super::block_on(async {
            let opened = args.connection.session(args.timeout, &stop);
            let session = interrupt::unless_stopped(&stop, Box::pin(opened)).await??;
            Box::pin(remove(&session, args, output)).await
        })?,
    }
}

async fn remove<T: Target>(
    session: &Session<T>,
    args: &UninstallArgs,
    output: &Output,
) -> Result<(), Failure> {
    let remove = async || planned(session, args, output).await;
    plan_again::unless_current(args.output, output, remove).await
}

/// Carries out one plan.
async fn planned<T: Target>(
    session: &Session<T>,
    args: &UninstallArgs,
    output: &Output,
) -> Result<(), Failure> {
    let request = UninstallRequest { consents: args.members.consents(args.prune), wait: args.wait };
    let reviewed = install::review_uninstall(session, &request);
    let review = told(session.target(), output, reviewed).await?;
    if review.is_unrecorded() {
        output.message(UNRECORDED);
    }
    if args.dry_run {
        let shown = plan::show(&review.planned.plan, args.output, output);
        consented_with_notice(&review, &request.consents, output)?;
        return shown;
    }
    if review.planned.observed.inventory.is_none() {
        output.print(&format!("ksi: nothing is installed in {}; {LEFTOVERS}", session.place()));
        return closing::summary(args.output, Summary::default(), None, 0, output);
    }
    consented_with_notice(&review, &request.consents, output)?;
    output.message(overview(&review.planned.plan).trim_end());
    if review.planned.plan.has_writes() {
        confirm(&format!("Uninstall from {}?", session.place()), args.yes, output)?;
    }
    let execution = Execution {
        title: format!("Uninstalling from {}", session.place()),
        format: args.output,
        progress: args.progress,
        removes: true,
    };
    let outcome = execution.run(session, &review, &request.consents, output).await?;
    if let Some(help) = review.kept_help() {
        output.print(&format!("ksi: {help}"));
    }
    closing::summary(args.output, outcome.summary, None, 0, output)
}
