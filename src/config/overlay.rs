//! Merges several files and `--set` flags into one tree: later wins per key.

use serde_json::Value;

use super::shape;
use crate::diagnostic::{Code, Diagnostic, Sources, Span, redacted_text};
use crate::yaml::{self, Content, Entry, Node, Path, Step};

/// Merges `over` into `base`: mappings per key, everything else is replaced.
pub(super) fn overlay(base: &mut Node, over: Node) {
    match (&mut base.content, over.content) {
        (Content::Map(_), Content::Map(entries)) => {
            for entry in entries {
                match base.get_mut(&entry.key) {
                    Some(value) => overlay(value, entry.value),
                    None => base.insert(entry),
                }
            }
        }
        (_, content) => *base = Node { content, span: over.span },
    }
}

/// Sets the value at a path of keys, creating the mappings on the way.
pub(super) fn put(node: &mut Node, path: &[Step], key_span: Option<Span>, value: Node) {
    let Some((Step::Key(key), rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        node.insert(Entry { key: key.clone(), key_span, value });
        return;
    }
    if !node.get(key).is_some_and(|n| matches!(n.content, Content::Map(_))) {
        node.insert(Entry { key: key.clone(), key_span, value: Node::empty_map() });
    }
    if let Some(child) = node.get_mut(key) {
        put(child, rest, key_span, value);
    }
}

/// Applies one `--set path=value` to the specification. The value is YAML; if the schema wants a string,
/// it is used literally.
///
/// # Errors
/// No `=`, an empty path, or a value that is not YAML.
pub(super) fn set(
    spec: &mut Node,
    flag: &str,
    sources: &mut Sources,
    schema: &Value,
) -> Result<(), Diagnostic> {
    let source = sources.add("--set", flag);
    let whole = Span { source, start: 0, end: flag.len() };
    let Some((name, text)) = flag.split_once('=') else {
        return Err(Diagnostic::error(Code::BadSet, "`--set` takes path=value")
            .at(whole)
            .help("for example --set multicluster.clusterRole=host"));
    };
    let path = Path::keys(name.trim().strip_prefix("spec.").unwrap_or(name.trim()));
    if path.0.is_empty() || name.contains("..") || name.contains('[') {
        let shown = redacted_text(name);
        return Err(Diagnostic::error(Code::BadSet, format!("`{shown}` is not a valid path"))
            .at(Span { end: name.len(), ..whole })
            .help("separate keys by dots, and set a list as a whole: --set key='[a, b]'"));
    }
    let key_span = Span { end: name.len(), ..whole };
    let value_span = Span { start: name.len() + 1, ..whole };
    let value = if wants_text(schema, &path) && text != "null" {
        Node { content: Content::Scalar(Value::String(text.to_owned())), span: Some(value_span) }
    } else {
        let (mut nodes, problems) = yaml::parse_part(sources, source, name.len() + 1..flag.len());
        if let Some(problem) = problems.into_iter().next() {
            return Err(problem);
        }
        let null = Node { content: Content::Scalar(Value::Null), span: Some(value_span) };
        if nodes.is_empty() { null } else { nodes.swap_remove(0) }
    };
    put(spec, &path.0, Some(key_span), value);
    Ok(())
}

/// Whether the schema allows nothing but a string at the path.
fn wants_text(schema: &Value, path: &Path) -> bool {
    match &shape::subschema(schema, path)["type"] {
        Value::String(name) => name == "string",
        Value::Array(names) => {
            names.iter().all(|n| n == "string" || n == "null") && !names.is_empty()
        }
        _ => false,
    }
}
