//! `ksi history`: list, show and compare configurations that were applied.

mod table;

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::table::{table, time};
use super::args::connection::ConnectionArgs;
use super::args::format::{TextOrJson, YamlOrJson};
use super::exit::Failure;
use crate::install::history;
use crate::target::Revision;
use crate::ui::Output;

/// List, show and compare the configurations that were applied to a cluster
///
/// After each apply, ksi stores the effective configuration in the cluster as a new revision, without
/// its secrets: who applied it, when, and whether it was applied or failed. A configuration equal to the
/// last one is not stored again. `ksi rollback` applies an earlier revision.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  ksi history
  ksi history -o json
  ksi history show 3
  ksi history diff 3"
)]
pub(super) struct HistoryArgs {
    #[command(subcommand)]
    verb: Option<HistoryVerb>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Output format; JSON includes the configurations
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Debug, Subcommand)]
enum HistoryVerb {
    /// Print the configuration of a revision
    ///
    /// The YAML can be applied with -f; comments say who applied it, and which secrets it lacks.
    #[command(after_help = "Examples:
  ksi history show
  ksi history show 3 > revision-3.yaml")]
    Show {
        /// Revision to print [default: the last one that was applied]
        revision: Option<u32>,
        /// Output format; JSON has what `ksi history -o json` has
        #[arg(short, long, value_enum, default_value_t)]
        output: YamlOrJson,
        #[command(flatten)]
        connection: ConnectionArgs,
    },
    /// Compare the configurations of two revisions
    ///
    /// To see what applying a revision would change in the cluster, use `ksi rollback N --dry-run`.
    #[command(after_help = "Examples:
  ksi history diff 3
  ksi history diff 3 5")]
    Diff {
        /// Old revision
        from: u32,
        /// New revision [default: the last one that was applied]
        to: Option<u32>,
        #[command(flatten)]
        connection: ConnectionArgs,
    },
}

pub(super) fn run(args: &HistoryArgs, output: &Output) -> Result<(), Failure> {
    let text = match &args.verb {
        None => list(&args.list, output)?,
        Some(HistoryVerb::Show { revision, output: format, connection }) => {
            let revisions = read(connection)?;
            let revision = history::find(&revisions, *revision)?;
            match format {
                YamlOrJson::Yaml => commented(revision),
                YamlOrJson::Json => format!("{:#}\n", history::json(revision)),
            }
        }
        Some(HistoryVerb::Diff { from, to, connection }) => {
            let revisions = read(connection)?;
            history::diff(history::find(&revisions, Some(*from))?, history::find(&revisions, *to)?)
        }
    };
    Ok(output.data(&text)?)
}

fn list(args: &ListArgs, output: &Output) -> Result<String, Failure> {
    let revisions = read(&args.connection)?;
    if revisions.is_empty() {
        output.print("ksi: no configuration has been applied yet");
    }
    Ok(match args.output {
        TextOrJson::Text => table(&revisions),
        TextOrJson::Json => {
            let list: Vec<Value> = revisions.iter().map(history::json).collect();
            format!("{:#}\n", json!(list))
        }
    })
}

fn read(connection: &ConnectionArgs) -> Result<Vec<Revision>, Failure> {
    super::block_on(async {
        let cluster = connection.connect().await?;
        Ok::<_, Failure>(history::list(&cluster).await?)
    })?
}

/// The configuration, with what is known of the run as comments.
fn commented(revision: &Revision) -> String {
    let about = &revision.about;
    let result = if revision.is_applied() { "applied" } else { "failed" };
    let by = if about.by.is_empty() { String::new() } else { format!(" by {}", about.by) };
    let mut text = format!("# revision {}, {result} {}{by}\n", revision.number, time(revision));
    for line in about.error.iter().flat_map(|error| error.lines()) {
        let _ = writeln!(text, "# error: {line}");
    }
    for pointer in &about.left_out {
        let key = pointer.trim_start_matches('/').replace('/', ".");
        let _ = writeln!(text, "# without the secret {key}");
    }
    text + &revision.configuration
}
