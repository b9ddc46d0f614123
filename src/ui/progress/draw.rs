//! The table: a line with title and time, one line per component, and one with the totals.

use std::time::Instant;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use super::Progress;
use super::row::Row;
use super::state::State;
use super::text::{cut, left, span};

/// The style of the table.
#[derive(Debug, Clone, Copy)]
pub struct TableStyle {
    /// The width in columns; no line is wider.
    pub width: usize,
    /// The number of lines that fit; components that are done are hidden before others.
    pub height: Option<usize>,
    /// Whether it is coloured.
    pub colour: bool,
    /// Whether the terminal shows Unicode symbols.
    pub symbols: bool,
}

/// Narrower terminals are treated as if they had this many columns.
const NARROWEST: usize = 20;
/// Columns for times.
const TIME: usize = 6;
/// Narrower tables have no counts and times.
const NARROW: usize = 60;

impl Progress {
    /// The table, line by line, without line ends.
    pub fn lines(&self, table: TableStyle, now: Instant) -> Vec<String> {
        let table = TableStyle { width: table.width.max(NARROWEST), ..table };
        let now = self.ended.unwrap_or(now);
        let mut lines = vec![self.header(table, now)];
        let columns = Columns::of(&self.rows, table);
        let space = table.height.map_or(usize::MAX, |height| height.saturating_sub(3).max(1));
        let (shown, hidden) = self.fitting(space);
        lines.extend(shown.into_iter().map(|row| columns.line(row, table, now)));
        if hidden > 0 {
            lines.push(cut(&format!("  and {hidden} more"), table.width, table.symbols));
        }
        lines.push(self.footer(table));
        lines
    }

    /// The rows that fit, and how many are hidden: those that are done are hidden first.
    fn fitting(&self, space: usize) -> (Vec<&Row>, usize) {
        let mut surplus = self.rows.len().saturating_sub(space);
        let mut rows: Vec<&Row> = Vec::new();
        for row in &self.rows {
            if surplus > 0 && row.state.is_success() {
                surplus -= 1;
            } else {
                rows.push(row);
            }
        }
        rows.truncate(space);
        let hidden = self.rows.len() - rows.len();
        (rows, hidden)
    }

    fn header(&self, table: TableStyle, now: Instant) -> String {
        let time = span(now - self.began);
        let space = table.width.saturating_sub(time.len() + 1);
        let text = format!("{} {time}", left(&self.title, space, table.symbols));
        painted(&text, Style::new().bold(), table)
    }

    fn footer(&self, table: TableStyle) -> String {
        let done = self.rows.iter().filter(|row| row.state.is_success()).count();
        let mut parts = Vec::new();
        if self.stopping {
            parts.push("stopping; press Ctrl-C again to exit immediately".to_owned());
        }
        if !self.rows.is_empty() {
            let word = if self.removes { "removed" } else { "ready" };
            let mut text = format!("{} of {} {word}", done, self.rows.len());
            for (state, word) in [
                (State::Failed, "failed"),
                (State::Conflict, "in conflict"),
                (State::Skipped, "skipped"),
            ] {
                match self.rows.iter().filter(|row| row.state == state).count() {
                    0 => {}
                    several => text = format!("{text}, {several} {word}"),
                }
            }
            parts.push(text);
        }
        let (done, total) = self.objects();
        if total > 0 {
            parts.push(format!("{done} of {total} objects"));
        }
        for (count, one, several) in [
            (self.errors, "error", "errors"),
            (self.findings, "finding", "findings"),
            (self.conflicts, "conflict", "conflicts"),
            (self.warnings, "warning", "warnings"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {}", if count == 1 { one } else { several }));
            }
        }
        let between = if table.symbols { " · " } else { " | " };
        let style =
            if self.stopping { AnsiColor::Yellow.on_default() } else { Style::new().dimmed() };
        painted(&cut(&parts.join(between), table.width, table.symbols), style, table)
    }
}

/// The widths of the columns before the state.
struct Columns {
    name: usize,
    /// `None` if there is no space for counts and times.
    count: Option<usize>,
}

impl Columns {
    fn of(rows: &[Row], table: TableStyle) -> Self {
        let widest = |text: fn(&Row) -> String| rows.iter().map(|row| text(row).width()).max();
        let wide = table.width >= NARROW;
        Self {
            name: widest(|row| row.name.clone()).unwrap_or(0).min(table.width / 2 - 4),
            count: widest(counts).filter(|_| wide),
        }
    }

    fn line(&self, row: &Row, table: TableStyle, now: Instant) -> String {
        let name = left(&row.name, self.name, table.symbols);
        let time = row.lasts(now).filter(|time| time.as_secs() > 0).map(span).unwrap_or_default();
        let count = self.count.map(|width| format!("  {:>width$}  {time:>TIME$}", counts(row)));
        let start = format!("  {name}{}  ", count.unwrap_or_default());
        let (symbol, style) = sign(row.state, table.symbols);
        let state = format!("{symbol} {}", row.describe());
        let space = table.width.saturating_sub(start.width());
        start + &painted(&cut(&state, space, table.symbols), style, table)
    }
}

/// The number of objects that are done, of all; for a component that is removed, of those deleted.
fn counts(row: &Row) -> String {
    match row.total {
        0 => format!("{}/{}", row.removed, row.removals),
        total => format!("{}/{total}", row.done),
    }
}

/// The sign before the state, which means the same.
fn sign(state: State, symbols: bool) -> (&'static str, Style) {
    let (symbol, ascii, style) = match state {
        _ if state.is_success() => ("✓", "+", AnsiColor::Green.on_default()),
        _ if state.is_failure() => ("✗", "x", AnsiColor::Red.on_default()),
        State::Waiting => ("…", "~", Style::new().dimmed()),
        _ if state.is_busy() => ("…", "~", AnsiColor::Yellow.on_default()),
        _ => ("·", "-", Style::new().dimmed()),
    };
    (if symbols { symbol } else { ascii }, style)
}

fn painted(text: &str, style: Style, table: TableStyle) -> String {
    if table.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
}
