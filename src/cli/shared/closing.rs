//! The last JSON event of a run: its summary, or the error that ended it, both with the exit code.

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::cli::args::format::TextOrJson;
use crate::cli::exit::Failure;
use crate::engine::Event;
use crate::plan::Summary;
use crate::status::{self, NextSteps};
use crate::ui::{self, Output};

/// With JSON, prints what was done, and where the console and Tower are reached.
///
/// # Errors
/// Standard output cannot be written.
pub(in crate::cli) fn summary(
    format: TextOrJson,
    summary: Summary,
    next: Option<&NextSteps>,
    code: u8,
    output: &Output,
) -> Result<(), Failure> {
    // Text has it already.
    if format == TextOrJson::Text {
        return Ok(());
    }
    let mut event = ui::event_json(&Event::Summary(summary), OffsetDateTime::now_utc());
    event["exitCode"] = code.into();
    if let Some(NextSteps { console, tower, .. }) = next {
        let [console, tower] = [console, tower].map(|e| e.as_ref().and_then(|e| e.url.clone()));
        event["addresses"] = json!({"console": console, "tower": tower});
    }
    Ok(output.data(&format!("{event}\n"))?)
}

/// Prints why a run failed.
pub(in crate::cli) fn error(failure: &Failure, code: u8, output: &Output) {
    // Its summary has been printed, or nobody reads any more.
    if matches!(failure, Failure::Conflicts { .. } | Failure::ClosedPipe) {
        return;
    }
    let _ = output.data(&format!("{}\n", error_event(failure, code, OffsetDateTime::now_utc())));
}

fn error_event(failure: &Failure, code: u8, now: OffsetDateTime) -> Value {
    let text = failure.to_string();
    let (message, help) = text.split_once("\nhelp: ").unwrap_or((&text, ""));
    let message = if message.is_empty() { failure.summary() } else { message };
    let mut event = json!({"ts": status::timestamp(now), "type": "error"});
    if let Some(reason) = failure.reason() {
        event["reason"] = json!(reason);
    }
    event["message"] = message.into();
    event["help"] = help.into();
    event["exitCode"] = code.into();
    event
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::engine;

    #[test]
    fn an_error_event_has_message_help_reason_and_exit_code() {
        let now = datetime!(2026-11-21 16:20:00 UTC);
        let failure = Failure::Usage("unknown check `x`\nhelp: list them".to_owned());
        assert_eq!(
            error_event(&failure, 2, now),
            json!({"ts": "2026-11-21T16:20:00Z", "type": "error", "message": "unknown check `x`",
                "help": "list them", "exitCode": 2})
        );
        let changed = Failure::Engine(engine::Error::Changed("Secret/x".to_owned()));
        let event = error_event(&changed, 8, now);
        assert_eq!((&event["reason"], &event["exitCode"]), (&json!("locked"), &json!(8)));
        let invalid = error_event(&Failure::Invalid, 3, now);
        assert_eq!(invalid["message"], "the configuration is invalid");
    }
}
