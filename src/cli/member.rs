//! `ksi member`: the clusters of a host.

mod add;
mod agent;
mod check;
mod join;
mod leave;
mod list;
mod rejoin;
mod remove;
mod suspend;

use std::path::Path;

use clap::{Args, Subcommand};

use super::args::connection::ConnectionArgs;
use super::exit::Failure;
use crate::cli::shared::interrupt;
use crate::engine::Stop;
use crate::fleet::{self, Host, Step};
use crate::ui::Output;

/// Add, join, list, check and remove member clusters
///
/// A host reaches a member directly, at its API server, or through an agent in the member that connects to
/// Tower in the host. docs/members.md describes both, step by step.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi member add member1 -o member1.bundle
  ksi member join -f member1.bundle
  ksi member join member1 --host ctx-host --member ctx-1
  ksi member list
  ksi member check --all")]
pub(super) struct MemberArgs {
    #[command(subcommand)]
    verb: MemberVerb,
}

#[derive(Debug, Subcommand)]
enum MemberVerb {
    Add(add::AddArgs),
    Agent(agent::AgentArgs),
    // Boxed because it has many flags.
    Join(Box<join::JoinArgs>),
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    Check(check::CheckArgs),
    #[command(visible_alias = "rm")]
    Remove(remove::RemoveArgs),
    Leave(leave::LeaveArgs),
    Suspend(suspend::SuspendArgs),
    Resume(suspend::ResumeArgs),
    Rejoin(rejoin::RejoinArgs),
}

impl MemberArgs {
    /// Whether it prints one JSON event per line.
    pub(super) fn prints_events(&self) -> bool {
        matches!(&self.verb, MemberVerb::Join(args) if args.prints_events())
    }
}

pub(super) fn run(args: &MemberArgs, output: &Output) -> Result<(), Failure> {
    match &args.verb {
        MemberVerb::Add(args) => add::run(args, output),
        MemberVerb::Agent(args) => agent::run(args, output),
        MemberVerb::Join(args) => join::run(args, output),
        MemberVerb::List(args) => list::run(args, output),
        MemberVerb::Check(args) => check::run(args, output),
        MemberVerb::Remove(args) => remove::run(args, output),
        MemberVerb::Leave(args) => leave::run(args, output),
        MemberVerb::Suspend(args) => suspend::run(args, output),
        MemberVerb::Resume(args) => suspend::run_resume(args, output),
        MemberVerb::Rejoin(args) => rejoin::run(args, output),
    }
}

/// Connects to a host and reads it.
async fn host(connection: &ConnectionArgs) -> Result<Host, Failure> {
    Ok(Host::read(&connection.connect().await?).await?)
}

/// The same for a command that changes something: what one that was killed left paused is put back first.
async fn changing_host(connection: &ConnectionArgs) -> Result<Host, Failure> {
    let host = host(connection).await?;
    mend_webhook(&host).await?;
    Ok(host)
}

/// Puts back what a command that was killed left paused.
async fn mend_webhook(host: &Host) -> Result<(), Failure> {
    if host.has_webhook_paused() {
        fleet::restore_webhook(host).await?;
    }
    Ok(())
}

/// Runs something that may pause the webhook of Clusters. Ctrl-C puts it back before the process ends.
async fn guarded<T>(
    host: &Host,
    stop: &Stop,
    work: impl Future<Output = Result<T, fleet::Error>>,
) -> Result<T, Failure> {
    match interrupt::unless_stopped(stop, Box::pin(work)).await {
        Ok(done) => Ok(done?),
        Err(interrupted) => {
            fleet::restore_webhook(host).await?;
            Err(interrupted)
        }
    }
}

/// Prints what a use case does.
fn observer(output: &Output) -> impl FnMut(Step) + Send + '_ {
    |step| output.print(&format!("{} {} ({})", step.verb, step.what, step.place))
}

/// Writes a file that only its owner can read, in place of one that may be there.
fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let failed =
        |error: std::io::Error| Failure::Io(format!("cannot write {}: {error}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // Only its owner can read a temporary file, so nobody sees a part of it, or all of it in an older file.
    let mut file =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
