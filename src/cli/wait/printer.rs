//! The output of a wait.

use time::OffsetDateTime;

use crate::cli::args::format::TextOrJson;
use crate::cli::exit::Failure;
use crate::status::{self, WaitEvent};
use crate::ui::{self, Output};

/// Prints the events of a wait: JSON on standard output, text on standard error.
pub(super) struct Printer<'p> {
    pub(super) format: TextOrJson,
    pub(super) output: &'p Output,
}

impl Printer<'_> {
    pub(super) fn event(&self, event: WaitEvent) -> Result<(), Failure> {
        let event = match event {
            WaitEvent::Event(event) => event,
            WaitEvent::StillWaiting { awaited, connection_error } => {
                let lost = connection_error.map_or_else(String::new, |error| {
                    format!("; connection lost, reconnecting: {error}")
                });
                return self.message("wait", &format!("still waiting for {awaited}{lost}"));
            }
        };
        let now = OffsetDateTime::now_utc();
        match self.format {
            TextOrJson::Text => {
                if let Some(line) = ui::event_line(&event) {
                    self.line(&line);
                }
            }
            TextOrJson::Json => self.output.data(&format!("{}\n", ui::event_json(&event, now)))?,
        }
        Ok(())
    }

    pub(super) fn message(&self, kind: &str, message: &str) -> Result<(), Failure> {
        match self.format {
            TextOrJson::Text => self.line(message),
            TextOrJson::Json => {
                let ts = status::timestamp(OffsetDateTime::now_utc());
                let mut json = serde_json::json!({"ts": ts, "type": kind, "message": message});
                if kind == "summary" {
                    json["exitCode"] = 0.into();
                }
                self.output.data(&format!("{json}\n"))?;
            }
        }
        Ok(())
    }

    fn line(&self, line: &str) {
        self.output.print(&format!("{} {line}", status::clock(OffsetDateTime::now_utc())));
    }
}
