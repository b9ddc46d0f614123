//! `ksi member check`: what is wrong with members.

use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::host;
use crate::check::{self, TableStyle};
use crate::cli::args::connection::ConnectionArgs;
use crate::cli::args::format::TextOrJson;
use crate::cli::exit::Failure;
use crate::fleet::{self, Stage};
use crate::ui::Output;

/// Check members: connection, KubeSphere, federation
///
/// ksi asks each member itself, and KubeFed, and compares that with what its Cluster object says, which may
/// be out of date. `ksi explain CHECK` describes a check.
///
/// Exit codes: 0 no errors, 4 errors, 7 the host cannot be reached.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi member check member1
  ksi member check --all -o json
  ksi member check --list")]
pub(super) struct CheckArgs {
    /// Members to check
    #[arg(required_unless_present_any = ["all", "list"])]
    names: Vec<String>,
    /// Check all members
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// List all checks; needs no cluster
    #[arg(long)]
    list: bool,
    /// Skip this check; can be repeated
    #[arg(long = "skip-check", value_name = "ID")]
    pub(super) skip: Vec<String>,
    /// Output format
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Checks that these checks exist.
pub(super) fn known(ids: &[String]) -> Result<(), Failure> {
    let is_known = |id: &&String| {
        fleet::checks().iter().any(|check| check.about.id == **id)
            || check::checks().any(|check| check.id == **id)
    };
    match ids.iter().find(|id| !is_known(id)) {
        None => Ok(()),
        Some(id) => Err(Failure::Usage(format!(
            "unknown check `{id}`\nhelp: `ksi member check --list` lists the checks of members"
        ))),
    }
}

pub(super) fn run(args: &CheckArgs, output: &Output) -> Result<(), Failure> {
    known(&args.skip)?;
    if args.list {
        let width = fleet::checks().iter().map(|check| check.about.id.len()).max().unwrap_or(0);
        let line = |check: &fleet::MemberCheck| {
            format!("{:width$}  {}\n", check.about.id, check.about.description)
        };
        return Ok(output.data(&fleet::checks().iter().map(line).collect::<String>())?);
    }
    crate::cli::block_on(async {
        let host = Arc::new(host(&args.connection).await?);
        let mut evidence = Vec::new();
        if args.all {
            evidence = fleet::list(&host).await;
        }
        for name in &args.names {
            evidence.push(fleet::observe(&host, host.member(name)?).await);
        }
        if evidence.is_empty() {
            output.print("ksi: the host has no members");
        }
        let reports =
            evidence.iter().map(|one| (&one.name, fleet::run(one, Stage::Joined, &args.skip)));
        let reports: Vec<_> = reports.collect();
        let text = match args.output {
            TextOrJson::Text => {
                let style =
                    TableStyle { colour: output.colour, symbols: output.symbols, short: false };
                let one = |(name, report): &(&String, check::Report)| {
                    format!("Member {name}\n\n{}", check::table(report, style))
                };
                reports.iter().map(one).collect::<Vec<_>>().join("\n")
            }
            TextOrJson::Json => {
                let one = |(name, report): &(&String, check::Report)| {
                    let mut value = check::json(report);
                    value["member"] = json!(name);
                    value
                };
                format!("{:#}\n", json!(reports.iter().map(one).collect::<Vec<Value>>()))
            }
        };
        output.data(&text)?;
        if reports.iter().all(|(_, report)| report.success()) {
            Ok(())
        } else {
            Err(Failure::Checks)
        }
    })?
}
