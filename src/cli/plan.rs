//! How a plan is shown before it is carried out.

use super::exit::Failure;
use super::format::TextOrJson;
use crate::plan::{self, Plan, TextOptions};
use crate::ui::Output;

/// One line per change.
pub(super) fn summary(plan: &Plan, output: &Output) -> String {
    let options =
        TextOptions { colour: output.colour, summary_only: true, ..TextOptions::default() };
    plan::text(plan, options)
}

/// Prints a plan for a dry run.
///
/// # Errors
/// There are conflicts, or nobody reads it.
pub(super) fn show(plan: &Plan, format: TextOrJson, output: &Output) -> Result<(), Failure> {
    let text = match format {
        TextOrJson::Text => summary(plan, output),
        TextOrJson::Json => format!("{:#}\n", plan::json(plan)),
    };
    output.data(&text)?;
    conflicts(plan.summary().conflict)
}

/// Conflicts show in the exit code, dry run or not.
///
/// # Errors
/// There are some.
pub(super) fn conflicts(count: usize) -> Result<(), Failure> {
    if count > 0 { Err(Failure::Conflicts(count)) } else { Ok(()) }
}
