//! The last lines of a terminal, redrawn in place.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether the cursor is hidden, so that it can be shown again before the process exits.
static HIDDEN: AtomicBool = AtomicBool::new(false);
/// How many lines are drawn below it, so that they can be removed then: nobody updates them any more.
static DRAWN: AtomicUsize = AtomicUsize::new(0);
/// Whether the process is about to exit, so that nothing more is drawn.
static CLOSED: AtomicBool = AtomicBool::new(false);

const HIDE: &str = "\x1b[?25l";
const SHOW: &str = "\x1b[?25h";
/// Synchronized output: terminals that support it show everything between these at once.
pub(super) const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";

/// The last lines of a terminal. Text above them stays and scrolls away.
#[derive(Debug)]
pub(super) struct Screen<W: Write> {
    out: W,
    drawn: usize,
    hidden: bool,
}

impl<W: Write> Screen<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, drawn: 0, hidden: false }
    }

    /// Writes `above` permanently, and the lines below it in place of the previous ones.
    pub(super) fn draw(&mut self, above: &str, lines: &[String]) {
        if CLOSED.load(Ordering::SeqCst) {
            return;
        }
        let mut text = String::from(BEGIN);
        if !std::mem::replace(&mut self.hidden, true) {
            HIDDEN.store(true, Ordering::SeqCst);
            text.push_str(HIDE);
        }
        if self.drawn > 0 {
            text.push_str("\x1b[");
            text.push_str(&self.drawn.to_string());
            text.push('A');
        }
        if !above.is_empty() {
            // Its lines may wrap into following lines, which must be empty.
            text.push_str("\r\x1b[J");
        }
        for line in above.lines().chain(lines.iter().map(String::as_str)) {
            // Cleared before the text: afterwards a line of full width would lose its last character.
            text.push_str("\r\x1b[2K");
            text.push_str(line);
            text.push('\n');
        }
        // Clears surplus old lines, and the echo of pressed keys.
        text.push_str("\x1b[J");
        text.push_str(END);
        self.drawn = lines.len();
        DRAWN.store(self.drawn, Ordering::SeqCst);
        self.write(&text);
    }

    /// Keeps what is drawn and shows the cursor below it.
    pub(super) fn release(&mut self) {
        self.drawn = 0;
        if std::mem::take(&mut self.hidden) {
            HIDDEN.store(false, Ordering::SeqCst);
            self.write(SHOW);
        }
    }

    /// Writes a text as it is.
    pub(super) fn write(&mut self, text: &str) {
        // A failure of the terminal cannot be reported.
        let _ = self.out.write_all(text.as_bytes());
        let _ = self.out.flush();
    }
}

impl<W: Write> Drop for Screen<W> {
    fn drop(&mut self) {
        self.release();
    }
}

/// Prints a final message before the process exits immediately, in place of the table.
pub fn final_message(text: &str) {
    CLOSED.store(true, Ordering::SeqCst);
    let table = HIDDEN.swap(false, Ordering::SeqCst).then(|| DRAWN.load(Ordering::SeqCst));
    let _ = io::stderr().write_all(farewell(table, text).as_bytes());
}

/// The message, after the lines of the table are removed and the cursor is shown.
fn farewell(table: Option<usize>, text: &str) -> String {
    match table {
        None => format!("{text}\n"),
        Some(0) => format!("{SHOW}{text}\n"),
        Some(lines) => format!("\x1b[{lines}A\r\x1b[J{SHOW}{text}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stale_is_left_of_a_table() {
        assert_eq!(farewell(None, "bye"), "bye\n");
        assert_eq!(farewell(Some(3), "bye"), "\x1b[3A\r\x1b[J\x1b[?25hbye\n");
    }
}
