//! The events of a run as lines of text and as JSON.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::engine::{ComponentState, Event, Phase, Pruned};
use crate::plan::{Action, Summary};
use crate::target::Finding;

/// An event as a line of text; `None` for events that users need not see. The error that ends a run
/// is printed when the process exits.
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
                Pruned::Released => "released",
            };
            Some(format!("{word} {object}{}", reason(why)))
        }
        Event::Status { state: Phase::Locking, message } | Event::Connection { message, .. } => {
            Some(message.clone())
        }
        Event::Status { state: Phase::ValuesStored, message } => {
            Some(format!("generated and stored: {message}"))
        }
        Event::Component { name, state: ComponentState::Conflict, done, total, reason: why } => {
            Some(format!("{name}{} ({done} of {total})", reason(why)))
        }
        Event::Component { name, state, done, total, reason: why } => {
            let word = match state {
                ComponentState::Healthy => "is healthy",
                ComponentState::Failed => "failed",
                ComponentState::Skipped => "skipped",
                ComponentState::Done => "applied",
                ComponentState::Waiting
                | ComponentState::Applying
                | ComponentState::Checking
                | ComponentState::Conflict => return None,
            };
            Some(format!("{name} {word} ({done} of {total}){}", reason(why)))
        }
        Event::Wait { component, object, reason, cause } => {
            let cause = cause.as_ref().map_or_else(String::new, |cause| {
                format!("; {cause}\n  next: {}", cause.next_step)
            });
            Some(format!("waiting for {object} ({component}): {reason}{cause}"))
        }
        Event::Ready { component, object } => Some(format!("ready {object} ({component})")),
        Event::Finding { component, finding } => Some(finding_text(component, finding)),
        Event::Warning { message } => Some(format!("warning: {message}")),
        // One object of several; the final error is printed when the process exits.
        Event::Error { object: Some(object), reason: Some(_), message, help } => {
            let next = if help.is_empty() { String::new() } else { format!("\n  next: {help}") };
            Some(format!("failed {object}: {message}{next}"))
        }
        // The command that runs the checks shows them as a table.
        Event::Check { .. } | Event::Status { .. } | Event::Error { .. } => None,
        Event::Summary(counts) => Some(summary(counts)),
    }
}

fn finding_text(component: &str, finding: &Finding) -> String {
    let Finding { object, reason, message, lines, next_step } = finding;
    let mut text = format!("{object} ({component}): {reason}: {message}");
    for line in lines {
        text.push_str("\n    ");
        text.push_str(line);
    }
    format!("{text}\n  next: {next_step}")
}

fn summary(summary: &Summary) -> String {
    let Summary { create, update, adopt, delete, keep, unchanged, conflict, release } = *summary;
    let parts: Vec<String> = [
        (create, "created"),
        (update, "updated"),
        (adopt, "adopted"),
        (delete, "deleted"),
        (release, "released"),
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

/// An event as one JSON value, with its time.
pub fn event_json(event: &Event, now: OffsetDateTime) -> Value {
    let mut json = serde_json::to_value(event).unwrap_or_default();
    if let (Some(map), Ok(now)) = (json.as_object_mut(), now.format(&Rfc3339)) {
        map.shift_insert(0, "ts".to_owned(), now.into());
    }
    json
}
