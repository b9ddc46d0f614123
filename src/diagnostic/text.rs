//! Diagnostics as text: title, place, the line with a caret, and what to do.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};

use super::{Code, Diagnostic, Diagnostics, Severity, Sources, Span};

/// The style of the text.
#[derive(Debug, Clone, Copy)]
pub struct TextStyle {
    /// Whether to colour it.
    pub colour: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether several warnings of one kind become one line.
    pub brief: bool,
}

impl Default for TextStyle {
    fn default() -> Self {
        Self { colour: false, width: 100, brief: false }
    }
}

/// For longer lines only the place is shown: a caret would not be visible.
const LONGEST_LINE: usize = 2_000;

/// All problems, one block each, separated by empty lines; empty if there are none. In brief style, one line for
/// each kind of warning of which there are several comes first.
pub fn to_text(diagnostics: &Diagnostics, sources: &Sources, style: TextStyle) -> String {
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(style.width).decor_style(DecorStyle::Ascii);
    let kinds = if style.brief { diagnostics.repeated_warnings() } else { Vec::new() };
    let is_summed_up = |d: &Diagnostic| d.severity == Severity::Warning && kinds.contains(&d.code);
    let lines = kinds.iter().map(|code| {
        let all: Vec<_> =
            diagnostics.iter().filter(|d| is_summed_up(d) && d.code == *code).collect();
        several(*code, &all, sources, &renderer) + "\n"
    });
    let blocks = diagnostics.iter().filter(|d| !is_summed_up(d));
    let blocks = blocks.map(|d| one(d, sources, &renderer) + "\n");
    std::iter::once(lines.collect::<String>())
        .filter(|lines| !lines.is_empty())
        .chain(blocks)
        .collect::<Vec<_>>()
        .join("\n")
}

/// One line about several warnings of one kind.
fn several(code: Code, all: &[&Diagnostic], sources: &Sources, renderer: &Renderer) -> String {
    let first = || all.iter().find_map(|d| d.span).map(|span| sources.place(span));
    let title = summary(code, all, first);
    let code = code.to_string();
    renderer.render(&[Group::with_title(Level::WARNING.primary_title(&title).id(&code))])
}

/// What several diagnostics of one kind have in common, how many there are and what they are about; or else where the
/// first one is.
pub fn summary(code: Code, all: &[&Diagnostic], first: impl FnOnce() -> Option<String>) -> String {
    const NAMED: usize = 3;
    let mut about: Vec<&str> = all.iter().filter_map(|d| d.about).collect();
    about.dedup();
    let which = if about.is_empty() {
        first().map(|place| format!(", first at {place}")).unwrap_or_default()
    } else {
        let more = match about.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!(": {}{more}", about[..about.len().min(NAMED)].join(", "))
    };
    format!("{}, {} times{which}", code.title(), all.len())
}

fn one(diagnostic: &Diagnostic, sources: &Sources, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let code = diagnostic.code.to_string();
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(&code));
    let window = diagnostic.span.and_then(|span| Window::around(span, sources));
    let place = diagnostic.span.map(|span| sources.place(span));
    if let Some(window) = &window {
        let mut annotation = AnnotationKind::Primary.span(window.start..window.end);
        if let Some(label) = &diagnostic.label {
            annotation = annotation.label(&**label);
        }
        group = group.element(
            Snippet::source(&window.line)
                .line_start(window.number)
                .path(sources.name(window.source))
                .annotation(annotation),
        );
    } else if let Some(place) = &place {
        group = group.element(annotate_snippets::Origin::path(place));
        if let Some(label) = &diagnostic.label {
            let label = label.strip_prefix("help: ").unwrap_or(label);
            group = group.element(Level::HELP.message(label));
        }
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help));
    }
    renderer.render(&[group])
}

/// The one line that a snippet shows, secrets hidden.
struct Window {
    source: super::SourceId,
    line: String,
    number: usize,
    start: usize,
    end: usize,
}

impl Window {
    fn around(span: Span, sources: &Sources) -> Option<Self> {
        let (range, number) = sources.line_of(span);
        if range.len() > LONGEST_LINE {
            return None;
        }
        let line = sources.redacted(span.source, range.clone());
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        let content = line.trim_end().len();
        let inside = |at: usize| floor(&line, at.saturating_sub(range.start).min(content));
        let (start, end) = (inside(span.start), inside(span.end));
        // A place behind the text still gets a caret.
        Some(Self { source: span.source, line, number, start, end: end.max(start) })
    }
}

/// The last character boundary at or before an offset.
fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
