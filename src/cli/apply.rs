//! `ksi apply`: apply a configuration.

use clap::Args;

use super::args::applying::ApplyingArgs;
use super::args::input::InputArgs;
use super::args::target::TargetArg;
use super::exit::Failure;
use super::shared::apply::apply;
use super::shared::preflight::known_checks;
use super::shared::{interrupt, preparation};
use crate::install::Session;
use crate::target::Directory;
use crate::ui::Output;

/// Apply a configuration to a cluster or to a directory of manifests
///
/// Shows what would change and asks for confirmation. Then it writes the objects, waits until they are
/// ready, and deletes objects that the configuration no longer needs. Before the first write it checks
/// for problems that would make the run fail, for example a missing permission. Fields that other
/// field managers own are not changed; they are reported as conflicts. Running it again changes
/// nothing.
///
/// In a directory, each object becomes a file. The names are sorted so that `kubectl apply -f PATH
/// --recursive` applies them in the right order. Generated secrets are stored in PATH/.ksi.
#[derive(Debug, Args)]
#[command(
    visible_aliases = ["install", "upgrade"],
    after_help = "Examples:
  ksi apply -f samples/host.yaml
  ksi apply -f samples/host.yaml --dry-run
  ksi apply -f samples/host.yaml --dry-run=server
  ksi apply -f samples/host.yaml --yes --timeout 30m -o json
  ksi apply -f samples/host.yaml --target dir:out
  ksi apply -f samples/none.yaml --target dir:none -o json"
)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Where to apply: `cluster`, or `dir:PATH` for a directory
    #[arg(long, value_name = "TARGET", env = "KSI_TARGET", default_value = "cluster")]
    target: TargetArg,
    #[command(flatten)]
    applying: ApplyingArgs,
}

impl ApplyArgs {
    /// Whether the output is one JSON event per line.
    pub(super) fn prints_events(&self) -> bool {
        self.applying.prints_events()
    }
}

pub(super) fn run(args: &ApplyArgs, output: &Output) -> Result<(), Failure> {
    let ApplyArgs { input, target, applying } = args;
    known_checks(&applying.skip_checks)?;
    let stop = interrupt::listen();
    let timeout = applying.timeout;
    match target {
        TargetArg::Directory(path) => {
            let session = Session::new(Directory::new(path), timeout, stop);
            super::block_on(async {
                let prepared = preparation::for_target(input, session.target(), output).await?;
                Box::pin(apply(applying, &session, &prepared, output)).await
            })?
        }
        TargetArg::Cluster => super::block_on(async {
            let opened =
                preparation::on_cluster(input, &applying.connection, timeout, &stop, output);
            let (session, prepared) = interrupt::unless_stopped(&stop, Box::pin(opened)).await??;
            Box::pin(apply(applying, &session, &prepared, output)).await
        })?,
    }
}
