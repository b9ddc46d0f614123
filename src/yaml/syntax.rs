//! What the parser stumbled over, in words that help: the usual slips are named.

use std::ops::Range;

use serde_saphyr::granit_parser::ScanError;

use crate::diagnostic::{Code, Diagnostic};

/// Words of the parser, what a person would say, and what to do.
const SLIPS: &[(&str, &str, &str)] = &[
    (
        "unknown anchor",
        "an alias (`*name`) without an anchor (`&name`) before it",
        "put a text that begins with `*` in quotes",
    ),
    (
        "mapping values are not allowed",
        "a `:` where no key can stand",
        "compare the indentation with the line above; a text with `: ` in it needs quotes",
    ),
    (
        "did not find expected key",
        "this line does not line up with the keys above",
        "keys of one mapping begin in the same column",
    ),
    (
        "block sequence entries are not allowed",
        "a list item (`- `) where no list can stand",
        "begin the list on a line of its own, below its key",
    ),
    (
        "simple key",
        "a line without `:`, or a key that is not closed",
        "write `key: value`, with a space behind the colon",
    ),
    ("unclosed", "a quote or bracket that is not closed", "close it on the same line"),
    (
        "quoted scalar",
        "a quoted text that is not closed, or something behind its end",
        "close the quote, and put nothing behind it",
    ),
    (
        "cannot start any token",
        "a character that cannot begin a value",
        "put a text that begins with `@`, `` ` `` or `%` in quotes",
    ),
];

/// The problem and the bytes that it is about.
pub(super) fn explain(text: &str, error: &ScanError) -> (Diagnostic, Range<usize>) {
    let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
    let line_start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    if let Some((message, help)) = whole_line(line) {
        let diagnostic = Diagnostic::error(Code::Syntax, message).help(help);
        return (diagnostic, line_start..line_start + line.len());
    }
    let indent = &line[..line.len() - line.trim_start().len()];
    if let Some(tab) = indent.find('\t') {
        let tab = line_start + tab;
        let diagnostic = Diagnostic::error(Code::Syntax, "a tab in the indentation")
            .help("indent with spaces: YAML allows no tabs here");
        return (diagnostic, tab..tab + 1);
    }
    let words = error.info();
    let slip = SLIPS.iter().find(|(pattern, ..)| words.contains(pattern));
    let diagnostic = match slip {
        Some((_, message, help)) => {
            Diagnostic::error(Code::Syntax, *message).label(words).help(*help)
        }
        None => Diagnostic::error(Code::Syntax, words),
    };
    (diagnostic, at..(at + 1).min(text.len()))
}

/// Lines that come from somewhere else: a version control system, a web page.
fn whole_line(line: &str) -> Option<(&'static str, &'static str)> {
    if ["<<<<<<< ", ">>>>>>> ", "======="].iter().any(|marker| line.starts_with(marker)) {
        return Some((
            "a conflict marker of git",
            "choose one of the two sides and remove the markers",
        ));
    }
    if line.trim_start().starts_with("```") {
        return Some((
            "a Markdown fence",
            "remove the lines with ```: they are not part of the YAML",
        ));
    }
    None
}
