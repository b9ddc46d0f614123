//! Shows a plan before it is executed.

use crate::cli::args::format::TextOrJson;
use crate::cli::exit::Failure;
use crate::plan::{self, Plan, TextOptions};
use crate::ui::Output;

/// One line per change.
pub(in crate::cli) fn summary(plan: &Plan, output: &Output) -> String {
    let options =
        TextOptions { colour: output.colour, summary_only: true, ..TextOptions::default() };
    plan::text(plan, options)
}

/// Prints a plan for a dry run.
///
/// # Errors
/// There are conflicts, or standard output cannot be written.
pub(in crate::cli) fn show(
    plan: &Plan,
    format: TextOrJson,
    output: &Output,
) -> Result<(), Failure> {
    let text = match format {
        TextOrJson::Text => summary(plan, output),
        TextOrJson::Json => format!("{:#}\n", plan::json(plan)),
    };
    output.data(&text)?;
    conflicts(plan.summary().conflict)
}

/// Maps conflicts to the exit code, also for a dry run.
///
/// # Errors
/// There are conflicts.
pub(in crate::cli) fn conflicts(count: usize) -> Result<(), Failure> {
    if count > 0 { Err(Failure::Conflicts(count)) } else { Ok(()) }
}
