//! `ksi check`: is the cluster fit, and is what runs there well?

use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use time::OffsetDateTime;

use super::connection::ConnectionArgs;
use super::desired;
use super::exit::Failure;
use super::input::InputArgs;
use super::observed_facts::observed_facts;
use super::span::timeout;
use crate::check::{self, Configured, Context, Look, Report, Wants};
use crate::cluster::Cluster;
use crate::config::{self, Input, Request};
use crate::diagnostic::{Diagnostics, Severity};
use crate::ui::Output;
use crate::validate;

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

/// How long between two looks with `--wait`.
const PAUSE: Duration = Duration::from_secs(5);
/// A check is told that a server has trouble rather than to wait it out.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn run(args: &CheckArgs, output: &Output) -> Result<(), Failure> {
    known(&args.skip)?;
    if args.list {
        return Ok(output.data(&check::list())?);
    }
    let report = super::block_on(look(args, output))??;
    let text = match args.output {
        Format::Json => format!("{:#}\n", check::json(&report)),
        Format::Table | Format::Short => check::table(
            &report,
            Look {
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

async fn look(args: &CheckArgs, output: &Output) -> Result<Report, Failure> {
    // A cluster that is not there is another code than one that is not well.
    let cluster = args.connection.reach(PATIENCE).await?;
    let started = tokio::time::Instant::now();
    loop {
        let configured = configured(args, &cluster).await?;
        let report = once(args, &cluster, &configured).await;
        let errors = report.errors();
        if errors == 0 || !args.wait || started.elapsed() + PAUSE > args.timeout {
            return Ok(report);
        }
        output.say(&format!("ksi: {errors} errors, first: {}", report.first_error()));
        tokio::time::sleep(PAUSE).await;
    }
}

async fn once(args: &CheckArgs, cluster: &Cluster, configured: &Configured) -> Report {
    let secrets = configured.configuration.as_ref().map_or(&[][..], |c| &c.images.pull_secrets);
    let wants = Wants { desired: &configured.desired, pull_secrets: secrets, pre: args.pre };
    let gathered = check::gather(cluster, &wants).await;
    let context = Context { configured, now: OffsetDateTime::from(SystemTime::now()) };
    check::run(&gathered, &context, args.pre, &args.skip)
}

/// The configuration of the files, else that of the cluster.
async fn configured(args: &CheckArgs, cluster: &Cluster) -> Result<Configured, Failure> {
    let (loaded, source, lenient) = if args.filename.is_empty() {
        match check::configuration(cluster).await {
            Err(why) => return Ok(Configured { unread: Some(why), ..Configured::default() }),
            Ok(None) => return Ok(Configured::default()),
            Ok(Some(body)) => {
                let name = "ClusterConfiguration ks-installer".to_owned();
                let bytes = body.to_string().into_bytes();
                let input = Input { name: name.clone(), bytes };
                (config::load(Request { inputs: vec![input], sets: Vec::new() }), name, true)
            }
        }
    } else {
        let input = InputArgs::of(&args.filename, &args.set);
        (input.load(), args.filename.join(", "), false)
    };
    // Without the right to read nodes the rest can still be judged.
    let facts = observed_facts(cluster).await.unwrap_or_default();
    let options = validate::Options { allow_unknown: lenient };
    let (configuration, found) = match validate::validate(&loaded, &facts, options) {
        Ok(valid) => (Some(valid.configuration), valid.warnings),
        Err(found) => (None, found),
    };
    let desired = match &configuration {
        Some(configuration) => desired::sketch(configuration, &facts)?,
        None => Vec::new(),
    };
    Ok(Configured {
        source,
        errors: lines(&found, Severity::Error),
        warnings: lines(&found, Severity::Warning),
        unread: None,
        desired,
        configuration,
    })
}

fn lines(found: &Diagnostics, severity: Severity) -> Vec<String> {
    let chosen = found.iter().filter(|d| d.severity == severity);
    chosen.map(|d| format!("{}: {}", d.code, d.message)).collect()
}
