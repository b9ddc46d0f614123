//! Diagnostics of an object, which has fields where a file has lines.

use std::collections::BTreeMap;
use std::fmt;

use crate::diagnostic::{Code, Diagnostic, Severity, SourceId, Sources, Span, redacted_text};
use crate::yaml::{self, Node, Path, Step};

/// A diagnostic with the path of a field in place of line and column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// An error, or a warning.
    pub severity: Severity,
    /// The path in the object, as `spec.multicluster.clusterRole`; `None` for what concerns the whole object.
    pub field: Option<Path>,
    /// What is wrong, and in short what to do.
    pub message: String,
}

/// `spec.a.b: message (KSI0012)`
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        write!(f, "{} ({})", self.message, self.code)
    }
}

/// Diagnostics with the paths of the fields that they are about, in the same order.
pub fn problems<'d>(
    diagnostics: impl IntoIterator<Item = &'d Diagnostic>,
    sources: &Sources,
) -> Vec<Problem> {
    let mut documents: BTreeMap<SourceId, Vec<Node>> = BTreeMap::new();
    let problem = |diagnostic: &'d Diagnostic| {
        let field = diagnostic.span.and_then(|span| {
            let parse = || yaml::parse(sources, span.source).0;
            let documents = documents.entry(span.source).or_insert_with(parse);
            let found =
                |document| field_at(document, span).map(|path| shown(&path, document, sources));
            documents.iter().find_map(found)
        });
        let Diagnostic { code, severity, .. } = *diagnostic;
        Problem { code, severity, field, message: message(diagnostic) }
    };
    diagnostics.into_iter().map(problem).collect()
}

/// The message and one advice, on one line.
fn message(diagnostic: &Diagnostic) -> String {
    let message = &diagnostic.message;
    match (diagnostic.label.as_deref(), diagnostic.help.first()) {
        (Some(label), _) => {
            format!("{message}: {}", label.strip_prefix("help: ").unwrap_or(label))
        }
        (None, Some(help)) => format!("{message}; {help}"),
        (None, None) => message.clone(),
    }
}

/// The innermost field that a place belongs to.
fn field_at(document: &Node, place: Span) -> Option<Path> {
    let contains = |span: Option<Span>| {
        span.is_some_and(|span| span.start <= place.start && place.end <= span.end)
    };
    let size = |span: Option<Span>| span.map_or(usize::MAX, |span| span.end - span.start);
    let mut found: Option<(usize, Path)> = None;
    let mut offer = |size: usize, path: Path| {
        if found.as_ref().is_none_or(|(smallest, _)| size < *smallest) {
            found = Some((size, path));
        }
    };
    document.each(&Path::default(), &mut |path, node| {
        if contains(node.span) && !path.0.is_empty() {
            offer(size(node.span), path.clone());
        }
        for entry in node.entries().iter().filter(|entry| contains(entry.key_span)) {
            offer(size(entry.key_span), path.key(&entry.key));
        }
    });
    found.map(|(_, path)| path)
}

/// The path without secrets: who forgets a blank or a key makes a key of a secret.
fn shown(path: &Path, document: &Node, sources: &Sources) -> Path {
    let mut node = Some(document);
    let steps = path.0.iter().map(|step| match step {
        Step::Key(key) => {
            let entry = node.and_then(|node| node.entry(key));
            node = entry.map(|entry| &entry.value);
            let span = entry.and_then(|entry| entry.key_span);
            let hidden = span.is_some_and(|span| sources.is_hidden(span));
            Step::Key(if hidden { "(hidden)".to_owned() } else { redacted_text(key) })
        }
        Step::Index(index) => {
            node = node.and_then(|node| node.items().get(*index));
            step.clone()
        }
    });
    Path(steps.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;

    /// What is wrong with the text of an object.
    fn of(text: &str, at: &str, code: Code) -> String {
        let mut sources = Sources::default();
        let source = sources.add("cc", text);
        let start = text.find(at).unwrap();
        let span = Span { source, start, end: start + at.len() };
        let found: Diagnostics =
            [Diagnostic::error(code, "it is wrong").at(span)].into_iter().collect();
        problems(&found, &sources)[0].to_string()
    }

    #[test]
    fn a_place_is_told_as_the_path_of_the_innermost_field() {
        let text =
            r#"{"metadata":{"name":"a"},"spec":{"etcd":{"x.y":[{"port":1}]},"z":"long text"}}"#;
        for (at, path) in [
            (r#""etcd""#, "spec.etcd"),
            (r#""x.y""#, r#"spec.etcd["x.y"]"#),
            ("1", r#"spec.etcd["x.y"][0].port"#),
            ("text", "spec.z"),
        ] {
            assert_eq!(of(text, at, Code::BadPort), format!("{path}: it is wrong (KSI0038)"));
        }
    }

    #[test]
    fn advice_is_a_part_of_the_line() {
        let plain = Diagnostic::error(Code::UnknownField, "unknown field `a`");
        let told = |diagnostic: Diagnostic| message(&diagnostic);
        assert_eq!(told(plain.clone()), "unknown field `a`");
        assert_eq!(
            told(plain.clone().label("help: did you mean `b`?")),
            "unknown field `a`: did you mean `b`?"
        );
        assert_eq!(told(plain.help("remove it").help("or not")), "unknown field `a`; remove it");
    }
}
