//! Asks before something is changed.

use std::io::{BufRead as _, IsTerminal as _};

use super::exit::Failure;
use super::interrupt;
use crate::ui::Output;

/// Asks a question that `--yes` answers.
///
/// # Errors
/// The answer is no; or there is nobody to ask, which must not hang.
pub(super) fn confirm(question: &str, yes: bool, output: &Output) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::Usage(
            "there is no terminal to ask on\nhelp: look at the plan with --dry-run, then pass --yes"
                .to_owned(),
        ));
    }
    output.message(&format!("{question} [y/N]"));
    let mut answer = String::new();
    interrupt::while_asking(|| stdin.lock().read_line(&mut answer))
        .map_err(|error| Failure::Io(format!("cannot read the answer: {error}")))?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(Failure::Declined)
    }
}
