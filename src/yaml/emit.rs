//! Writes values as YAML.

use std::fmt::Write as _;

use serde::Serialize;

/// The YAML text of a value: block style, strings quoted if any YAML parser would misread them,
/// multi-line strings as literal blocks. Ends with a newline.
pub fn emit(value: &impl Serialize) -> String {
    let options = serde_saphyr::ser_options! {
        // Long lines are not folded: people grep them.
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
