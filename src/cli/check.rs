//! `ksi check`: is the cluster fit, and is what runs there well?

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::connection::ConnectionArgs;
use super::exit::Failure;
use super::input::InputArgs;
use super::span::timeout;
use crate::check::{self, Report, TableStyle};
use crate::install::assessment::{self, AssessmentRequest};
use crate::ui::Output;

/// Check a cluster before or after an installation
///
/// Without -f the ClusterConfiguration in the cluster says what is installed. Exit code 0 when no
/// check found an error, 4 otherwise, 7 when the cluster cannot be reached. docs/check.md has a
/// section for every check.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi check --list
  ksi check --pre -f samples/host.yaml
  ksi check --wait --timeout 10m
  ksi check -o short --skip-check restarts --skip-check clock-skew")]
pub(super) struct CheckArgs {
    /// File with a ClusterConfiguration, or `-` for standard input; may be repeated
    #[arg(short, long = "filename", value_name = "FILE", env = "KSI_FILENAME")]
    filename: Vec<String>,
    /// Set one key of the specification, for instance multicluster.clusterRole=host
    #[arg(long, value_name = "PATH=VALUE", requires = "filename")]
    set: Vec<String>,
    /// Before an installation: rights, room, leftovers
    #[arg(long)]
    pre: bool,
    /// Leave a check out; may be repeated
    #[arg(long = "skip-check", value_name = "ID")]
    skip: Vec<String>,
    /// Only name all checks; needs no cluster
    #[arg(long)]
    list: bool,
    /// Check again until there is no error
    #[arg(long)]
    wait: bool,
    /// For how long to wait, for instance 90s or 5m
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = timeout)]
    timeout: Duration,
    /// How to show the results
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// How the results are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// Every check.
    #[default]
    Table,
    /// Only trouble.
    Short,
    /// JSON for programs.
    Json,
}

/// A check is told that a server has trouble rather than to wait it out.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn run(args: &CheckArgs, output: &Output) -> Result<(), Failure> {
    known(&args.skip)?;
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

/// Refuses names of checks that do not exist.
pub(super) fn known(names: &[String]) -> Result<(), Failure> {
    let wrong = names.iter().find(|name| check::checks().all(|check| check.id != *name));
    wrong.map_or(Ok(()), |name| {
        Err(Failure::Usage(format!(
            "there is no check `{name}`\nhelp: `ksi check --list` names all of them"
        )))
    })
}

async fn assess(args: &CheckArgs, output: &Output) -> Result<Report, Failure> {
    // A cluster that is not there is another code than one that is not healthy.
    let cluster = args.connection.reach(PATIENCE).await?;
    let source = (!args.filename.is_empty())
        .then(|| (args.filename.join(", "), InputArgs::of(&args.filename, &args.set).source()));
    let request = AssessmentRequest { source, pre: args.pre, skip: args.skip.clone() };
    if !args.wait {
        return Ok(assessment::assess(&cluster, &request).await?);
    }
    let mut again = |report: &Report| {
        output.print(&format!("ksi: {} errors, first: {}", report.errors(), report.first_error()));
    };
    Ok(assessment::assess_until(&cluster, &request, args.timeout, &mut again).await?)
}
