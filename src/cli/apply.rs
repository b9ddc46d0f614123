//! `ksi apply`: bring a target to what the configuration says.

use clap::Args;

use super::applying::ApplyingArgs;
use super::exit::Failure;
use super::input::InputArgs;
use super::place::Place;
use super::{interrupt, preparation};
use crate::install::Session;
use crate::target::Directory;
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
    input: InputArgs,
    /// Where to apply: `cluster`, or `dir:PATH`
    #[arg(long, value_name = "PLACE", env = "KSI_TARGET", default_value = "cluster")]
    target: Place,
    #[command(flatten)]
    applying: ApplyingArgs,
}

pub(super) fn run(args: &ApplyArgs, output: &Output) -> Result<(), Failure> {
    let ApplyArgs { input, target, applying } = args;
    applying.preflight.known()?;
    let stop = interrupt::listen();
    let timeout = applying.run.timeout;
    match target {
        Place::Directory(path) => {
            let prepared = preparation::offline(input, output)?;
            let session = Session::new(Directory::new(path), timeout, stop);
            super::block_on(applying.apply(&session, &prepared, output))?
        }
        Place::Cluster => super::block_on(async {
            let opened =
                preparation::on_cluster(input, &applying.connection, timeout, &stop, output);
            let (session, prepared) = interrupt::unless_stopped(&stop, Box::pin(opened)).await??;
            applying.apply(&session, &prepared, output).await
        })?,
    }
}
