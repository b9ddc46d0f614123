//! `ksi events`: what happened to the installation, the newest last.

mod ours;

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use futures_util::future::try_join_all;
use futures_util::stream::{BoxStream, SelectAll, StreamExt as _};
use serde_json::Value;

use self::ours::Ours;
use super::connection::ConnectionArgs;
use super::exit::Failure;
use super::format::TextOrJson;
use crate::cluster::{Change, Cluster, Error, Selection};
use crate::diagnose::{self, Event};
use crate::status::{Installed, NAMESPACE};
use crate::ui::Output;

/// Show what happened to the installation, the newest last
///
/// Events of the objects of a component, or of everything that ksi installed and of the namespaces that
/// it made. Equal ones are shown once, with how often they happened. The API server keeps events for an
/// hour, unless it was told otherwise.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi events
  ksi events ks-core --types Warning
  ksi events -f -o json")]
pub(super) struct EventsArgs {
    /// The component; without it all
    component: Option<String>,
    /// Go on with new events, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// Only events of these types
    #[arg(long, value_enum, value_name = "TYPES", value_delimiter = ',')]
    types: Vec<Type>,
    /// How to show them: text, or one JSON event per line
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
enum Type {
    /// Something that was to be expected
    Normal,
    /// Something that may need somebody
    Warning,
}

pub(super) fn run(args: &EventsArgs, output: &Output) -> Result<(), Failure> {
    let EventsArgs { component, follow, types, output: format, connection } = args;
    super::block_on(async {
        let cluster = connection.connect().await?;
        let installed = Installed::read(&cluster).await?;
        let all = component.is_none();
        let ours = Ours::new(&installed.only(component.as_deref())?, all);
        let wanted = |event: &Event| {
            let kind = |wanted: &Type| match wanted {
                Type::Normal => event.kind == "Normal",
                Type::Warning => event.kind == "Warning",
            };
            ours.has(event) && (types.is_empty() || types.iter().any(kind))
        };
        if *follow {
            return follow_events(&cluster, &ours, wanted, *format, output).await;
        }
        let raw = read(&cluster, &ours).await?;
        let events = diagnose::dedup(raw.iter().filter_map(Event::of).filter(wanted));
        if events.is_empty() {
            output.say("there are no events");
        }
        let lines: Vec<String> = events.iter().map(|event| line(event, *format)).collect();
        Ok(output.data(&lines.concat())?)
    })?
}

/// All events in the namespaces in which ours may be.
///
/// # Errors
/// They cannot be read.
async fn read(cluster: &Cluster, ours: &Ours) -> Result<Vec<Value>, Error> {
    let kind = diagnose::event_kind();
    let lists = ours.namespaces().iter().map(|namespace| {
        let (kind, selection) = (&kind, Selection::within(Some(namespace)));
        async move { cluster.list(kind, &selection).await }
    });
    Ok(try_join_all(lists).await?.concat())
}

/// The events of a whole installation, for a support bundle.
///
/// # Errors
/// They cannot be read.
pub(super) async fn all(cluster: &Cluster, installed: &Installed) -> Result<Vec<Event>, Error> {
    let ours = Ours::new(installed, true);
    let raw = read(cluster, &ours).await?;
    Ok(diagnose::dedup(raw.iter().filter_map(Event::of).filter(|event| ours.has(event))))
}

async fn follow_events(
    cluster: &Cluster,
    ours: &Ours,
    wanted: impl Fn(&Event) -> bool,
    format: TextOrJson,
    output: &Output,
) -> Result<(), Failure> {
    let kind = diagnose::event_kind();
    let mut changes: SelectAll<BoxStream<'static, Change>> = SelectAll::new();
    for namespace in ours.namespaces() {
        let selection = Selection::within(Some(namespace));
        changes.push(cluster.watch(&kind, &selection).await?);
    }
    // What was there is shown in order, what comes as it comes; nothing twice.
    let (mut first, mut complete) = (Vec::new(), 0);
    let mut told = BTreeSet::new();
    let watches = changes.len();
    while let Some(change) = changes.next().await {
        match change {
            Change::Applied(body) => {
                let version = body["metadata"]["resourceVersion"].as_str().unwrap_or_default();
                let uid = body["metadata"]["uid"].as_str().unwrap_or_default();
                if !told.insert(format!("{uid}/{version}")) {
                    continue;
                }
                let Some(event) = Event::of(&body).filter(&wanted) else { continue };
                if complete < watches {
                    first.push(event);
                } else {
                    output.data(&line(&event, format))?;
                }
            }
            Change::Complete => {
                complete += 1;
                if complete == watches {
                    let events = diagnose::dedup(std::mem::take(&mut first));
                    let lines: Vec<String> = events.iter().map(|e| line(e, format)).collect();
                    output.data(&lines.concat())?;
                }
            }
            Change::Interrupted(error) => {
                output.say(&format!("ksi: the connection broke, it is made again: {error}"));
            }
            Change::Deleted(_) => {}
        }
    }
    Ok(())
}

/// One line of text or of JSON.
pub(super) fn line(event: &Event, format: TextOrJson) -> String {
    match format {
        TextOrJson::Json => format!("{}\n", serde_json::to_value(event).unwrap_or_default()),
        TextOrJson::Text => {
            let Event { last, kind, reason, object, message, count, .. } = event;
            let times = if *count > 1 { format!(" (x{count})") } else { String::new() };
            format!("{last:20}  {kind:7}  {reason}  {object}: {message}{times}\n")
        }
    }
}

/// Where events of objects without a namespace are kept.
const CLUSTER_WIDE: &str = "default";

/// Where our own records are, even where nothing else is.
const ALWAYS: &str = NAMESPACE;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_can_be_read_and_searched() {
        let event = Event::of(&json!({
            "involvedObject": {"kind": "Pod", "namespace": "a", "name": "x", "apiVersion": "v1"},
            "type": "Warning", "reason": "BackOff", "message": "again", "count": 3,
            "lastTimestamp": "2026-11-21T10:00:00Z",
        }))
        .unwrap();
        let text = line(&event, TextOrJson::Text);
        assert_eq!(text, "2026-11-21T10:00:00Z  Warning  BackOff  Pod/a/x: again (x3)\n");
        let json: Value = serde_json::from_str(&line(&event, TextOrJson::Json)).unwrap();
        assert_eq!((&json["type"], &json["object"]["name"]), (&json!("Warning"), &json!("x")));
    }
}
