//! Values to YAML text.

use std::fmt::Write as _;

use serde::Serialize;

/// YAML text of a value, block style, strings quoted where any YAML reader would misread them, text
/// of several lines as a literal block. Ends with a newline.
pub fn emit(value: &impl Serialize) -> String {
    let options = serde_saphyr::ser_options! {
        // Long lines stay one line: people grep them.
        folded_wrap_chars: usize::MAX,
    };
    let mut text = String::new();
    if let Err(error) = serde_saphyr::to_fmt_writer_with_options(&mut text, value, options) {
        // Only non-string keys and failing `Serialize` impls get here, and our types have neither;
        // JSON is YAML too, so the caller still gets a document.
        text = serde_json::to_string_pretty(value)
            .unwrap_or_else(|_| format!("# cannot be written as YAML: {error}"));
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Several documents as one stream, each after a `---` line.
pub fn emit_documents<T: Serialize>(values: impl IntoIterator<Item = T>) -> String {
    values.into_iter().fold(String::new(), |mut stream, value| {
        let _ = write!(stream, "---\n{}", emit(&value));
        stream
    })
}
