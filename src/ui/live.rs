//! A run as it is shown while it goes on: a table in place, or lines.

use std::io::{self, IsTerminal as _, Stderr, Write};
use std::time::{Duration, Instant};

use super::mode::{Mode, Place, ProgressChoice};
use super::progress::{Look, Progress, cut, span};
use super::screen::Screen;
use super::{Output, event_line};
use crate::engine::{Event, Phase, Pruned};
use crate::plan::Action;

/// How often a table is drawn at most, and at least, for the times in it.
const OFTEN: Duration = Duration::from_millis(100);
const SELDOM: Duration = Duration::from_secs(1);
/// After how much silence a line says what is awaited: some runners end jobs that say nothing.
const SILENCE: Duration = Duration::from_secs(15);
/// How many components such a line names.
const NAMED: usize = 3;

/// A run as it is shown while it goes on. Whoever drives the run calls [`tick`](Self::tick) beside it,
/// and [`finish`](Self::finish) in the end.
#[derive(Debug)]
pub struct Live<W: Write = Stderr> {
    mode: Mode,
    progress: Progress,
    screen: Screen<W>,
    colour: bool,
    symbols: bool,
    /// Columns and lines of the terminal.
    size: fn() -> (usize, usize),
    /// What stays, and is not written yet.
    above: String,
    /// What comes after the table.
    end: Option<String>,
    changed: bool,
    shown: Instant,
}

impl Live {
    /// On standard error. `events` says that these go to standard output, `runs` that there is
    /// something to wait for.
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
        Self::with(io::stderr(), mode, looks, size, progress, now)
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
        let (above, end) = (String::new(), None);
        let changed = true;
        Self { mode, progress, screen, colour, symbols, size, above, end, changed, shown: now }
    }

    /// Something happened.
    pub fn tell(&mut self, event: &Event, now: Instant) {
        self.progress.tell(event, now);
        self.changed = true;
        // Of what everything else leaves, the plan said what stays before, in few lines.
        let said =
            self.progress.removes() && matches!(event, Event::Prune { state: Pruned::Kept, .. });
        let line = match self.mode {
            Mode::Nothing => None,
            _ if said => None,
            Mode::Lines => event_line(event),
            Mode::Errors => event_line(event).filter(|_| is_trouble(event)),
            Mode::Table => match event {
                Event::Summary(_) => {
                    self.end = event_line(event);
                    None
                }
                _ => event_line(event).filter(|_| stays(event)),
            },
        };
        match line {
            Some(line) if self.mode == Mode::Table => {
                self.above.push_str(&line);
                self.above.push('\n');
            }
            Some(line) => self.say(&line, now),
            None => {}
        }
        self.draw_when_due(now);
    }

    /// Time goes by.
    pub fn tick(&mut self, now: Instant) {
        self.draw_when_due(now);
        if self.mode == Mode::Lines && now - self.shown >= SILENCE {
            let line = self.heartbeat(now);
            self.say(&line, now);
        }
    }

    /// The user wants the run to end.
    pub fn stop(&mut self, now: Instant) {
        if !self.progress.stop() {
            return;
        }
        self.changed = true;
        match self.mode {
            Mode::Table => self.draw_when_due(now),
            Mode::Lines | Mode::Errors => {
                self.say("stopping: what was begun is finished; Ctrl-C again ends at once", now);
            }
            Mode::Nothing => {}
        }
    }

    /// The run is over; it reached its end if all is `well`. The table stays.
    pub fn finish(&mut self, well: bool, now: Instant) {
        self.progress.end(well, now);
        if self.mode == Mode::Table {
            self.draw(None, now);
            self.screen.leave();
            if let Some(end) = self.end.take() {
                self.say(&end, now);
            }
        }
    }

    fn say(&mut self, line: &str, now: Instant) {
        self.shown = now;
        self.screen.write(&format!("{line}\n"));
    }

    fn draw_when_due(&mut self, now: Instant) {
        let due = if self.changed { OFTEN } else { SELDOM };
        if self.mode == Mode::Table && now - self.shown >= due {
            let (_, height) = (self.size)();
            self.draw(Some(height), now);
        }
    }

    fn draw(&mut self, height: Option<usize>, now: Instant) {
        let (width, _) = (self.size)();
        let look = Look { width, height, colour: self.colour, symbols: self.symbols };
        let lines = self.progress.lines(look, now);
        self.screen.draw(&std::mem::take(&mut self.above), &lines);
        (self.changed, self.shown) = (false, now);
    }

    /// What is still awaited.
    fn heartbeat(&self, now: Instant) -> String {
        let time = span(self.progress.lasts(now));
        let awaited = self.progress.awaited();
        let more = match awaited.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (done, total) = self.progress.objects();
        if awaited.is_empty() {
            return format!("still at work after {time}: {done} of {total} objects");
        }
        let named: Vec<String> =
            awaited.iter().take(NAMED).map(|text| cut(text, 120, self.symbols)).collect();
        format!("still at work after {time}, {done} of {total} objects: {}{more}", named.join(", "))
    }
}

/// What is wrong.
fn is_trouble(event: &Event) -> bool {
    matches!(event, Event::Finding { .. } | Event::Error { .. })
}

/// What a table does not show well enough.
fn stays(event: &Event) -> bool {
    is_trouble(event)
        || matches!(
            event,
            Event::Apply { state: Action::Conflict, .. }
                | Event::Prune { state: Pruned::Kept, .. }
                | Event::Status { state: Phase::ValuesKept | Phase::Locking, .. }
                | Event::Warning { .. }
        )
}

/// The size of the terminal behind standard error: asked again for each drawing, since it changes.
fn size() -> (usize, usize) {
    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse().ok());
    let size = terminal_size::terminal_size_of(io::stderr());
    let (width, height) = size.map_or((80, 24), |(w, h)| (usize::from(w.0), usize::from(h.0)));
    let given = size.is_none().then(|| number("COLUMNS")).flatten();
    (given.unwrap_or(width), height)
}

#[cfg(test)]
mod tests;
