//! What libraries and servers say, as people can read it in one line.

use std::error::Error;
use std::fmt::Write as _;

/// An error with its sources, without repetitions.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let next = cause.to_string();
        if !text.contains(&next) {
            let _ = write!(text, ": {next}");
        }
        source = cause.source();
    }
    text
}

/// A text in one line, without control characters, and with at most so many characters.
pub fn printable(text: &str, most: usize) -> String {
    let one_line = text.chars().map(|c| if c == '\n' || c == '\t' { ' ' } else { c });
    let clean: String = one_line.filter(|c| !c.is_control()).take(most).collect();
    clean.trim().to_owned()
}
