//! Shows a plan before it is executed.

use crate::cli::args::format::TextOrJson;
use crate::cli::exit::Failure;
use crate::plan::{self, Change, Plan, TextOptions};
use crate::ui::Output;

/// One line per change.
pub(in crate::cli) fn summary(plan: &Plan, output: &Output) -> String {
    let options = TextOptions {
        colour: output.colour,
        summary_only: true,
        list_all: output.verbose,
        ..TextOptions::default()
    };
    plan::text(plan, options)
}

/// Warns of values of others that the plan replaces.
pub(in crate::cli) fn warn_of_replaced(plan: &Plan, output: &Output) {
    let lines = plan::replaced(plan);
    for line in &lines {
        output.message(&format!("warning: {line}"));
    }
    if !lines.is_empty() {
        output.message("help: to keep such a value, set it in the configuration");
    }
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
    conflicts(plan)
}

/// Maps conflicts to the exit code, also for a dry run.
///
/// # Errors
/// There are conflicts.
pub(in crate::cli) fn conflicts(plan: &Plan) -> Result<(), Failure> {
    match plan.summary().conflict {
        0 => Ok(()),
        count => {
            let takeable = plan.changes.iter().any(Change::is_takeable);
            Err(Failure::Conflicts { count, takeable })
        }
    }
}
