//! The checks before the first write, as flags and as text.

use clap::Args;
use time::OffsetDateTime;

use super::exit::Failure;
use super::format::TextOrJson;
use crate::check::{self, Outcome, Row, TableStyle};
use crate::engine::{Event, Found};
use crate::install::Review;
use crate::ui::{self, Output};

/// Which checks are made before the first write.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct PreflightArgs {
    /// Leave a check out that is made before the first write; may be repeated
    #[arg(long = "skip-check", value_name = "ID")]
    pub(super) skip: Vec<String>,
}

impl PreflightArgs {
    /// Refuses names of checks that do not exist.
    ///
    /// # Errors
    /// One does not.
    pub(super) fn known(&self) -> Result<(), Failure> {
        super::check::known(&self.skip)
    }
}

/// Prints what was found: to people on standard error, as events on standard output.
///
/// # Errors
/// A check failed, or nobody reads the events.
pub(super) fn report(review: &Review, format: TextOrJson, output: &Output) -> Result<(), Failure> {
    let Some(report) = review.preflight.as_ref().filter(|report| !report.rows.is_empty()) else {
        return Ok(());
    };
    match format {
        TextOrJson::Json => {
            for row in &report.rows {
                let json = ui::event_json(&event(row), OffsetDateTime::now_utc());
                output.data(&format!("{json}\n"))?;
            }
        }
        TextOrJson::Text => {
            let (colour, symbols) = (output.colour_messages, output.symbols);
            let table = check::table(report, TableStyle { colour, symbols, short: true });
            output.message(table.trim_end());
        }
    }
    let failed = review.failed_checks();
    if failed.is_empty() { Ok(()) } else { Err(Failure::Preflight(failed)) }
}

fn event(row: &Row) -> Event {
    let (state, message) = match &row.outcome {
        Outcome::Error(text) => (Found::Error, text.clone()),
        Outcome::Warning(text) | Outcome::Skipped(text) => (Found::Warning, text.clone()),
        Outcome::Ok(detail) => (Found::Warning, detail.clone().unwrap_or_default()),
    };
    let help = format!("{}; see docs/check.md#{}", row.check.hint, row.check.id);
    Event::Check { id: row.check.id, state, message, help }
}
