//! Events of a run as lines of text and as JSON.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::engine::{Event, Phase, Pruned};
use crate::plan::{Action, Summary};

/// An event as a line for people; `None` for those that say nothing to them. Errors are told by
/// whoever ends the process.
pub fn event_line(event: &Event) -> Option<String> {
    let reason = |reason: &Option<String>| {
        reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"))
    };
    match event {
        Event::Apply { component, object, state, reason: why } => {
            let word = match state {
                Action::Create => "created",
                Action::Update => "updated",
                Action::Adopt => "adopted",
                Action::Conflict => "conflict",
                _ => return None,
            };
            Some(format!("{word} {object} ({component}){}", reason(why)))
        }
        Event::Prune { object, state, reason: why, .. } => {
            let word = match state {
                Pruned::Deleted => "deleted",
                Pruned::Kept => "kept",
            };
            Some(format!("{word} {object}{}", reason(why)))
        }
        Event::Status { state: Phase::ValuesKept, message } => {
            Some(format!("made and kept: {message}"))
        }
        Event::Status { .. } | Event::Error { .. } => None,
        Event::Summary(counts) => Some(summary(counts)),
    }
}

fn summary(summary: &Summary) -> String {
    let Summary { create, update, adopt, delete, keep, unchanged, conflict } = *summary;
    let parts: Vec<String> = [
        (create, "created"),
        (update, "updated"),
        (adopt, "adopted"),
        (delete, "deleted"),
        (keep, "kept"),
        (conflict, "in conflict"),
        (unchanged, "unchanged"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    let done = if summary.writes() + conflict == 0 { "nothing to do" } else { "done" };
    format!("{done}: {}", parts.join(", "))
}

/// An event as one JSON value, with the time at which it was told.
pub fn event_json(event: &Event, now: OffsetDateTime) -> Value {
    let mut json = serde_json::to_value(event).unwrap_or_default();
    if let (Some(map), Ok(now)) = (json.as_object_mut(), now.format(&Rfc3339)) {
        map.shift_insert(0, "ts".to_owned(), now.into());
    }
    json
}
