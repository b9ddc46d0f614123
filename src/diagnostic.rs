//! Diagnostics: problems in the user's input, with their place.
//!
//! A [`Diagnostic`] is data: a stable [`Code`], a message, the [`Span`] that it is about and what to do
//! next. The pure core only collects them; [`to_text`] and [`to_json`] format them. Source text is shown
//! through [`Sources`], which hides secrets in every snippet.

mod code;
mod json;
mod redact;
mod secret_name;
mod source;
mod template;
mod text;

pub use code::Code;
pub use json::to_json;
pub use redact::{merged, redacted_text, replaced};
pub use secret_name::{SECRET_WORDS, is_password_name, is_secret_name, is_secret_name_or_typo};
pub use source::{Position, SourceId, Sources, Span};
pub use template::{bare_template, is_only_template, template, unrendered};
pub use text::{TextStyle, summary, to_text};

/// The severity: an error makes the configuration invalid, a warning does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is rendered or applied.
    Error,
    /// The run continues; in strict mode warnings are errors.
    Warning,
}

impl Severity {
    /// The name, as shown in text and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One problem in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable, documented code.
    pub code: Code,
    /// Its severity.
    pub severity: Severity,
    /// What is wrong: lowercase, no full stop, names the key or object. Contains no secret.
    pub message: String,
    /// Its place in the sources, if it has one.
    pub span: Option<Span>,
    /// A short text under the caret, for example "did you mean `clusterRole`?".
    pub label: Option<Box<str>>,
    /// What to do next, one sentence per line.
    pub help: Vec<String>,
    /// What it is about, in a word: for a line that sums up several of one kind.
    pub about: Option<&'static str>,
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message.into())
    }

    /// A warning without a place yet.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message.into())
    }

    fn new(code: Code, severity: Severity, message: String) -> Self {
        Self { code, severity, message, span: None, label: None, help: Vec::new(), about: None }
    }

    /// Points at a place; `None` leaves it as it is.
    #[must_use]
    pub fn at(mut self, span: impl Into<Option<Span>>) -> Self {
        self.span = span.into().or(self.span);
        self
    }

    /// Sets the short text under the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<Box<str>>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Names what it is about, for a line that sums up several of one kind.
    #[must_use]
    pub fn about(mut self, what: &'static str) -> Self {
        self.about = Some(what);
        self
    }

    /// Adds one sentence that says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

/// All problems of a run, in no order until [`Diagnostics::sorted`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Whether there are errors.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// The number of problems of one severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|d| d.severity == severity).count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The kinds of warnings of which there are several.
    pub fn repeated_warnings(&self) -> Vec<Code> {
        let of = |code: Code| self.warnings().filter(move |d| d.code == code).count();
        Code::ALL.iter().copied().filter(|code| of(*code) > 1).collect()
    }

    fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter().filter(|d| d.severity == Severity::Warning)
    }

    /// The problems in the order in which they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Sorted by place (source, offset), those without a place last, without exact repetitions.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.0.sort_by_key(|d| {
            let place = d.span.map_or((u32::MAX, usize::MAX), |s| (s.source.index(), s.start));
            (place, d.severity, d.code)
        });
        self.0.dedup();
        self
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, iter: T) {
        self.0.extend(iter);
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<T: IntoIterator<Item = Diagnostic>>(iter: T) -> Self {
        Self(iter.into_iter().collect())
    }
}

impl<'d> IntoIterator for &'d Diagnostics {
    type Item = &'d Diagnostic;
    type IntoIter = std::slice::Iter<'d, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
