//! `ksi status`: how the installation is, on one screen.

pub(super) mod report;
mod table;

use std::time::Duration;

use clap::{Args, ValueEnum};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use self::report::{About, Report, State, report};
use self::table::{Look, table};
use super::connection::ConnectionArgs;
use super::exit::Failure;
use super::installed::{self, Installed, cluster_inventory};
use super::live::{self, Follow};
use super::wait::progress::Progress;
use crate::cluster::{Cluster, Error, Kind};
use crate::object::embedded;
use crate::ui::{self, Output};
use crate::yaml;

/// Show how the installation is, on one screen
///
/// For each component: whether it is healthy, what is awaited or wrong, how many of its workloads are
/// ready. Below it pods in trouble with what to do next, how members reach the host, and what others
/// changed. Nothing is changed, and no Secret is read but ksi's inventory.
///
/// Exit codes: 0 healthy, 5 not healthy, 1 not installed, 7 cannot be reached.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi status
  ksi status -w
  ksi status -o json")]
pub(super) struct StatusArgs {
    /// Go on and show what changes, until Ctrl-C
    #[arg(short, long)]
    watch: bool,
    /// How to show it
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// A screen for people
    #[default]
    Table,
    /// One JSON document; with -w one a line
    Json,
    /// One YAML document; with -w a stream of them
    Yaml,
}

pub(super) fn run(args: &StatusArgs, output: &Output) -> Result<(), Failure> {
    let StatusArgs { watch, output: format, connection } = args;
    super::block_on(async {
        let cluster = connection.connect().await?;
        let installed = cluster_inventory(&cluster).await?;
        let about = about(&cluster).await?;
        if *watch {
            return follow(&cluster, &installed, &about, *format, output).await;
        }
        let live = live::read(&cluster, &installed).await?;
        let now = OffsetDateTime::now_utc();
        let report = report(&installed, &live, &about, now);
        output.data(&shown(&report, *format, now, output))?;
        if report.state == State::Healthy { Ok(()) } else { Err(Failure::Unhealthy(String::new())) }
    })?
}

fn shown(report: &Report, format: Format, now: OffsetDateTime, output: &Output) -> String {
    match format {
        Format::Table => table(report, now, Look { colour: output.colour, width: output.width() }),
        Format::Json => {
            let json = serde_json::to_value(report).unwrap_or_default();
            format!("{json:#}\n")
        }
        Format::Yaml => yaml::emit(report),
    }
}

/// The screen without colours, for files.
pub(super) fn plain(report: &Report, now: OffsetDateTime) -> String {
    table(report, now, Look { colour: false, width: 80 })
}

/// The time as JSON has it.
pub(super) fn timestamp(now: OffsetDateTime) -> String {
    now.format(&Rfc3339).unwrap_or_default()
}

/// What the cluster says about itself.
///
/// # Errors
/// It cannot be read.
pub(super) async fn about(cluster: &Cluster) -> Result<About, Error> {
    let config = Kind::new("", "v1", "ConfigMap");
    let config = config.named(Some(installed::NAMESPACE), "kubesphere-config");
    let document = cluster.get(&config).await?.and_then(|body| embedded::read(&body).ok()?);
    let multicluster = document.unwrap_or_default()["multicluster"].take();
    let text =
        |key: &str| multicluster[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let facts = crate::install::observe_facts(cluster).await.ok();
    Ok(About {
        cluster: cluster.place().to_owned(),
        role: text("clusterRole"),
        publish_address: text("proxyPublishAddress"),
        node_address: facts.and_then(|facts| facts.node_address),
    })
}

async fn follow(
    cluster: &Cluster,
    installed: &Installed,
    about: &About,
    format: Format,
    output: &Output,
) -> Result<(), Failure> {
    let screen = format == Format::Table && output.is_on_terminal();
    let mut follow = Follow::start(cluster, installed).await?;
    let mut progress = Progress::default();
    let mut last = String::new();
    loop {
        let now = OffsetDateTime::now_utc();
        let report = report(installed, &follow.live, about, now);
        match format {
            Format::Table if screen => {
                let broken = follow.broken.as_ref().map_or_else(String::new, |error| {
                    format!("\nThe connection is broken, what is shown may be old: {error}\n")
                });
                let text = shown(&report, format, now, output);
                output.data(&format!("\x1b[H\x1b[2J\x1b[3J{text}{broken}"))?;
            }
            Format::Table => {
                for event in progress.changes(&report) {
                    if let Some(line) = ui::event_line(&event) {
                        output.data(&format!("{} {line}\n", super::wait::clock(now)))?;
                    }
                }
            }
            Format::Json | Format::Yaml => {
                let text = match format {
                    Format::Json => {
                        format!("{}\n", serde_json::to_value(&report).unwrap_or_default())
                    }
                    _ => yaml::emit_documents([&report]),
                };
                // Ages move on by themselves: what is told is what changed.
                let key = format!("{:?}", key(&report));
                if key != last {
                    output.data(&text)?;
                    last = key;
                }
            }
        }
        // The ages on the screen go on although nothing changes.
        let _ = tokio::time::timeout(Duration::from_secs(5), follow.changed()).await;
    }
}

/// What of a report is a change.
fn key(report: &Report) -> impl std::fmt::Debug + '_ {
    let components: Vec<_> =
        report.components.iter().map(|c| (&c.name, c.state, &c.unhealthy)).collect();
    let troubles: Vec<_> = report.troubles.iter().map(|t| &t.trouble).collect();
    (components, troubles, &report.tower, &report.drift)
}
