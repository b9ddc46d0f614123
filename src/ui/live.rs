//! The live display of a run: a table that is redrawn, or lines.

use std::io::{self, IsTerminal as _, Stderr, Write};
use std::time::{Duration, Instant};

use super::mode::{Mode, Place, ProgressChoice};
use super::progress::{Progress, TableStyle};
use super::screen::Screen;
use super::{Output, event_line};
use crate::engine::{Event, Phase, Pruned};
use crate::object::FEDERATED;
use crate::plan::Action;

/// The shortest and the longest time between two drawings of the table.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(1);
/// The time without output after which a line shows what is awaited: some CI runners end silent jobs.
const SILENCE: Duration = Duration::from_secs(15);

/// The live display of a run. The caller calls [`tick`](Self::tick) during the run, and
/// [`finish`](Self::finish) at its end.
#[derive(Debug)]
pub struct Live<W: Write = Stderr> {
    mode: Mode,
    progress: Progress,
    screen: Screen<W>,
    colour: bool,
    symbols: bool,
    /// Columns and lines of the terminal.
    size: fn() -> (usize, usize),
    /// Permanent lines that are not written yet.
    above: String,
    /// The line after the table.
    end: Option<String>,
    /// Federated objects that are only counted; `None` lists them.
    federated: Option<usize>,
    changed: bool,
    shown: Instant,
}

impl Live {
    /// A display on standard error. `events`: they go to standard output. `runs`: there is something to
    /// wait for.
    pub fn new(
        output: &Output,
        choice: ProgressChoice,
        (events, runs): (bool, bool),
        progress: Progress,
        now: Instant,
    ) -> Self {
        let terminal = io::stderr().is_terminal() && !output.logs;
        let place = Place { terminal, events, runs };
        let choice = if output.quiet { ProgressChoice::None } else { choice };
        let mode = Mode::of(choice, place, |name| std::env::var(name).ok());
        let looks = (output.colour_messages, output.symbols);
        let federated = (!output.verbose).then_some(0);
        Self { federated, ..Self::with(io::stderr(), mode, looks, size, progress, now) }
    }
}

impl<W: Write> Live<W> {
    fn with(
        out: W,
        mode: Mode,
        (colour, symbols): (bool, bool),
        size: fn() -> (usize, usize),
        progress: Progress,
        now: Instant,
    ) -> Self {
        let screen = Screen::new(out);
        let (above, end, federated) = (String::new(), None, Some(0));
        let (changed, shown) = (true, now);
        Self {
            mode,
            progress,
            screen,
            colour,
            symbols,
            size,
            above,
            end,
            federated,
            changed,
            shown,
        }
    }

    /// Shows an event.
    pub fn record(&mut self, event: &Event, now: Instant) {
        self.progress.record(event, now);
        self.changed = true;
        if let Some(count) = self.federated.as_mut().filter(|_| is_federated(event)) {
            *count += 1;
            return;
        }
        self.show_count(now);
        // The plan has already listed what an uninstallation keeps.
        let is_known =
            self.progress.removes() && matches!(event, Event::Prune { state: Pruned::Kept, .. });
        let line = match self.mode {
            Mode::Silent => None,
            _ if is_known => None,
            Mode::Lines => event_line(event),
            Mode::Errors => event_line(event).filter(|_| is_problem(event)),
            Mode::Table => match event {
                Event::Summary(_) => {
                    self.end = event_line(event);
                    None
                }
                _ => event_line(event).filter(|_| stays(event)),
            },
        };
        if let Some(line) = line {
            self.show(&line, now);
        }
        self.draw_when_due(now);
    }

    /// Shows how many federated objects were kept.
    fn show_count(&mut self, now: Instant) {
        let count = self.federated.as_mut().map(std::mem::take).unwrap_or_default();
        let is_shown = matches!(self.mode, Mode::Lines | Mode::Table) && !self.progress.removes();
        if count > 0 && is_shown {
            let objects = if count == 1 { "object" } else { "objects" };
            self.show(&format!("kept {count} {objects}: {FEDERATED}"), now);
        }
    }

    /// Shows a line that stays: above the table, or below the lines before.
    fn show(&mut self, line: &str, now: Instant) {
        if self.mode == Mode::Table {
            self.above.push_str(line);
            self.above.push('\n');
        } else {
            self.print(line, now);
        }
    }

    /// Updates the times.
    pub fn tick(&mut self, now: Instant) {
        self.draw_when_due(now);
        if self.mode == Mode::Lines && now - self.shown >= SILENCE {
            let line = self.progress.heartbeat(now, self.symbols);
            self.print(&line, now);
        }
    }

    /// Shows that the user interrupted the run.
    pub fn stop(&mut self, now: Instant) {
        if !self.progress.stop() {
            return;
        }
        self.changed = true;
        match self.mode {
            Mode::Table => self.draw_when_due(now),
            Mode::Lines | Mode::Errors => {
                self.print("stopping after the requests in progress; press Ctrl-C again to exit immediately", now);
            }
            Mode::Silent => {}
        }
    }

    /// The run has ended; `success` is set if it was not cut short. The table stays.
    pub fn finish(&mut self, success: bool, now: Instant) {
        self.show_count(now);
        self.progress.end(success, now);
        if self.mode == Mode::Table {
            self.draw(None, now);
            self.screen.release();
            if let Some(end) = self.end.take() {
                self.print(&end, now);
            }
        }
    }

    fn print(&mut self, line: &str, now: Instant) {
        self.shown = now;
        self.screen.write(&format!("{line}\n"));
    }

    fn draw_when_due(&mut self, now: Instant) {
        let due = if self.changed { SHORTEST } else { LONGEST };
        if self.mode == Mode::Table && now - self.shown >= due {
            let (_, height) = (self.size)();
            self.draw(Some(height), now);
        }
    }

    fn draw(&mut self, height: Option<usize>, now: Instant) {
        let (width, _) = (self.size)();
        let style = TableStyle { width, height, colour: self.colour, symbols: self.symbols };
        let lines = self.progress.lines(style, now);
        self.screen.draw(&std::mem::take(&mut self.above), &lines);
        (self.changed, self.shown) = (false, now);
    }
}

/// Whether an object was kept because KubeFed manages it.
fn is_federated(event: &Event) -> bool {
    let Event::Prune { state: Pruned::Kept, reason, .. } = event else { return false };
    reason.as_deref() == Some(FEDERATED)
}

/// Whether an event reports a problem.
fn is_problem(event: &Event) -> bool {
    matches!(
        event,
        Event::Finding { .. }
            | Event::Error { .. }
            | Event::Connection { .. }
            | Event::Wait { cause: Some(_), .. }
    )
}

/// Whether an event stays above the table, which does not show it well enough.
fn stays(event: &Event) -> bool {
    is_problem(event)
        || matches!(
            event,
            Event::Apply { state: Action::Conflict, .. }
                | Event::Prune { state: Pruned::Kept, .. }
                | Event::Status { state: Phase::ValuesStored | Phase::Locking, .. }
                | Event::Warning { .. }
        )
}

/// The size of the terminal on standard error, read for each drawing, since it may change.
fn size() -> (usize, usize) {
    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse().ok());
    let size = terminal_size::terminal_size_of(io::stderr());
    let (width, height) = size.map_or((80, 24), |(w, h)| (usize::from(w.0), usize::from(h.0)));
    let given = size.is_none().then(|| number("COLUMNS")).flatten();
    (given.unwrap_or(width), height)
}

#[cfg(test)]
mod tests;
