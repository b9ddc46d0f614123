//! The command line: one file per verb; `args` has the flags that verbs share, `shared` what they do alike.

mod apply;
mod args;
mod bug;
mod bundle;
mod check;
mod cleanup;
mod completion;
mod config;
mod controller;
mod crd;
mod diff;
mod events;
mod exit;
mod explain;
mod history;
mod images;
mod logs;
mod man;
mod manifests;
mod member;
mod render;
mod rollback;
mod schema;
mod shared;
mod status;
mod uninstall;
mod validate;
mod version;
mod wait;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use self::args::format::TextOrJson;
use self::exit::Failure;
use crate::ui::{ColourChoice, Output};

/// Install and configure KubeSphere's core and its multi-cluster components from one file.
///
/// Reads a ClusterConfiguration or a KubeKey config-sample.yaml, validates it, renders the manifests
/// for the role of the cluster, shows what would change, and applies them.
#[derive(Debug, Parser)]
#[command(name = "ksi", version, propagate_version = true, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    /// When to use colors
    #[arg(
        long, value_enum, default_value_t, global = true, value_name = "WHEN", help_heading = GLOBAL
    )]
    color: ColourChoice,
    /// Print only data and errors
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    quiet: bool,
    /// Show every warning and list every object, and log every request to the cluster; -vv and -vvv
    /// also log the libraries
    ///
    /// Without -v, `KSI_LOG` sets a level per target, for example `KSI_LOG=ksi=debug,kube=trace`. Secrets
    /// are never logged.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = GLOBAL)]
    verbose: u8,
}

const GLOBAL: &str = "Global options";

const EXIT_CODES: &str = "Exit codes:
  0    done; for diff: no differences
  1    for diff: differences found; otherwise: failed
  2    wrong usage, or a change that a flag has to confirm
  3    the configuration is invalid
  4    a check failed; the target cannot be read or written, or rejects an object
  5    not ready, or not deleted, before the timeout
  6    field manager conflict
  7    the cluster cannot be reached, or access is denied
  8    another run holds the lock, or something changed after the plan was made
  70   an internal error, which is a bug in ksi
  130  interrupted; it is safe to run the command again";

#[derive(Debug, Subcommand)]
enum Verb {
    Validate(validate::ValidateArgs),
    Render(render::RenderArgs),
    #[command(visible_alias = "plan")]
    Diff(diff::DiffArgs),
    // Boxed because they have many flags.
    Apply(Box<apply::ApplyArgs>),
    Uninstall(uninstall::UninstallArgs),
    History(history::HistoryArgs),
    Rollback(Box<rollback::RollbackArgs>),
    Status(status::StatusArgs),
    Wait(wait::WaitArgs),
    Controller(controller::ControllerArgs),
    Logs(logs::LogsArgs),
    Events(events::EventsArgs),
    Bundle(bundle::BundleArgs),
    Check(check::CheckArgs),
    Cleanup(cleanup::CleanupArgs),
    Explain(explain::ExplainArgs),
    Schema(schema::SchemaArgs),
    Crd(crd::CrdArgs),
    Images(images::ImagesArgs),
    Manifests(manifests::ManifestsArgs),
    Member(member::MemberArgs),
    Config(config::ConfigArgs),
    Completion(completion::CompletionArgs),
    Man(man::ManArgs),
    Version(version::VersionArgs),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    bug::report_panics();
    let Cli { verb, color, quiet, verbose } = Cli::parse();
    let mut output = Output::new(color, quiet);
    let diff = matches!(verb, Verb::Diff(_));
    if let Err(why) = output.log(verbose) {
        return report(&Failure::Usage(why), diff, &output);
    }
    if matches!(
        verb,
        Verb::Render(_)
            | Verb::Diff(_)
            | Verb::Apply(_)
            | Verb::Rollback(_)
            | Verb::Check(_)
            | Verb::Member(_)
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
        Verb::Controller(args) => controller::run(args, &output),
        Verb::Logs(args) => logs::run(args, &output),
        Verb::Events(args) => events::run(args, &output),
        Verb::Bundle(args) => bundle::run(args, &output),
        Verb::Check(args) => check::run(args, &output),
        Verb::Cleanup(args) => cleanup::run(args, &output),
        Verb::Explain(args) => explain::run(args, &output),
        Verb::Schema(args) => schema::run(args, &output),
        Verb::Crd(args) => crd::run(args, &output),
        Verb::Images(args) => images::run(args, &output),
        Verb::Manifests(args) => manifests::run(args, &output),
        Verb::Member(args) => member::run(args, &output),
        Verb::Config(args) => config::run(args, &output),
        Verb::Completion(args) => completion::run(args, &output),
        Verb::Man(args) => man::run(args, &output),
        Verb::Version(args) => version::run(args, &output),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if verb.prints_events() {
                shared::closing::error(&failure, failure.code(diff), &output);
            }
            report(&failure, diff, &output)
        }
    }
}

impl Verb {
    /// Whether it prints one JSON event per line.
    fn prints_events(&self) -> bool {
        match self {
            Self::Apply(args) => args.prints_events(),
            Self::Rollback(args) => args.prints_events(),
            Self::Uninstall(args) => args.output == TextOrJson::Json && !args.dry_run,
            Self::Wait(args) => args.prints_events(),
            Self::Member(args) => args.prints_events(),
            _ => false,
        }
    }
}

/// Prints why a verb failed; returns its exit code.
fn report(failure: &Failure, diff: bool, output: &Output) -> ExitCode {
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
    // Do not wait for a credential plugin that hangs.
    runtime.shutdown_background();
    Ok(output)
}
