//! `ksi status`: show the status of the installation.

mod follow;

use clap::{Args, ValueEnum};
use time::OffsetDateTime;

use super::args::connection::ConnectionArgs;
use super::exit::Failure;
use crate::status::{
    self, About, Installed, Report, RunFollower, Snapshot, State, TableOptions, Watch,
};
use crate::ui::Output;
use crate::yaml;

/// Show the status of the installation
///
/// Shows for each component whether it is healthy, how many of its workloads are ready, and what is
/// wrong. Below are failing pods with the next step, the address that members connect to, and objects
/// that were changed by others. Reads no Secret except ksi's inventory.
///
/// Exit codes: 0 healthy, 1 not installed, 5 not healthy, 7 the cluster cannot be reached.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi status
  ksi status -w
  ksi status -o json")]
pub(super) struct StatusArgs {
    /// Watch for changes until Ctrl-C
    #[arg(short, long)]
    watch: bool,
    /// Output format
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// Table
    #[default]
    Table,
    /// JSON document; with -w one per line
    Json,
    /// YAML document; with -w a stream of documents
    Yaml,
}

pub(super) fn run(args: &StatusArgs, output: &Output) -> Result<(), Failure> {
    let StatusArgs { watch, output: format, connection } = args;
    super::block_on(async {
        let cluster = connection.connect().await?;
        let installed = Installed::read(&cluster).await?.unless_uninstalled(&cluster)?;
        let about = About::read(&cluster).await?;
        if *watch {
            let watch = Watch::start(&cluster, &installed).await?;
            let runs = RunFollower::new(&cluster);
            return follow::print(watch, runs, (installed, about), *format, output).await;
        }
        let snapshot = Snapshot::read(&cluster, &installed).await?;
        let now = OffsetDateTime::now_utc();
        let report = Report::new(&installed, &snapshot, &about, now);
        output.data(&shown(&report, *format, now, output))?;
        if report.state == State::Healthy { Ok(()) } else { Err(Failure::Unhealthy(String::new())) }
    })?
}

fn shown(report: &Report, format: Format, now: OffsetDateTime, output: &Output) -> String {
    match format {
        Format::Table => {
            let options = TableOptions { colour: output.colour, width: output.width() };
            status::table(report, now, options)
        }
        Format::Json => {
            let json = serde_json::to_value(report).unwrap_or_default();
            format!("{json:#}\n")
        }
        Format::Yaml => yaml::emit(report),
    }
}
