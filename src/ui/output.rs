//! The output streams: data on standard output, everything else on standard error.

use std::io::{self, IsTerminal, Write};

use super::colour::{ColourChoice, wants_colour};
use crate::diagnostic::{Code, Diagnostics, Sources, TextStyle, to_text};

/// The output of a command.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is an independent property of the streams")]
pub struct Output {
    /// Whether data on standard output is coloured.
    pub colour: bool,
    /// Whether messages on standard error are coloured.
    pub colour_messages: bool,
    /// Whether the terminal shows Unicode symbols.
    pub symbols: bool,
    pub(super) quiet: bool,
    /// Whether a log goes to standard error, so that nothing there can be redrawn.
    pub(super) logs: bool,
    /// Whether each warning and each object is shown, or one line for each kind.
    pub verbose: bool,
    width: usize,
}

impl Output {
    /// Inspects the streams and the environment.
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
            verbose: false,
            width: std::cmp::max(width, 40),
        }
    }

    /// Writes data to standard output.
    ///
    /// # Errors
    /// The stream cannot be written, for example because the pipe is closed.
    pub fn data(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Prints a message for the user, unless `--quiet` is set.
    pub fn print(&self, text: &str) {
        if !self.quiet {
            self.message(text);
        }
    }

    /// Prints a message for the user, even with `--quiet`.
    pub fn message(&self, text: &str) {
        // A failure of standard error cannot be reported.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Prints diagnostics to standard error; with `--quiet` only if there are errors.
    pub fn diagnostics(&self, diagnostics: &Diagnostics, sources: &Sources) {
        if self.quiet && !diagnostics.has_errors() {
            return;
        }
        let text = self.diagnostics_text(diagnostics, sources, self.colour_messages);
        if !text.is_empty() {
            self.message(text.trim_end());
            self.message("");
        }
    }

    /// Whether data goes to a terminal.
    pub fn is_on_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Diagnostics as text, with what to do about warnings that one line sums up.
    pub fn diagnostics_text(
        &self,
        diagnostics: &Diagnostics,
        sources: &Sources,
        colour: bool,
    ) -> String {
        let style = TextStyle { colour, width: self.width, brief: !self.verbose };
        let mut text = to_text(diagnostics, sources, style);
        let repeated = diagnostics.repeated_warnings();
        if style.brief && !repeated.is_empty() {
            let is_old =
                |code| matches!(code, Code::Migrated | Code::Obsolete | Code::MisindentedRole);
            let old = diagnostics.iter().filter(|d| is_old(d.code)).find_map(|d| d.span);
            let migrate = old.filter(|_| repeated.iter().any(|code| is_old(*code))).map(|span| {
                let file = sources.name(span.source);
                format!("`ksi config migrate --from {file}` writes the current format; ")
            });
            let migrate = migrate.unwrap_or_default();
            text.extend(["help: ", &migrate, "-v shows every warning\n"]);
        }
        text
    }
}

/// The width of the terminal on standard output.
fn terminal_width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(width.0))
}

/// Whether the locale supports Unicode. Without a locale UTF-8 is assumed, which most logs use.
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
