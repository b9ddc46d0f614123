//! Explains syntax errors: common mistakes get a message and a fix.

use std::ops::Range;

use serde_saphyr::granit_parser::ScanError;

use crate::diagnostic::{Code, Diagnostic};

/// Part of the parser's message, our message, and the fix.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "unknown anchor",
        "an alias (`*name`) without an anchor (`&name`) before it",
        "quote text that begins with `*`",
    ),
    (
        "mapping values are not allowed",
        "a `:` where no key is allowed",
        "compare the indentation with the line above; quote text that contains `: `",
    ),
    (
        "did not find expected key",
        "this line does not line up with the keys above",
        "all keys of a mapping must begin in the same column",
    ),
    (
        "block sequence entries are not allowed",
        "a list item (`- `) where no list is allowed",
        "begin the list on its own line, below its key",
    ),
    (
        "simple key",
        "a line without `:`, or a key that is not closed",
        "use `key: value`, with a space after the colon",
    ),
    ("unclosed", "a quote or bracket that is not closed", "close it on the same line"),
    (
        "quoted scalar",
        "quoted text that is not closed, or text after the closing quote",
        "close the quote, and put nothing after it",
    ),
    (
        "cannot start any token",
        "a character that cannot begin a value",
        "quote text that begins with `@`, `` ` `` or `%`",
    ),
];

/// The diagnostic, and the bytes that it points at.
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
    let info = error.info();
    let mistake = MISTAKES.iter().find(|(pattern, ..)| info.contains(pattern));
    let diagnostic = match mistake {
        Some((_, message, help)) => {
            Diagnostic::error(Code::Syntax, *message).label(info).help(*help)
        }
        None => Diagnostic::error(Code::Syntax, info),
    };
    (diagnostic, at..(at + 1).min(text.len()))
}

/// Lines that come from somewhere else: a version control system, a web page.
fn whole_line(line: &str) -> Option<(&'static str, &'static str)> {
    if ["<<<<<<< ", ">>>>>>> ", "======="].iter().any(|marker| line.starts_with(marker)) {
        return Some(("a Git conflict marker", "choose one side and remove the markers"));
    }
    if line.trim_start().starts_with("```") {
        return Some((
            "a Markdown fence",
            "remove the lines with ```: they are not part of the YAML",
        ));
    }
    None
}
