//! A plan as text: a header for each object, the lines that differ below it, and a summary.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::masked::{self, Masked};
use super::{Action, Change, Plan, overview};
use crate::object::{FEDERATED, Masker};
use crate::parallel::on_two_threads;
use crate::yaml;

/// How a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextOptions {
    /// Unchanged lines around each change.
    pub context: usize,
    /// Whether to colour it. The text is the same without.
    pub colour: bool,
    /// Headers and summary only.
    pub summary_only: bool,
    /// List also objects that are otherwise only counted.
    pub list_all: bool,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self { context: 3, colour: false, summary_only: false, list_all: false }
    }
}

/// A plan as text, secrets hidden. Unchanged objects are only counted, and federated ones as well: a member has
/// dozens of them.
pub fn text(plan: &Plan, options: TextOptions) -> String {
    let mut writer = Writer { out: String::new(), options };
    let mut masker = Masker::new();
    let federated = plan.changes.iter().filter(|change| is_federated(change)).count();
    let counts = federated > 1 && !options.list_all;
    let listed = plan.changes.iter().filter(|change| change.action != Action::Unchanged);
    let listed = listed.filter(|change| !counts || !is_federated(change));
    // Secrets are numbered in the order in which they are shown; the rest can be done at once.
    let shown: Vec<_> = listed.map(|change| Shown::of(change, options, &mut masker)).collect();
    let manifests = on_two_threads(&shown, Shown::manifests);
    for (shown, (before, after)) in shown.iter().zip(manifests) {
        // Writing to a string does not fail.
        let _ = writer.change(shown, before.as_deref(), after.as_deref());
    }
    if counts {
        let _ = writer.line(Style::new(), "", &format!("= keep {federated} objects: {FEDERATED}"));
    }
    if !options.summary_only && !writer.out.is_empty() {
        writer.out.push('\n');
    }
    for line in overview::lost(plan) {
        let _ = writer.line(AnsiColor::Red.on_default().bold(), "", &line);
    }
    for line in overview::releases(plan) {
        let _ = writer.line(AnsiColor::Yellow.on_default().bold(), "", &format!("~ {line}"));
    }
    let _ = writeln!(writer.out, "Plan: {}", plan.summary());
    writer.out
}

/// One line for each value of others that the plan replaces with a first write, secrets hidden.
pub fn replaced(plan: &Plan) -> Vec<String> {
    let mut masker = Masker::new();
    let mut lines = Vec::new();
    for change in &plan.changes {
        for (path, live, desired) in masked::replaced(change, &mut masker) {
            let line = format!(
                "{path} in {} is {live}, and the configuration replaces it with {desired}",
                change.id
            );
            lines.push(printable(&line).into_owned());
        }
    }
    lines
}

/// Whether an object is kept because KubeFed manages it.
fn is_federated(change: &Change) -> bool {
    change.action == Action::Keep && change.reason.as_deref() == Some(FEDERATED)
}

/// What is shown of a change, without secrets.
struct Shown<'c> {
    change: &'c Change,
    notes: Vec<String>,
    sides: Option<Masked<'c>>,
}

impl<'c> Shown<'c> {
    fn of(change: &'c Change, options: TextOptions, masker: &mut Masker) -> Self {
        if options.summary_only {
            return Self { change, notes: Vec::new(), sides: None };
        }
        let note = |conflict| {
            let (desired, live) = masked::conflict(change, conflict, masker);
            format!("{}: keeping {live}; the configuration has {desired}", conflict.path)
        };
        let notes = change.conflicts.iter().map(note).collect();
        Self { change, notes, sides: Some(Masked::of(change, masker)) }
    }

    /// The manifest before and after the change.
    fn manifests(&self) -> (Option<String>, Option<String>) {
        let Some(Masked { before, after }) = &self.sides else { return (None, None) };
        (before.as_ref().map(manifest), after.as_deref().map(manifest))
    }
}

struct Writer {
    out: String,
    options: TextOptions,
}

impl Writer {
    fn change(
        &mut self,
        shown: &Shown<'_>,
        before: Option<&str>,
        after: Option<&str>,
    ) -> fmt::Result {
        let Shown { change, notes, .. } = shown;
        let (sign, style) = header_style(change.action);
        if !self.options.summary_only && !self.out.is_empty() {
            self.out.push('\n');
        }
        let component = Some(&change.component).filter(|c| !c.is_empty());
        let component = component.map(|c| format!(" ({c})")).unwrap_or_default();
        let reason = change.reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
        let action = change.action.as_str();
        let header = format!("{sign} {action} {}{component}{reason}", change.id);
        self.line(style.bold(), "", &header)?;
        notes.iter().try_for_each(|note| self.line(style, "  ", note))?;
        match (before, after) {
            (None, None) => Ok(()),
            (Some(before), None) => self.whole(ChangeTag::Delete, before),
            (None, Some(after)) => self.whole(ChangeTag::Insert, after),
            (Some(before), Some(after)) => self.hunks(before, after),
        }
    }

    fn whole(&mut self, tag: ChangeTag, manifest: &str) -> fmt::Result {
        manifest.lines().try_for_each(|line| self.changed(tag, line))
    }

    fn hunks(&mut self, before: &str, after: &str) -> fmt::Result {
        let diff = TextDiff::from_lines(before, after);
        let mut unified = diff.unified_diff();
        for hunk in unified.context_radius(self.options.context).iter_hunks() {
            self.line(AnsiColor::Cyan.on_default(), "", &hunk.header().to_string())?;
            for change in hunk.iter_changes() {
                self.changed(change.tag(), change.value().trim_end_matches('\n'))?;
            }
        }
        Ok(())
    }

    fn changed(&mut self, tag: ChangeTag, line: &str) -> fmt::Result {
        match tag {
            ChangeTag::Equal => self.line(Style::new(), " ", line),
            ChangeTag::Delete => self.line(AnsiColor::Red.on_default(), "-", line),
            ChangeTag::Insert => self.line(AnsiColor::Green.on_default(), "+", line),
        }
    }

    fn line(&mut self, style: Style, sign: &str, text: &str) -> fmt::Result {
        let text = printable(text);
        if self.options.colour && style != Style::new() {
            return writeln!(self.out, "{style}{sign}{text}{style:#}");
        }
        // Tens of thousands of lines: formatting each would take longer than to make them.
        for part in [sign, &text, "\n"] {
            self.out.push_str(part);
        }
        Ok(())
    }
}

fn header_style(action: Action) -> (char, Style) {
    let (sign, colour) = match action {
        Action::Create => ('+', AnsiColor::Green),
        Action::Update => ('~', AnsiColor::Yellow),
        Action::Adopt => ('~', AnsiColor::Cyan),
        Action::Delete => ('-', AnsiColor::Red),
        Action::Conflict => ('!', AnsiColor::Magenta),
        Action::Keep | Action::Unchanged => return ('=', Style::new()),
    };
    (sign, colour.on_default())
}

fn manifest(body: &Value) -> String {
    yaml::emit(&*masked::collapse(body))
}

/// Text from a cluster must not control the terminal.
fn printable(text: &str) -> Cow<'_, str> {
    let is_plain = |b: u8| b == b'\t' || (b' '..0x7f).contains(&b);
    if text.bytes().all(is_plain) || !text.contains(|c: char| c.is_control() && c != '\t') {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().flat_map(|c| {
        let raw = (!c.is_control() || c == '\t').then_some(c);
        raw.into_iter().chain(c.escape_unicode().take(if raw.is_some() { 0 } else { usize::MAX }))
    });
    Cow::Owned(escaped.collect())
}

#[cfg(test)]
mod tests;
