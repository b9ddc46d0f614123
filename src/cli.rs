//! The command line: one file per verb.

mod afterwards;
mod apply;
mod applying;
mod bundle;
mod check;
mod cleanup;
mod completion;
mod config;
mod confirm;
mod connection;
mod consents;
mod crd;
mod diff;
mod events;
mod exit;
mod explain;
mod facts;
mod flag_names;
mod format;
mod history;
mod holder;
mod images;
mod input;
mod interrupt;
mod logs;
mod man;
mod place;
mod plan;
mod preflight;
mod preparation;
mod render;
mod report;
mod rollback;
mod run_options;
mod schema;
mod span;
mod status;
mod uninstall;
mod validate;
mod version;
mod wait;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use self::exit::Failure;
use crate::ui::{ColourChoice, Output};

/// Installs and configures KubeSphere's core and its multi-cluster system from one file.
///
/// Reads a config-sample.yaml or a ClusterConfiguration, checks it, renders the manifests for the
/// cluster's role, shows what would change and applies it.
#[derive(Debug, Parser)]
#[command(name = "ksi", version, propagate_version = true, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    /// When to colour
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN")]
    color: ColourChoice,
    /// Say nothing but data and errors
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Tell every request to the cluster; `-vv` and `-vvv` what the libraries below do, too
    ///
    /// Without it `KSI_LOG` chooses by target, as in `KSI_LOG=ksi=debug,kube=trace`. No secret is told.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

const EXIT_CODES: &str = "Exit codes:
  0    done; for diff: no differences
  1    for diff: differences found; elsewhere: failed
  2    wrong usage, or a change that needs a flag of its own
  3    the configuration is invalid
  4    a check failed, also one before the first write; the target cannot be read or written, or
       refuses an object
  5    not healthy, or not gone, in time
  6    somebody else owns what would change, or changed it meanwhile
  7    the cluster cannot be reached, or does not let us in
  8    another run holds the lock, or something changed since the plan was made
  130  interrupted; running it again is safe";

#[derive(Debug, Subcommand)]
enum Verb {
    Validate(validate::ValidateArgs),
    Render(render::RenderArgs),
    #[command(visible_alias = "plan")]
    Diff(diff::DiffArgs),
    // Boxed: each has the flags of half a dozen others.
    Apply(Box<apply::ApplyArgs>),
    Uninstall(uninstall::UninstallArgs),
    History(history::HistoryListArgs),
    Rollback(Box<rollback::RollbackArgs>),
    Status(status::StatusArgs),
    Wait(wait::WaitArgs),
    Logs(logs::LogsArgs),
    Events(events::EventsArgs),
    Bundle(bundle::BundleArgs),
    Check(check::CheckArgs),
    Cleanup(cleanup::CleanupArgs),
    Explain(explain::ExplainArgs),
    Schema(schema::SchemaArgs),
    Crd(crd::CrdArgs),
    Images(images::ImagesArgs),
    Config(config::ConfigArgs),
    Completion(completion::CompletionArgs),
    Man(man::ManArgs),
    Version(version::VersionArgs),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let Cli { verb, color, quiet, verbose } = Cli::parse();
    let mut output = Output::new(color, quiet);
    let diff = matches!(verb, Verb::Diff(_));
    if let Err(why) = output.log(verbose) {
        return told(&Failure::Usage(why), diff, &output);
    }
    if matches!(
        verb,
        Verb::Render(_) | Verb::Diff(_) | Verb::Apply(_) | Verb::Rollback(_) | Verb::Check(_)
    ) {
        std::thread::spawn(crate::render::prepare);
    }
    let result = match &verb {
        Verb::Validate(args) => validate::run(args, &output),
        Verb::Render(args) => render::run(args, &output),
        Verb::Diff(args) => diff::run(args, &output),
        Verb::Apply(args) => apply::run(args, &output),
        Verb::Uninstall(args) => uninstall::run(args, &output),
        Verb::History(args) => history::run(args, &output),
        Verb::Rollback(args) => rollback::run(args, &output),
        Verb::Status(args) => status::run(args, &output),
        Verb::Wait(args) => wait::run(args, &output),
        Verb::Logs(args) => logs::run(args, &output),
        Verb::Events(args) => events::run(args, &output),
        Verb::Bundle(args) => bundle::run(args, &output),
        Verb::Check(args) => check::run(args, &output),
        Verb::Cleanup(args) => cleanup::run(args, &output),
        Verb::Explain(args) => explain::run(args, &output),
        Verb::Schema(args) => schema::run(args, &output),
        Verb::Crd(args) => crd::run(args, &output),
        Verb::Images(args) => images::run(args, &output),
        Verb::Config(args) => config::run(args, &output),
        Verb::Completion(args) => completion::run(args, &output),
        Verb::Man(args) => man::run(args, &output),
        Verb::Version(args) => version::run(args, &output),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => told(&failure, diff, &output),
    }
}

/// Says what went wrong, and with which exit code it ends.
fn told(failure: &Failure, diff: bool, output: &Output) -> ExitCode {
    if let Failure::Rejected(rejected) = failure {
        output.diagnostics(&rejected.diagnostics, &rejected.sources);
    }
    let text = failure.to_string();
    if !text.is_empty() {
        output.message(&format!("ksi: {text}"));
    }
    ExitCode::from(failure.code(diff))
}

/// The definition of the command line, for completions, man pages and the tests of the help texts.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs a future to its end on this thread.
fn block_on<F: Future>(future: F) -> Result<F::Output, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Io(format!("cannot start: {error}")))?;
    let output = runtime.block_on(future);
    // A credential plugin that hangs does not hold up the end.
    runtime.shutdown_background();
    Ok(output)
}
