//! The lower end of a terminal, redrawn in place.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the cursor is hidden now, so that whoever ends the process can show it again.
static HIDDEN: AtomicBool = AtomicBool::new(false);

const HIDE: &str = "\x1b[?25l";
const SHOW: &str = "\x1b[?25h";
/// A terminal that knows these shows everything between them at once.
pub(super) const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";

/// Lines at the lower end of a terminal. What is written above them stays and scrolls away.
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

    /// Writes `above` to stay, and the lines below it in place of those of the last time.
    pub(super) fn draw(&mut self, above: &str, lines: &[String]) {
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
            // Its lines may be wider than the terminal and go on in others, which must be empty.
            text.push_str("\r\x1b[J");
        }
        for line in above.lines().chain(lines.iter().map(String::as_str)) {
            // Cleared before it is written: a line as wide as the terminal would lose its last letter.
            text.push_str("\r\x1b[2K");
            text.push_str(line);
            text.push('\n');
        }
        // What is left of more lines than there are now, and of keys that were pressed.
        text.push_str("\x1b[J");
        text.push_str(END);
        self.drawn = lines.len();
        self.write(&text);
    }

    /// Leaves what is drawn where it is and shows the cursor below it.
    pub(super) fn leave(&mut self) {
        self.drawn = 0;
        if std::mem::take(&mut self.hidden) {
            HIDDEN.store(false, Ordering::SeqCst);
            self.write(SHOW);
        }
    }

    /// Writes a text as it is.
    pub(super) fn write(&mut self, text: &str) {
        // Nobody can be told that the terminal is gone.
        let _ = self.out.write_all(text.as_bytes());
        let _ = self.out.flush();
    }
}

impl<W: Write> Drop for Screen<W> {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Says something to the person at the terminal; for whoever ends the process at once.
pub fn last_words(text: &str) {
    show_cursor();
    let _ = writeln!(io::stderr(), "{text}");
}

/// Shows the cursor again if it is hidden; for whoever ends the process at once.
pub fn show_cursor() {
    if HIDDEN.swap(false, Ordering::SeqCst) {
        let _ = io::stderr().write_all(SHOW.as_bytes());
    }
}
