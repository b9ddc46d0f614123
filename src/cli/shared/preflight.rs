//! The checks before the first write: their ids and their results.

use time::OffsetDateTime;

use crate::check::{self, Outcome, Row, TableStyle};
use crate::cli::args::format::TextOrJson;
use crate::cli::exit::Failure;
use crate::engine::{Event, Found};
use crate::install::Review;
use crate::ui::{self, Output};

/// Checks that these checks exist.
///
/// # Errors
/// One does not.
pub(in crate::cli) fn known_checks(ids: &[String]) -> Result<(), Failure> {
    let wrong = ids.iter().find(|id| check::checks().all(|check| check.id != *id));
    wrong.map_or(Ok(()), |id| {
        Err(Failure::Usage(format!(
            "unknown check `{id}`\nhelp: `ksi check --list` lists all checks"
        )))
    })
}

/// Prints the results: text on standard error, JSON events on standard output.
///
/// # Errors
/// A check failed, or standard output cannot be written.
pub(in crate::cli) fn report(
    review: &Review,
    format: TextOrJson,
    output: &Output,
) -> Result<(), Failure> {
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
        Outcome::Warning(text) | Outcome::Unread(text) | Outcome::Skipped(text) => {
            (Found::Warning, text.clone())
        }
        Outcome::Ok(detail) => (Found::Warning, detail.clone().unwrap_or_default()),
    };
    Event::Check { id: row.about.id, state, message, help: row.help() }
}
