//! Rewrites a file from an old format into the current one, line by line, so that comments and order
//! are kept.
//!
//! Each step moves the lines of one old key to its new place and parses the text again. At the end the
//! new text must be equivalent to the old one; if it is not (a flow mapping, a key merged into another),
//! the document is written from its values, and the result reports that comments were lost.

use std::ops::Range;

use super::{misindented, next};
use crate::config::document::{self, Documents};
use crate::config::{API_VERSION, Input, KIND, NAME, NAMESPACE, Request, load};
use crate::diagnostic::{Code, Severity, Sources};
use crate::yaml::{self, Entry, Node, Path, Step};

/// A file in the current format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The new text; equal to the old one if there was nothing to migrate.
    pub text: String,
    /// The number of old keys that were moved or dropped.
    pub moved: usize,
    /// Whether comments and order were kept.
    pub comments_kept: bool,
}

/// Rewrites the ClusterConfiguration in a text; other documents stay as they are. `None` if there is no
/// valid one, or if old and new keys in it have different values.
pub fn rewrite(name: &str, text: &str) -> Option<Rewritten> {
    let wanted = parsed(name, text)?;
    let mut parts = parts(text);
    let (_, body) =
        parts.iter_mut().find(|(_, body)| read(name, body).1.configuration.is_some())?;
    let rewritten = rewrite_document(name, body)?;
    *body = &rewritten.text;
    let text: String = parts.into_iter().flat_map(|(marker, body)| [marker, body]).collect();
    // What KubeKey's document adds is added again.
    (parsed(name, &text)?.0 == wanted.0).then_some(Rewritten { text, ..rewritten })
}

/// The documents of a text, each with the line that begins it. No content has `---` in the first column.
fn parts(text: &str) -> Vec<(&str, &str)> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at > 0 && is_marker(line) {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let parts = starts.iter().zip(ends).map(|(start, end)| {
        let part = &text[*start..end];
        let line = part.split_inclusive('\n').next().unwrap_or_default();
        part.split_at(if is_marker(line) { line.len() } else { 0 })
    });
    parts.collect()
}

/// Whether a line begins a document and contains nothing of it.
fn is_marker(line: &str) -> bool {
    let rest = line.strip_prefix("---").map(str::trim_start);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
}

/// Rewrites the only document of a text. `None` also if there are several that no line of their own separates.
fn rewrite_document(name: &str, text: &str) -> Option<Rewritten> {
    let mut sources = Sources::default();
    let id = sources.add(name, text);
    if yaml::parse(&sources, id).0.iter().filter(|node| !node.is_null()).count() > 1 {
        return None;
    }
    let wanted = parsed(name, text)?;
    // Work on plain lines, each with its end; the text gets its own line ends back.
    let windows = text.contains("\r\n");
    let mut lines = text.replace("\r\n", "\n");
    if !lines.ends_with('\n') {
        lines.push('\n');
    }
    let original = lines.clone();
    lines = from_config_map(name, &lines).unwrap_or(lines);
    let mut moved = 0;
    // Each step removes one old key; the bound only guards against a bug in a step.
    let done = loop {
        match step(name, &lines) {
            Stepped::Done => break true,
            Stepped::Moved(stepped) if moved < 1_000 => lines = stepped,
            Stepped::Moved(_) | Stepped::Stuck => break false,
        }
        moved += 1;
    };
    let kept = done && parsed(name, &lines) == Some(wanted.clone());
    if done && lines == original {
        return Some(Rewritten { text: text.to_owned(), moved, comments_kept: true });
    }
    if !kept {
        lines = from_values(&wanted);
        moved = old_keys(name, text);
    }
    if windows {
        lines = lines.replace('\n', "\r\n");
    }
    Some(Rewritten { text: lines, moved, comments_kept: kept })
}

/// The number of old keys in a text.
fn old_keys(name: &str, text: &str) -> usize {
    let input = Input { name: name.to_owned(), bytes: text.as_bytes().to_vec() };
    let loaded = load(Request { inputs: vec![input], sets: Vec::new() });
    let is_old = |code| matches!(code, Code::Migrated | Code::Obsolete | Code::MisindentedRole);
    loaded.diagnostics.iter().filter(|diagnostic| is_old(diagnostic.code)).count()
}

/// The migrated specification of a text, and its metadata.
fn parsed(name: &str, text: &str) -> Option<(serde_json::Value, serde_json::Value)> {
    let input = Input { name: name.to_owned(), bytes: text.as_bytes().to_vec() };
    let loaded = load(Request { inputs: vec![input], sets: Vec::new() });
    if loaded.diagnostics.iter().any(|d| d.severity == Severity::Error) {
        return None;
    }
    let metadata = loaded.metadata().map(Node::to_json).unwrap_or_default();
    Some((loaded.spec?.to_json(), metadata))
}

fn read(name: &str, text: &str) -> (Sources, Documents) {
    let mut sources = Sources::default();
    let id = sources.add(name, text);
    let documents = document::read(&sources, id, &mut Vec::new());
    (sources, documents)
}

/// The result of one step.
enum Stepped {
    /// Nothing is left to migrate.
    Done,
    /// The text with one old key less.
    Moved(String),
    /// The next old key cannot be moved line by line.
    Stuck,
}

/// Applies the next migration to the text.
fn step(name: &str, text: &str) -> Stepped {
    let (_, documents) = read(name, text);
    let spec = documents.configuration.and_then(|mut d| d.remove("spec")).map(|e| e.value);
    let Some(spec) = spec else { return Stepped::Done };
    let mut tree = spec.clone();
    let beside = misindented(&mut tree, &mut Vec::new()).into_iter().next();
    let Some(moved) = beside.map(Some).or_else(|| next(&mut tree).map(|(moved, _)| moved)) else {
        return Stepped::Done;
    };
    let stepped = moved.and_then(|moved| {
        let entry = spec.entry_at(&moved.from)?;
        relocate(text, &spec, entry, &moved)
    });
    stepped.map_or(Stepped::Stuck, Stepped::Moved)
}

/// Moves the lines of one entry.
fn relocate(text: &str, spec: &Node, entry: &Entry, moved: &super::Move) -> Option<String> {
    let block = lines_of(text, entry)?;
    let indent = indent_at(text, block.start);
    let mut body = text[block.clone()].to_owned();
    if moved.value != entry.value {
        let value = entry.value.span?;
        let at = value.start - block.start..value.end - block.start;
        body.replace_range(at, moved.value.as_str()?);
    }
    let mut rest = text.to_owned();
    rest.replace_range(emptied(text, spec, &moved.from).unwrap_or(block), "");
    let Some(to) = &moved.to else { return Some(rest) };
    let rest_of_body = body[indent..].strip_prefix(key_text(text, entry)?)?.to_owned();
    let text = insert(&rest, to, &rest_of_body, indent)?;
    match &moved.switch {
        Some(switch) => insert(&text, switch, ": true\n", 0),
        None => Some(text),
    }
}

/// The lines of the highest mapping that only exists for the entry at a path.
fn emptied(text: &str, spec: &Node, from: &Path) -> Option<Range<usize>> {
    (1..from.0.len())
        .rev()
        .map_while(|depth| spec.entry_at(&Path(from.0[..depth].to_vec())))
        .take_while(|parent| parent.value.entries().len() == 1)
        .last()
        .and_then(|parent| lines_of(text, parent))
}

/// Inserts a value below the deepest existing key of its path.
fn insert(text: &str, to: &Path, body: &str, old_indent: usize) -> Option<String> {
    let (_, documents) = read("", text);
    let document = documents.configuration?;
    let full = Path(std::iter::once(Step::Key("spec".into())).chain(to.0.clone()).collect());
    if document.at(&full).is_some() {
        return None;
    }
    let upto = |depth: usize| Path(full.0[..depth].to_vec());
    let depth = (1..full.0.len()).rev().find(|depth| document.entry_at(&upto(*depth)).is_some())?;
    let home = document.entry_at(&upto(depth))?;
    let (at, mut indent) = match (home.value.entries().first(), home.value.entries().last()) {
        (Some(first), Some(last)) => {
            (lines_of(text, last)?.end, indent_at(text, lines_of(text, first)?.start))
        }
        // A key without a value: its value begins on the next line.
        _ if home.value.is_null() => {
            let line = lines_of(text, home)?;
            (line.end, indent_at(text, line.start) + 2)
        }
        _ => return None,
    };
    let mut inserted = String::new();
    let (key, above) = full.0[depth..].split_last()?;
    for step in above {
        let Step::Key(key) = step else { return None };
        inserted.extend([&" ".repeat(indent), key, ":\n"]);
        indent += 2;
    }
    let Step::Key(key) = key else { return None };
    inserted.extend([&" ".repeat(indent), key, &*shift(body, old_indent, indent)?]);
    let mut text = text.to_owned();
    if !text[..at].ends_with('\n') {
        inserted.insert(0, '\n');
    }
    text.insert_str(at, &inserted);
    Some(text)
}

/// Moves every line but the first by the difference of two indentations.
fn shift(body: &str, old: usize, new: usize) -> Option<String> {
    let mut lines = body.split_inclusive('\n');
    let mut shifted = lines.next()?.to_owned();
    for line in lines {
        let own = line.len() - line.trim_start_matches(' ').len();
        if line.trim().is_empty() {
            shifted += line;
        } else {
            shifted += &" ".repeat((own + new).checked_sub(old)?);
            shifted += &line[own..];
        }
    }
    Some(shifted)
}

/// The whole lines of a block entry; `None` when it shares them with something else.
fn lines_of(text: &str, entry: &Entry) -> Option<Range<usize>> {
    let key = entry.key_span?;
    let end = entry.value.span.map_or(key.end, |v| v.end).max(key.end);
    let start = text[..key.start].rfind('\n').map_or(0, |at| at + 1);
    let own = text[start..key.start].chars().all(|c| c == ' ');
    // A literal block ends with its line break already.
    let closed = text[..end].ends_with('\n');
    let end =
        if closed { end } else { text[end..].find('\n').map_or(text.len(), |at| end + at + 1) };
    own.then_some(start..end)
}

fn key_text<'t>(text: &'t str, entry: &Entry) -> Option<&'t str> {
    let key = entry.key_span?;
    text.get(key.start..key.end)
}

fn indent_at(text: &str, line: usize) -> usize {
    text[line..].len() - text[line..].trim_start_matches(' ').len()
}

/// The text of a 2.x ConfigMap as a ClusterConfiguration, comments included.
fn from_config_map(name: &str, text: &str) -> Option<String> {
    let (_, documents) = read(name, text);
    let document = documents.configuration?;
    // The specification of a ConfigMap stands under another key.
    let spec = document.entry("spec")?;
    (key_text(text, spec)? == "ks-config.yaml").then_some(())?;
    let first = lines_of(text, spec.value.entries().first()?)?;
    let last = lines_of(text, spec.value.entries().last()?)?;
    let body =
        shift(&format!("\n{}", &text[first.start..last.end]), indent_at(text, first.start), 2)?;
    Some(format!("{}spec:{body}", frame()))
}

fn frame() -> String {
    format!(
        "apiVersion: {API_VERSION}\nkind: {KIND}\nmetadata:\n  name: {NAME}\n  namespace: {NAMESPACE}\n"
    )
}

/// The document, written from its values.
fn from_values((spec, metadata): &(serde_json::Value, serde_json::Value)) -> String {
    let metadata = if metadata.is_null() {
        serde_json::json!({"name": NAME, "namespace": NAMESPACE})
    } else {
        metadata.clone()
    };
    yaml::emit(&serde_json::json!({
        "apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec,
    }))
}
