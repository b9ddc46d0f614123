//! The texts that diagnostics point into.

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use super::redact;

/// Identifies one text: a file, standard input, or a `--set` flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

impl SourceId {
    /// The position in the order in which the sources were added.
    pub fn index(self) -> u32 {
        self.0
    }
}

/// A half-open range of bytes in one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// The source that the offsets belong to.
    pub source: SourceId,
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

/// Line and column (in characters), from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

#[derive(Clone)]
struct Source {
    name: String,
    text: String,
    /// All of them, also the marked ones. Searched when a part of the text is first shown, since most texts never are.
    secrets: OnceLock<Vec<Range<usize>>>,
    /// Marked by `hide` and `hide_texts`.
    marked: Vec<Range<usize>>,
    line_starts: Vec<usize>,
}

/// Without the text, which may hold secrets.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Every text of a run, with the places of the secrets in it.
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a text under the name that diagnostics show (`config.yaml`, `-`, `--set`).
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        let text = text.into();
        // A lone carriage return ends a line in YAML, too.
        let bytes = text.as_bytes();
        let ends_line = |at: &usize| match bytes[*at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        let line_starts =
            std::iter::once(0).chain((0..bytes.len()).filter(ends_line).map(|at| at + 1)).collect();
        let (secrets, marked) = (OnceLock::new(), Vec::new());
        self.0.push(Source { name: name.into(), text, secrets, marked, line_starts });
        SourceId(u32::try_from(self.0.len() - 1).unwrap_or(u32::MAX))
    }

    /// The name under which the source was added.
    pub fn name(&self, id: SourceId) -> &str {
        self.get(id).map_or("", |s| &s.name)
    }

    /// The whole text, secrets included: for parsing, never for showing.
    pub fn text(&self, id: SourceId) -> &str {
        self.get(id).map_or("", |s| &s.text)
    }

    /// Marks a value as secret, so that no snippet shows it.
    pub fn hide(&mut self, span: Span) {
        if let Some(source) = self.0.get_mut(span.source.0 as usize) {
            source.marked.push(span.start..span.end);
            source.secrets.take();
        }
    }

    /// Marks every occurrence of secret texts: they may be repeated by an anchor or a copy.
    pub fn hide_texts(&mut self, secrets: &AhoCorasick) {
        for source in &mut self.0 {
            let places = secrets.find_overlapping_iter(&source.text);
            source.marked.extend(places.map(|place| place.range()));
            source.secrets.take();
        }
    }

    /// Whether a part of a place was marked as secret.
    pub fn is_hidden(&self, span: Span) -> bool {
        let overlaps = |secret: &Range<usize>| secret.start < span.end && span.start < secret.end;
        self.get(span.source).is_some_and(|source| source.marked.iter().any(overlaps))
    }

    /// A part of the text with every secret replaced by asterisks of the same length.
    pub fn redacted(&self, id: SourceId, part: Range<usize>) -> String {
        self.get(id).map_or_else(String::new, |source| {
            let secrets = source.secrets.get_or_init(|| {
                let mut ranges = redact::secret_ranges(&source.text);
                ranges.extend_from_slice(&source.marked);
                redact::merged(ranges)
            });
            redact::blank(&source.text, part, secrets)
        })
    }

    /// The byte range of the line in which a span begins, without its line end, and its number.
    pub(super) fn line_of(&self, span: Span) -> (Range<usize>, usize) {
        let Some(source) = self.get(span.source) else {
            return (0..0, 1);
        };
        let number = self.position(span).line;
        let start = source.line_starts[number - 1];
        let end = source.line_starts.get(number).map_or(source.text.len(), |next| next - 1);
        (start..end.max(start), number)
    }

    /// Line and column of the first byte of a span.
    pub fn position(&self, span: Span) -> Position {
        let Some(source) = self.get(span.source) else {
            return Position { line: 1, column: 1 };
        };
        let start = span.start.min(source.text.len());
        let line = source.line_starts.partition_point(|&s| s <= start).max(1);
        let before = &source.text.as_bytes()[source.line_starts[line - 1]..start];
        Position { line, column: String::from_utf8_lossy(before).chars().count() + 1 }
    }

    /// `name:line:column` of a span.
    pub fn place(&self, span: Span) -> String {
        let Position { line, column } = self.position(span);
        format!("{}:{line}:{column}", self.name(span.source))
    }

    fn get(&self, id: SourceId) -> Option<&Source> {
        self.0.get(id.0 as usize)
    }
}
