//! The live display of a copy of images: the images under way with how far each is, or lines.

use std::io::{self, IsTerminal as _, Stderr, Write};
use std::time::{Duration, Instant};

use super::Output;
use super::mode::{Mode, Place, ProgressChoice};
use super::screen::Screen;
use crate::images::copy::{Row, State};

/// The time between two drawings of the table.
const SHORTEST: Duration = Duration::from_millis(200);
/// The time without output after which a line shows how far the copy is.
const SILENCE: Duration = Duration::from_secs(15);
/// The columns of a bar, and those beside a name.
const BAR: usize = 16;
const BESIDE: usize = BAR + 28;

/// The live display of a copy. The caller calls [`tick`](Self::tick) during the copy, and
/// [`finish`](Self::finish) at its end.
#[derive(Debug)]
pub struct Transfer<W: Write = Stderr> {
    mode: Mode,
    screen: Screen<W>,
    symbols: bool,
    size: (usize, usize),
    /// The states that were shown.
    known: Vec<State>,
    began: Instant,
    shown: Instant,
}

impl Transfer {
    /// A display on standard error. `events`: results go to standard output as JSON.
    pub fn new(output: &Output, choice: ProgressChoice, events: bool, now: Instant) -> Self {
        let terminal = io::stderr().is_terminal() && !output.logs;
        let place = Place { terminal, events, runs: true };
        let choice = if output.quiet { ProgressChoice::None } else { choice };
        let mode = Mode::of(choice, place, |name| std::env::var(name).ok());
        let size = terminal_size::terminal_size_of(io::stderr());
        let size = size.map_or((80, 24), |(w, h)| (usize::from(w.0), usize::from(h.0)));
        Self::with(io::stderr(), mode, output.symbols, size, now)
    }
}

impl<W: Write> Transfer<W> {
    fn with(out: W, mode: Mode, symbols: bool, size: (usize, usize), now: Instant) -> Self {
        let screen = Screen::new(out);
        Self { mode, screen, symbols, size, known: Vec::new(), began: now, shown: now }
    }

    /// Shows the rows as they are now.
    pub fn tick(&mut self, rows: &[Row], now: Instant) {
        let ended = self.ended(rows);
        match self.mode {
            Mode::Table if now - self.shown >= SHORTEST || !ended.is_empty() => {
                let lines = self.lines(rows, now);
                self.screen.draw(&ended, &lines);
                self.shown = now;
            }
            Mode::Lines if !ended.is_empty() => {
                self.screen.write(&ended);
                self.shown = now;
            }
            Mode::Lines if now - self.shown >= SILENCE => {
                let line = format!("copying: {}\n", self.sum(rows, now));
                self.screen.write(&line);
                self.shown = now;
            }
            _ => {}
        }
    }

    /// The copy has ended: only the lines of the images stay.
    pub fn finish(&mut self, rows: &[Row]) {
        let ended = self.ended(rows);
        match self.mode {
            Mode::Table => {
                self.screen.draw(&ended, &[]);
                self.screen.release();
            }
            Mode::Lines => self.screen.write(&ended),
            Mode::Errors | Mode::Silent => {}
        }
    }

    /// A line for each image that has ended since the last call.
    fn ended(&mut self, rows: &[Row]) -> String {
        self.known.resize(rows.len(), State::Waiting);
        let mut text = String::new();
        for (row, known) in rows.iter().zip(&mut self.known) {
            let before = std::mem::replace(known, row.state);
            if before == row.state {
                continue;
            }
            match row.state {
                State::Done if row.there == row.total => {
                    text.extend([&row.name, " is there\n"]);
                }
                State::Done => {
                    let there = match row.there {
                        0 => String::new(),
                        there => format!(", {} were there", bytes(there)),
                    };
                    let sent = bytes(row.done - row.there);
                    text.extend(["copied ", &row.name, ": ", &sent, &there, "\n"]);
                }
                State::Failed => text.extend(["failed ", &row.name, "\n"]),
                _ => {}
            }
        }
        text
    }

    fn lines(&self, rows: &[Row], now: Instant) -> Vec<String> {
        let (width, height) = self.size;
        let active =
            |row: &&Row| matches!(row.state, State::Reading | State::Copying | State::Verifying);
        let names = width.saturating_sub(BESIDE).max(16);
        let mut lines: Vec<_> = rows
            .iter()
            .filter(active)
            .take(height.saturating_sub(3))
            .map(|row| {
                let name = shortened(&row.name, names);
                let state = match row.state {
                    State::Reading => "reading".to_owned(),
                    State::Verifying => "verifying".to_owned(),
                    _ => {
                        let of = format!("{} of {}", bytes(row.done), bytes(row.total));
                        format!("{} {of}", self.bar(row.done, row.total))
                    }
                };
                format!("  {name:<names$}  {state}")
            })
            .collect();
        lines.push(format!("  {}", self.sum(rows, now)));
        lines
    }

    fn sum(&self, rows: &[Row], now: Instant) -> String {
        let done = rows.iter().filter(|row| row.state == State::Done).count();
        let sent: u64 = rows.iter().map(|row| row.done - row.there.min(row.done)).sum();
        let seconds = (now - self.began).as_secs().max(1);
        format!(
            "{done} of {} images, {} sent, {}/s",
            rows.len(),
            bytes(sent),
            bytes(sent / seconds)
        )
    }

    fn bar(&self, done: u64, total: u64) -> String {
        let part = u128::from(done.min(total)) * BAR as u128 / u128::from(total.max(1));
        let full = usize::try_from(part).unwrap_or(BAR);
        let (on, off) = if self.symbols { ("█", "░") } else { ("#", ".") };
        on.repeat(full) + &off.repeat(BAR - full)
    }
}

/// A number of bytes as people read it.
pub fn bytes(count: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match units.into_iter().find(|(size, _)| count >= *size) {
        Some((size, unit)) => {
            let tenths = count / (size / 10);
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{count} B"),
    }
}

/// A name without its begin, which is the same for many.
fn shortened(name: &str, most: usize) -> String {
    let length = name.chars().count();
    if length <= most {
        return name.to_owned();
    }
    let rest: String = name.chars().skip(length - most + 3).collect();
    format!("...{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, state: State, done: u64, there: u64) -> Row {
        Row { name: name.to_owned(), state, done, there, total: 4_000_000 }
    }

    fn shown(mode: Mode, steps: &[(u64, Vec<Row>)]) -> String {
        let mut out = Vec::new();
        let began = Instant::now();
        let mut transfer = Transfer::with(&mut out, mode, false, (80, 24), began);
        for (seconds, rows) in steps {
            transfer.tick(rows, began + Duration::from_secs(*seconds));
        }
        transfer.finish(&steps.last().unwrap().1);
        drop(transfer);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn without_a_terminal_a_line_for_each_image_and_one_now_and_then() {
        let steps = [
            (1, vec![row("a", State::Copying, 1_000_000, 0), row("b", State::Waiting, 0, 0)]),
            (20, vec![row("a", State::Copying, 2_000_000, 0), row("b", State::Failed, 0, 0)]),
            (40, vec![row("a", State::Copying, 3_000_000, 0), row("b", State::Failed, 0, 0)]),
            (41, vec![row("a", State::Done, 4_000_000, 1_500_000), row("b", State::Failed, 0, 0)]),
        ];
        let expected = "failed b\n\
                        copying: 0 of 2 images, 3.0 MB sent, 75.0 kB/s\n\
                        copied a: 2.5 MB, 1.5 MB were there\n";
        assert_eq!(shown(Mode::Lines, &steps), expected);
        assert_eq!(shown(Mode::Silent, &steps), "");
        let there = [(1, vec![row("a", State::Done, 4_000_000, 4_000_000)])];
        assert_eq!(shown(Mode::Lines, &there), "a is there\n");
    }

    #[test]
    fn on_a_terminal_what_is_under_way_is_below_what_has_ended() {
        let name = "registry.example.com/kubesphere/ks-controller-manager:v3.4.1";
        let rows =
            vec![row(name, State::Copying, 1_000_000, 0), row("b", State::Done, 4_000_000, 0)];
        let text = shown(Mode::Table, &[(1, rows)]);
        assert!(text.contains("copied b: 4.0 MB\n"), "{text}");
        assert!(text.contains("####............ 1.0 MB of 4.0 MB"), "{text}");
        assert!(text.contains("...here/ks-controller-manager:v3.4.1  ####"), "{text}");
        assert!(text.contains("1 of 2 images, 5.0 MB sent, 5.0 MB/s"), "{text}");
    }
}
