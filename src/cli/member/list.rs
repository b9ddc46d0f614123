//! `ksi member list`: one line per member.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use time::OffsetDateTime;

use super::host;
use crate::cli::args::connection::ConnectionArgs;
use crate::cli::args::format::TextOrJson;
use crate::cli::exit::Failure;
use crate::cli::shared::interrupt;
use crate::fleet::{self, Line};
use crate::object::age;
use crate::ui::Output;

/// How often a watched list is read.
const INTERVAL: Duration = Duration::from_secs(5);

/// List the members of a host, and whether they work
///
/// Each member is asked itself, as the host does it: directly or through Tower. READY says whether it and
/// its KubeSphere answer now, not what its Cluster object says.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi member list
  ksi member list -o json
  ksi member list -w")]
pub(super) struct ListArgs {
    /// Print members whose line changes, until Ctrl-C
    #[arg(short, long)]
    watch: bool,
    /// Output format
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: &ListArgs, output: &Output) -> Result<(), Failure> {
    let stop = interrupt::listen();
    crate::cli::block_on(async {
        let mut shown = lines(args).await?;
        if shown.is_empty() && args.output == TextOrJson::Text {
            output.print("ksi: the host has no members; `ksi member add NAME` adds one");
        }
        output.data(&text(args.output, &shown, !shown.is_empty()))?;
        if !args.watch {
            return Ok(());
        }
        loop {
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = stop.requested() => return Ok(()),
            }
            let now = match lines(args).await {
                Ok(now) => now,
                // The host may be upgraded, or the network gone for a while.
                Err(failure) => {
                    output.message(&format!("ksi: {failure}; trying again"));
                    continue;
                }
            };
            let changed: Vec<Line> =
                now.iter().filter(|line| !shown.contains(line)).cloned().collect();
            if !changed.is_empty() {
                output.data(&text(args.output, &changed, false))?;
            }
            shown = now;
        }
    })?
}

async fn lines(args: &ListArgs) -> Result<Vec<Line>, Failure> {
    let host = Arc::new(host(&args.connection).await?);
    Ok(fleet::list(&host).await.iter().filter_map(fleet::line).collect())
}

fn text(format: TextOrJson, lines: &[Line], with_head: bool) -> String {
    match format {
        TextOrJson::Json => format!("{:#}\n", json!(lines)),
        TextOrJson::Text => table(lines, with_head, OffsetDateTime::now_utc()),
    }
}

const HEAD: [&str; 9] =
    ["NAME", "MODE", "JOINED", "READY", "FEDERATED", "TUNNEL", "LAST-SEEN", "EXPIRES", "DRIFT"];

fn table(lines: &[Line], with_head: bool, now: OffsetDateTime) -> String {
    let cells = lines.iter().map(|line| row(line, now));
    let head = with_head.then(|| HEAD.map(str::to_owned));
    let rows: Vec<[String; 9]> = head.into_iter().chain(cells).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let line = |row: &[String; 9]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("   ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn row(line: &Line, now: OffsetDateTime) -> [String; 9] {
    let known = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let seen = match age::age(&line.last_seen, now) {
        Some(since) => format!("{} ago", age::duration_text(since)),
        None => known(&line.last_seen),
    };
    [
        line.name.clone(),
        line.mode.as_str().to_owned(),
        line.joined.to_owned(),
        line.ready.to_owned(),
        line.federated.to_owned(),
        line.tunnel.to_owned(),
        seen,
        known(line.expires.split('T').next().unwrap_or_default()),
        known(&line.drift.join(",")),
    ]
}

#[cfg(test)]
mod tests {
    use crate::member::Mode;

    use super::*;

    #[test]
    fn a_list_is_a_table() {
        let line = |name: &str, mode, drift| Line {
            name: name.to_owned(),
            mode,
            joined: "yes",
            ready: "no",
            federated: "yes",
            tunnel: "-",
            last_seen: "2026-01-01T00:00:00Z".to_owned(),
            expires: "2027-01-01T00:00:00Z".to_owned(),
            drift,
        };
        let lines = [
            line("m1", Mode::Direct, vec![]),
            line("member2", Mode::Agent, vec!["role", "jwtSecret"]),
        ];
        let now = time::macros::datetime!(2026-01-01 0:00:05 UTC);
        let expected = "\
NAME      MODE     JOINED   READY   FEDERATED   TUNNEL   LAST-SEEN   EXPIRES      DRIFT
m1        direct   yes      no      yes         -        5s ago      2027-01-01   -
member2   agent    yes      no      yes         -        5s ago      2027-01-01   role,jwtSecret
";
        assert_eq!(table(&lines, true, now), expected);
    }
}
