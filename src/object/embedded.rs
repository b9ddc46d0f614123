//! The YAML document inside a ConfigMap: `data."kubesphere.yaml"` of kubesphere-config.

use serde_json::{Map, Value};

use crate::diagnostic::Sources;
use crate::yaml;

/// The key from which KubeSphere's components read their configuration.
pub const KEY: &str = "kubesphere.yaml";

/// A text that is not a YAML document. The message contains no part of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not valid YAML, line {line}: {reason}")]
pub struct Unreadable {
    /// The line in the embedded text, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// The document of a ConfigMap; `None` if it has no such key. An empty text is an empty document.
///
/// # Errors
/// The text is not YAML, or not a mapping.
pub fn read(body: &Value) -> Result<Option<Value>, Unreadable> {
    match &body["data"][KEY] {
        Value::String(text) => parse(text).map(Some),
        _ => Ok(None),
    }
}

/// Writes a document into a ConfigMap as text, replacing the current one.
pub fn write(body: &mut Value, document: &Value) {
    let Value::Object(fields) = body else { return };
    let data = fields.entry("data").or_insert(Value::Null);
    if !data.is_object() {
        *data = Value::Object(Map::new());
    }
    data[KEY] = Value::String(yaml::emit(document));
}

/// One YAML document that is a mapping, as plain values.
///
/// # Errors
/// The text is not YAML, is several documents, or is not a mapping.
pub fn parse(text: &str) -> Result<Value, Unreadable> {
    let mut sources = Sources::default();
    let id = sources.add(KEY, text);
    let (mut documents, problems) = yaml::parse(&sources, id);
    if let Some(problem) = problems.first() {
        let line = problem.span.map_or(1, |span| sources.position(span).line);
        return Err(Unreadable { line, reason: problem.code.title().to_owned() });
    }
    let refuse = |reason: &str| Err(Unreadable { line: 1, reason: reason.to_owned() });
    match documents.pop().map(yaml::Node::into_json) {
        _ if !documents.is_empty() => refuse("several documents in one text"),
        None | Some(Value::Null) => Ok(Value::Object(Map::new())),
        Some(map @ Value::Object(_)) => Ok(map),
        Some(_) => refuse("not a mapping"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut body = json!({"kind": "ConfigMap", "data": {"other": "x"}});
        let document = json!({"authentication": {"jwtSecret": "0400"}, "list": ["yes"], "n": null});
        write(&mut body, &document);
        assert_eq!(read(&body), Ok(Some(document)));
        assert_eq!(body["data"]["other"], "x");
    }

    /// `kubectl get cm -o yaml | grep jwtSecret`, as the guides have it, finds a line only while
    /// kubectl prints the text as a block, which a tab or a trailing blank prevents.
    #[test]
    fn the_text_can_be_searched_by_line() {
        let mut body = json!({});
        write(
            &mut body,
            &json!({"a": {"b": [], "c": {}, "d": null, "e": ""}, "f": [{"g": "h i"}]}),
        );
        let text = body["data"][KEY].as_str().unwrap();
        assert!(!text.contains('\t'), "{text}");
        assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
    }

    #[test]
    fn empty_texts_are_empty_documents() {
        for text in ["", "\n", "# only a comment\n", "---\n", "null"] {
            assert_eq!(parse(text), Ok(json!({})), "{text:?}");
        }
        assert_eq!(read(&json!({"data": {"other": "x"}})), Ok(None));
    }

    #[test]
    fn errors_name_the_line_and_show_nothing_of_the_text() {
        let error = parse("a: 1\nsecret: [hunter2\n").unwrap_err().to_string();
        assert!(error.contains("line") && !error.contains("hunter2"), "{error}");
        assert!(parse("- hunter2").is_err());
        assert!(parse("a: 1\n---\nb: 2\n").is_err());
        assert!(parse("a: 1\na: 2\n").is_err());
    }
}
