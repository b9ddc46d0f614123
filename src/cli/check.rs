//! `ksi check`: check a cluster.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::args::connection::ConnectionArgs;
use super::args::duration::timeout;
use super::args::input::InputArgs;
use super::exit::Failure;
use super::shared::preflight::known_checks;
use crate::check::{self, Report, TableStyle};
use crate::install::assessment::{self, AssessmentRequest};
use crate::ui::Output;

/// Check a cluster before or after an installation
///
/// Without -f, the checks use the ClusterConfiguration in the cluster, or else the configuration that ksi
/// applied last. docs/check.md describes every check.
///
/// Exit codes: 0 no errors, 4 errors, 7 the cluster cannot be reached.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi check --list
  ksi check --pre -f samples/host.yaml
  ksi check --wait --timeout 10m
  ksi check -o short --skip-check restarts --skip-check clock-skew")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct CheckArgs {
    /// File with a ClusterConfiguration, or `-` for standard input; can be repeated
    #[arg(short, long = "filename", value_name = "FILE", env = "KSI_FILENAME")]
    filename: Vec<String>,
    /// Set a key below `spec`, for example multicluster.clusterRole=host; can be repeated
    #[arg(long, value_name = "PATH=VALUE", requires = "filename")]
    set: Vec<String>,
    /// Report unknown keys as warnings instead of errors
    #[arg(long, requires = "filename")]
    allow_unknown: bool,
    /// Check before an installation: permissions, capacity, leftovers of other installations
    #[arg(long)]
    pre: bool,
    /// Skip this check; can be repeated
    #[arg(long = "skip-check", value_name = "ID")]
    skip: Vec<String>,
    /// List all checks; needs no cluster
    #[arg(long)]
    list: bool,
    /// Repeat the checks until there are no errors
    #[arg(long)]
    wait: bool,
    /// Timeout of --wait, for example 90s or 5m
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = timeout)]
    timeout: Duration,
    /// Output format
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// The output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// All checks
    #[default]
    Table,
    /// Only errors and warnings
    Short,
    /// JSON
    Json,
}

/// A check reports an unavailable server instead of waiting for it.
const RETRY_FOR: Duration = Duration::from_secs(10);

pub(super) fn run(args: &CheckArgs, output: &Output) -> Result<(), Failure> {
    known_checks(&args.skip)?;
    if args.list {
        return Ok(output.data(&check::list())?);
    }
    let report = super::block_on(assess(args, output))??;
    let text = match args.output {
        Format::Json => format!("{:#}\n", check::json(&report)),
        Format::Table | Format::Short => check::table(
            &report,
            TableStyle {
                colour: output.colour,
                symbols: output.symbols,
                short: args.output == Format::Short,
            },
        ),
    };
    output.data(&text)?;
    if report.success() { Ok(()) } else { Err(Failure::Checks) }
}

async fn assess(args: &CheckArgs, output: &Output) -> Result<Report, Failure> {
    // An unreachable cluster has another exit code than a failed check.
    let cluster = args.connection.reach(RETRY_FOR).await?;
    let input = InputArgs::of(&args.filename, &args.set, args.allow_unknown);
    let source = (!args.filename.is_empty()).then(|| (args.filename.join(", "), input.source()));
    let request = AssessmentRequest { source, pre: args.pre, skip: args.skip.clone() };
    if !args.wait {
        return Ok(assessment::assess(&cluster, &request).await?);
    }
    let mut again = |report: &Report| {
        output.print(&format!(
            "ksi: {} errors, the first is {}",
            report.errors(),
            report.first_error()
        ));
    };
    Ok(assessment::assess_until(&cluster, &request, args.timeout, &mut again).await?)
}
