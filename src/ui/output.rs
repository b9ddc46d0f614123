//! The two streams: data on standard output, everything else on standard error.

use std::io::{self, IsTerminal, Write};

use super::colour::{ColourChoice, wants_colour};
use crate::diagnostic::{Diagnostics, Sources, TextStyle, to_text};

/// Where a verb writes.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own about the streams")]
pub struct Output {
    /// Whether data on standard output is coloured.
    pub colour: bool,
    /// Whether messages on standard error are coloured.
    pub colour_messages: bool,
    /// Whether the terminal shows more than ASCII.
    pub symbols: bool,
    pub(super) quiet: bool,
    /// Whether a log is written to standard error, so that nothing there can be redrawn.
    pub(super) logs: bool,
    width: usize,
}

impl Output {
    /// Looks at the streams and at the environment.
    pub fn new(choice: ColourChoice, quiet: bool) -> Self {
        let lookup = |name: &str| std::env::var(name).ok();
        let width = lookup("COLUMNS").and_then(|c| c.parse().ok()).or_else(terminal_width);
        let width = width.unwrap_or(100);
        Self {
            colour: wants_colour(choice, io::stdout().is_terminal(), lookup),
            colour_messages: wants_colour(choice, io::stderr().is_terminal(), lookup),
            symbols: shows_symbols(lookup),
            quiet,
            logs: false,
            width: std::cmp::max(width, 40),
        }
    }

    /// Writes data to standard output.
    ///
    /// # Errors
    /// The stream cannot be written, a closed pipe among others.
    pub fn data(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Says something to the person at the terminal; `--quiet` leaves it out.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            self.message(text);
        }
    }

    /// Says something that must be read, `--quiet` or not.
    pub fn message(&self, text: &str) {
        // Nobody can be told that standard error is gone.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Shows problems on standard error; of warnings only when not quiet.
    pub fn diagnostics(&self, diagnostics: &Diagnostics, sources: &Sources) {
        if self.quiet && !diagnostics.has_errors() {
            return;
        }
        let style = TextStyle { colour: self.colour_messages, width: self.width };
        let text = to_text(diagnostics, sources, style);
        if !text.is_empty() {
            self.message(text.trim_end());
            self.message("");
        }
    }

    /// Whether data goes to a terminal.
    pub fn is_on_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// How many columns there are.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How text on standard output may look.
    pub fn style(&self) -> TextStyle {
        TextStyle { colour: self.colour, width: self.width }
    }
}

/// The columns of the terminal that data goes to.
fn terminal_width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(width.0))
}

/// Whether the locale knows more than ASCII. Where none is set, most logs are UTF-8.
fn shows_symbols(lookup: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name| lookup(name).filter(|value: &String| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    locale.is_none_or(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides_on_symbols() {
        let with = |pairs: &'static [(&str, &str)]| {
            shows_symbols(|name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(with(&[]));
        assert!(with(&[("LANG", "de_DE.UTF-8")]));
        assert!(with(&[("LC_ALL", ""), ("LANG", "C.utf8")]));
        assert!(!with(&[("LANG", "C")]));
        assert!(!with(&[("LC_ALL", "POSIX"), ("LANG", "en_US.UTF-8")]));
    }
}
