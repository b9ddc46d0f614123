//! Parses text into nodes with their places, within limits.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use serde_json::Value;
use serde_saphyr::granit_parser::{self, Event, Parser, ScalarStyle, ScanError, Tag};

use super::node::{Content, Entry, Node, Path};
use super::scalar::resolve_plain;
use super::syntax;
use crate::diagnostic::{Code, Diagnostic, SourceId, Sources, Span, redacted_text};

/// The limits beyond which a text is rejected.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Nodes of one source, those that aliases repeat counted each time.
    pub nodes: usize,
    /// Depth of nesting.
    pub depth: usize,
    /// Nodes that aliases repeat: few bytes can ask for many.
    pub aliased: usize,
    /// Bytes of text that aliases repeat.
    pub repeated: usize,
}

impl Default for Limits {
    /// A ClusterConfiguration has some 300 nodes; a KubeKey file for 1,000 hosts some 10,000.
    fn default() -> Self {
        Self { nodes: 500_000, depth: 128, aliased: 20_000, repeated: 1 << 20 }
    }
}

/// All documents of a source. Documents before a syntax error are returned; the parser cannot continue
/// after one, so there is at most one per source.
pub fn parse(sources: &Sources, id: SourceId) -> (Vec<Node>, Vec<Diagnostic>) {
    let all = 0..sources.text(id).len();
    parse_part(sources, id, all)
}

/// The documents in a part of a source, with places in the whole: for a document inside a literal
/// block of another.
pub fn parse_part(
    sources: &Sources,
    id: SourceId,
    part: Range<usize>,
) -> (Vec<Node>, Vec<Diagnostic>) {
    let text = sources.text(id);
    let text = text.get(part.clone()).unwrap_or_default();
    let mut builder = Builder::new(sources, id, part.start, text);
    let documents = builder.documents();
    (documents, builder.diagnostics)
}

/// Mappings with more keys than this are indexed.
const LONG: usize = 16;

/// Parsing has failed; the reason is among the diagnostics.
struct Stop;

type Step<T> = Result<T, Stop>;

struct Builder<'t> {
    sources: &'t Sources,
    source: SourceId,
    /// Where the parsed part begins in the source.
    base: usize,
    text: &'t str,
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    anchors: HashMap<usize, Node>,
    limits: Limits,
    nodes: usize,
    aliased: usize,
    repeated: usize,
    diagnostics: Vec<Diagnostic>,
}

impl<'t> Builder<'t> {
    fn new(sources: &'t Sources, source: SourceId, base: usize, text: &'t str) -> Self {
        // Comments become events if any crate of the build enables that feature, as kube does.
        let options = granit_parser::options! { emit_comments: false };
        Self {
            sources,
            source,
            base,
            text,
            parser: Parser::new_from_str_with_options(text, options),
            anchors: HashMap::new(),
            limits: Limits::default(),
            nodes: 0,
            aliased: 0,
            repeated: 0,
            diagnostics: Vec::new(),
        }
    }

    fn documents(&mut self) -> Vec<Node> {
        let mut documents = Vec::new();
        loop {
            match self.next() {
                Ok((Event::StreamEnd, _)) | Err(Stop) => return documents,
                Ok((Event::DocumentStart(..), _)) => {
                    self.anchors.clear();
                    let Ok((event, span)) = self.next() else {
                        return documents;
                    };
                    match self.node(event, span, 0) {
                        Ok(node) => documents.push(node),
                        Err(Stop) => return documents,
                    }
                }
                Ok(_) => {}
            }
        }
    }

    fn next(&mut self) -> Step<(Event<'t>, Span)> {
        match self.parser.next() {
            Some(Ok((event, span))) => {
                let span = self.span(&span);
                Ok((event, span))
            }
            Some(Err(error)) => self.syntax_error(&error),
            None => Ok((Event::StreamEnd, self.span_of(self.text.len(), self.text.len()))),
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Step<Node> {
        self.count(1, span)?;
        if depth > self.limits.depth {
            let limit = self.limits.depth;
            return self.refuse(
                Code::TooLarge,
                span,
                format!("nested more than {limit} levels deep"),
            );
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag.as_deref(), span)?;
                Ok(self
                    .anchored(anchor, Node { content: Content::Scalar(value), span: Some(span) }))
            }
            Event::SequenceStart(_, anchor, _) => {
                let mut items = Vec::new();
                let end = loop {
                    match self.next()? {
                        (Event::SequenceEnd, end) => break end,
                        (event, span) => items.push(self.node(event, span, depth + 1)?),
                    }
                };
                let span = cover(span, end, items.last().and_then(|n| n.span));
                Ok(self.anchored(anchor, Node { content: Content::List(items), span: Some(span) }))
            }
            Event::MappingStart(_, anchor, _) => {
                let (entries, end) = self.mapping(depth)?;
                let span = cover(span, end, entries.last().and_then(|e| e.value.span));
                Ok(self.anchored(anchor, Node { content: Content::Map(entries), span: Some(span) }))
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).map(size) {
                Some(size) => {
                    self.repeat(size, span)?;
                    let node = self.anchors.get(&anchor).cloned().unwrap_or_else(Node::empty_map);
                    Ok(Node { span: Some(span), ..node })
                }
                None => {
                    self.refuse(Code::Syntax, span, "an alias inside its own anchor".to_owned())
                }
            },
            other => self.refuse(Code::Syntax, span, format!("unexpected {}", event_name(&other))),
        }
    }

    /// The entries of a mapping up to its end; merge keys (`<<`) are resolved as in kubectl.
    fn mapping(&mut self, depth: usize) -> Step<(Vec<Entry>, Span)> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged: Vec<Entry> = Vec::new();
        // Only a long mapping is worth an index of its keys.
        let mut index: HashMap<String, Span> = HashMap::new();
        let end = loop {
            let (event, key_span) = match self.next()? {
                (Event::MappingEnd, end) => break end,
                next => next,
            };
            let merge =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let plain = matches!(&event, Event::Scalar(_, ScalarStyle::Plain, ..));
            let key = self.node(event, key_span, depth + 1)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            if merge {
                self.merge(&value, key_span, &mut merged);
                continue;
            }
            let Some(key) = key_text(&key) else {
                return self.refuse(
                    Code::Syntax,
                    key_span,
                    "a key must be a string, not a list or a mapping".to_owned(),
                );
            };
            if plain && key.contains(|c: char| c.is_whitespace() && !c.is_ascii()) {
                self.diagnostics.push(
                    Diagnostic::error(Code::Syntax, "a no-break or full-width space in a key")
                        .at(key_span)
                        .help("use ordinary spaces: these usually come from copying a web page"),
                );
                continue;
            }
            if plain && value.is_null() && glued(&key) {
                self.diagnostics.push(
                    Diagnostic::error(Code::Syntax, "no space after the colon").at(key_span).help(
                        "put a space after the colon: without it, this is a key without a value",
                    ),
                );
                continue;
            }
            let first = if entries.len() < LONG {
                entries.iter().find(|e| e.key == key).and_then(|e| e.key_span)
            } else {
                index.get(&key).copied()
            };
            if let Some(first) = first {
                self.duplicate(&key, key_span, first);
                continue;
            }
            entries.push(Entry { key, key_span: Some(key_span), value });
            if entries.len() >= LONG {
                let new = if entries.len() == LONG { 0 } else { entries.len() - 1 };
                let places =
                    entries[new..].iter().filter_map(|e| Some((e.key.clone(), e.key_span?)));
                index.extend(places);
            }
        };
        if !merged.is_empty() {
            let own: HashSet<&str> = entries.iter().map(|e| e.key.as_str()).collect();
            merged.retain(|e| !own.contains(e.key.as_str()));
        }
        entries.extend(merged);
        Ok((entries, end))
    }

    fn merge(&mut self, value: &Node, span: Span, merged: &mut Vec<Entry>) {
        let maps = match &value.content {
            Content::Map(_) => std::slice::from_ref(value),
            Content::List(items) => items,
            Content::Scalar(_) => &[],
        };
        if maps.is_empty() || maps.iter().any(|m| !matches!(m.content, Content::Map(_))) {
            self.diagnostics.push(
                Diagnostic::error(Code::Syntax, "`<<` needs a mapping or a list of mappings")
                    .at(span),
            );
        }
        let mut known: HashSet<String> = merged.iter().map(|e| e.key.clone()).collect();
        for entry in maps.iter().flat_map(Node::entries) {
            if known.insert(entry.key.clone()) {
                merged.push(entry.clone());
            }
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
    ) -> Step<Value> {
        let plain = style == ScalarStyle::Plain;
        let resolved = match tag.map(|t| (t.handle(), t.suffix())) {
            None if plain => resolve_plain(text),
            None | Some((_, "str" | "!")) => Ok(Value::String(text.to_owned())),
            Some((_, "int" | "float" | "bool" | "null")) => resolve_plain(text),
            Some(_) => Err("only the tags !!str, !!int, !!float, !!bool and !!null are supported"),
        };
        match resolved {
            Ok(value) => Ok(value),
            Err(reason) => self.refuse(Code::Syntax, span, reason.to_owned()),
        }
    }

    fn anchored(&mut self, anchor: usize, node: Node) -> Node {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        node
    }

    fn count(&mut self, nodes: usize, span: Span) -> Step<()> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes <= self.limits.nodes {
            return Ok(());
        }
        let limit = self.limits.nodes;
        self.refuse(Code::TooLarge, span, format!("more than {limit} values, aliases counted"))
    }

    /// An alias counts as what it repeats: nodes and bytes of text.
    fn repeat(&mut self, (nodes, bytes): (usize, usize), span: Span) -> Step<()> {
        self.aliased = self.aliased.saturating_add(nodes);
        self.repeated = self.repeated.saturating_add(bytes);
        if self.aliased > self.limits.aliased {
            let limit = self.limits.aliased;
            return self.refuse(
                Code::TooLarge,
                span,
                format!("aliases repeat more than {limit} values"),
            );
        }
        if self.repeated > self.limits.repeated {
            let limit = self.limits.repeated >> 20;
            return self.refuse(
                Code::TooLarge,
                span,
                format!("aliases repeat more than {limit} MiB"),
            );
        }
        self.count(nodes, span)
    }

    fn duplicate(&mut self, key: &str, span: Span, first: Span) {
        let line = self.sources.position(first).line;
        self.diagnostics.push(
            Diagnostic::error(
                Code::DuplicateKey,
                format!("duplicate key `{}`", redacted_text(key)),
            )
            .at(span)
            .label(format!("first on line {line}"))
            .help("keep one of them: kubectl would silently use the last one"),
        );
    }

    fn syntax_error<T>(&mut self, error: &ScanError) -> Step<T> {
        let (diagnostic, place) = syntax::explain(self.text, error);
        self.diagnostics.push(diagnostic.at(self.span_of(place.start, place.end)));
        Err(Stop)
    }

    fn refuse<T>(&mut self, code: Code, span: Span, message: String) -> Step<T> {
        self.diagnostics.push(Diagnostic::error(code, message).at(span));
        Err(Stop)
    }

    fn span(&self, span: &granit_parser::Span) -> Span {
        let start = span.start.byte_offset().unwrap_or(0);
        let end = span.end.byte_offset().unwrap_or(start);
        self.span_of(start, end.max(start))
    }

    fn span_of(&self, start: usize, end: usize) -> Span {
        Span { source: self.source, start: self.base + start, end: self.base + end }
    }
}

/// From the start of a collection to the end of its content: for the parser, a block collection ends
/// only where the next token begins.
fn cover(start: Span, end: Span, last: Option<Span>) -> Span {
    let block = end.start == end.end;
    let end = if block { last.map_or(start.end, |l| l.end.max(start.end)) } else { end.end };
    Span { end, ..start }
}

/// The number of nodes, and of bytes in their texts and keys.
fn size(node: &Node) -> (usize, usize) {
    let (mut nodes, mut bytes) = (0, 0);
    node.each(&Path::default(), &mut |_, node| {
        nodes += 1;
        bytes += node.as_str().map_or(0, str::len);
        bytes += node.entries().iter().map(|e| e.key.len()).sum::<usize>();
    });
    (nodes, bytes)
}

/// Whether a key without a value is a key and its value without a space: `{clusterRole:host}`.
fn glued(key: &str) -> bool {
    key.split_once(':').is_some_and(|(name, value)| !name.is_empty() && !value.is_empty())
}

/// JSON has only string keys; kubectl writes other scalars as text.
fn key_text(key: &Node) -> Option<String> {
    match &key.content {
        Content::Scalar(Value::String(text)) => Some(text.clone()),
        Content::Scalar(Value::Null) => Some("null".to_owned()),
        Content::Scalar(value) => Some(value.to_string()),
        _ => None,
    }
}

fn event_name(event: &Event<'_>) -> &'static str {
    match event {
        Event::DocumentEnd | Event::StreamEnd => "end of the document",
        Event::MappingEnd | Event::SequenceEnd => "end of a collection",
        _ => "token",
    }
}
