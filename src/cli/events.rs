//! `ksi events`: show the events of the installation.

use clap::{Args, ValueEnum};

use super::args::connection::ConnectionArgs;
use super::args::format::TextOrJson;
use super::exit::Failure;
use crate::diagnose::Event;
use crate::status::{EventQuery, EventType, EventUpdate, event_line};
use crate::ui::Output;

/// Show the Kubernetes events of the installation, the newest last
///
/// Shows the events of one component, or of all objects that ksi installed and of the namespaces that
/// it created. Repeated events are shown once, with a count. The API server stores events for one hour
/// by default.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi events
  ksi events ks-core --types Warning
  ksi events -f -o json")]
pub(super) struct EventsArgs {
    /// Component [default: all]
    component: Option<String>,
    /// Wait for new events until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// Show only events of these types
    #[arg(long, value_enum, value_name = "TYPES", value_delimiter = ',')]
    types: Vec<Type>,
    /// Output format: text, or one JSON event per line
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
enum Type {
    /// Expected events
    Normal,
    /// Events that may need attention
    Warning,
}

impl From<Type> for EventType {
    fn from(kind: Type) -> Self {
        match kind {
            Type::Normal => Self::Normal,
            Type::Warning => Self::Warning,
        }
    }
}

pub(super) fn run(args: &EventsArgs, output: &Output) -> Result<(), Failure> {
    let EventsArgs { component, follow, types, output: format, connection } = args;
    let types = types.iter().copied().map(EventType::from).collect();
    let query = EventQuery { component: component.clone(), types };
    super::block_on(async {
        let cluster = connection.connect().await?;
        if !follow {
            let events = query.read(&cluster).await?;
            if events.is_empty() {
                output.print("no events");
            }
            return Ok(output.data(&lines(&events, *format))?);
        }
        let mut follower = query.follow(&cluster).await?;
        while let Some(update) = follower.next().await {
            match update {
                EventUpdate::Events(events) => output.data(&lines(&events, *format))?,
                EventUpdate::Reconnecting(cause) => {
                    output.print(&format!("ksi: connection lost, reconnecting: {cause}"));
                }
            }
        }
        Ok(())
    })?
}

/// Each event as a line of text or of JSON.
fn lines(events: &[Event], format: TextOrJson) -> String {
    let line = |event: &Event| match format {
        TextOrJson::Json => serde_json::to_value(event).unwrap_or_default().to_string(),
        TextOrJson::Text => event_line(event),
    };
    events.iter().map(|event| line(event) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn json_has_one_event_a_line() {
        let event = Event::of(&json!({
            "involvedObject": {"kind": "Pod", "namespace": "a", "name": "x", "apiVersion": "v1"},
            "type": "Warning", "reason": "BackOff", "message": "again",
        }))
        .unwrap();
        let text = lines(&[event.clone(), event], TextOrJson::Json);
        let events: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(events.len(), 2);
        let event = &events[0];
        assert_eq!((&event["type"], &event["object"]["name"]), (&json!("Warning"), &json!("x")));
    }
}
