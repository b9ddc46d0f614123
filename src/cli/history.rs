//! `ksi history`: list the applied configurations.

use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write as _;

use super::args::connection::ConnectionArgs;
use super::args::format::TextOrJson;
use super::exit::Failure;
use crate::install::history;
use crate::target::Revision;
use crate::ui::Output;

/// List the configurations that were applied to a cluster
///
/// After each successful apply, ksi stores the effective configuration in the cluster as a new
/// revision, without its secrets. A configuration equal to the last revision is not stored again.
/// `ksi rollback` applies an earlier revision.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi history
  ksi history -o json")]
pub(super) struct HistoryListArgs {
    /// Output format; JSON includes the configurations
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: &HistoryListArgs, output: &Output) -> Result<(), Failure> {
    let revisions = super::block_on(async {
        let cluster = args.connection.connect().await?;
        Ok::<_, Failure>(history::list(&cluster).await?)
    })??;
    if revisions.is_empty() {
        output.print("ksi: no configuration has been applied yet");
    }
    let text = match args.output {
        TextOrJson::Text => table(&revisions),
        TextOrJson::Json => {
            let list: Vec<Value> = revisions.iter().map(described).collect();
            format!("{:#}\n", json!(list))
        }
    };
    Ok(output.data(&text)?)
}

fn described(revision: &Revision) -> Value {
    let mut value = serde_json::to_value(&revision.about).unwrap_or_default();
    value["revision"] = revision.number.into();
    value["configuration"] = revision.configuration.as_str().into();
    value
}

/// A row per revision, the newest last.
fn table(revisions: &[Revision]) -> String {
    if revisions.is_empty() {
        return String::new();
    }
    let head = format!("{:<9} {:<21} {:<10} {:<10} CHANGES\n", "REVISION", "TIME", "KSI", "CONFIG");
    revisions.iter().fold(head, |mut text, revision| {
        let about = &revision.about;
        let time = format!("{}Z", about.time.split(['.', 'Z']).next().unwrap_or_default());
        let hash: String = about.spec_hash.chars().take(8).collect();
        let changes = changes(&about.summary);
        let _ = writeln!(
            text,
            "{:<9} {time:<21} {:<10} {hash:<10} {changes}",
            revision.number, about.ksi_version
        );
        text
    })
}

/// The counts that are not zero.
fn changes(summary: &Value) -> String {
    let counts = ["create", "update", "adopt", "delete", "conflict", "keep"].map(|name| {
        let count = summary[name].as_u64().unwrap_or_default();
        (count > 0).then(|| format!("{count} {name}"))
    });
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::About;

    #[test]
    fn a_line_says_when_what_and_how_much() {
        let about = About {
            spec_hash: "abcdefghijkl".into(),
            ksi_version: "0.1.0".into(),
            time: "2026-01-02T03:04:05.678Z".into(),
            summary: json!({"create": 3, "update": 0, "unchanged": 9}),
            left_out: Vec::new(),
        };
        let revision = Revision { number: 7, about, configuration: String::new() };
        let text = table(std::slice::from_ref(&revision));
        let line = text.lines().nth(1).unwrap();
        assert_eq!(line, "7         2026-01-02T03:04:05Z  0.1.0      abcdefgh   3 create");
        assert_eq!(table(&[]), "");
    }
}
