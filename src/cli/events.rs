//! `ksi events`: what happened to the installation, the newest last.

use clap::{Args, ValueEnum};

use super::connection::ConnectionArgs;
use super::exit::Failure;
use super::format::TextOrJson;
use crate::diagnose::Event;
use crate::status::{EventQuery, EventType, EventUpdate, event_line};
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
                output.print("there are no events");
            }
            return Ok(output.data(&lines(&events, *format))?);
        }
        let mut follower = query.follow(&cluster).await?;
        while let Some(update) = follower.next().await {
            match update {
                EventUpdate::Events(events) => output.data(&lines(&events, *format))?,
                EventUpdate::Reconnecting(cause) => {
                    output.print(&format!("ksi: the connection broke, it is made again: {cause}"));
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
