//! Confirmations before something changes: by an answer, or by a flag.

use std::io::{BufRead as _, IsTerminal as _};

use super::interrupt;
use super::risk::{notice, refusals};
use crate::cli::exit::Failure;
use crate::install::{Consents, Review};
use crate::ui::Output;

/// Asks a question that `--yes` answers.
///
/// # Errors
/// The answer is no; or standard input is not a terminal, so that asking would hang.
pub(in crate::cli) fn confirm(question: &str, yes: bool, output: &Output) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::Usage(
            "cannot ask for confirmation: standard input is not a terminal\n\
             help: check the changes with --dry-run, then pass --yes"
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

/// Whether flags confirm every risk of a review.
///
/// # Errors
/// Some risks are not confirmed; the text names them and their flags.
pub(in crate::cli) fn consented(review: &Review, consents: &Consents) -> Result<(), Failure> {
    let missing = review.unconfirmed(consents);
    if missing.is_empty() { Ok(()) } else { Err(Failure::Usage(refusals(missing))) }
}

/// The same, and prints a line for each confirmed risk.
///
/// # Errors
/// Some risks are not confirmed.
pub(in crate::cli) fn consented_with_notice(
    review: &Review,
    consents: &Consents,
    output: &Output,
) -> Result<(), Failure> {
    consented(review, consents)?;
    for text in review.risks.iter().filter_map(notice) {
        output.message(&text);
    }
    Ok(())
}
