//! Hides secrets in texts that have no structure to go by: log lines, messages of events, and whatever
//! goes into a support bundle.
//!
//! Two nets: values that are known to be secret, in every spelling in which they may turn up, and
//! patterns of what secrets look like. Escape sequences of terminals go, too: much of such text is
//! written by programs of others.

mod known;
mod patterns;
mod plain;

use std::fmt;

use aho_corasick::{AhoCorasick, MatchKind};

pub use plain::{is_invisible, plain, visible};

/// What stands in place of a secret.
const MASK: &str = "***";
/// A private key has no more lines than this: one that never ends is a broken line, not the rest of a
/// log.
const LONGEST_KEY: usize = 200;

/// Knows secret values, and hides them and what looks like them.
#[derive(Default)]
pub struct Scrubber {
    known: Option<AhoCorasick>,
    /// Values are known, but cannot be searched for: then nothing is shown at all.
    closed: bool,
}

impl Scrubber {
    /// One that goes by patterns alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that knows values as well. Values of less than six characters hide nothing: they would be
    /// found everywhere.
    pub fn knowing<'v>(values: impl IntoIterator<Item = &'v [u8]>) -> Self {
        let mut spellings: Vec<String> = values.into_iter().flat_map(known::spellings).collect();
        spellings.sort_unstable();
        spellings.dedup();
        let known = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(spellings);
        // Only more patterns than memory has room for are an error.
        Self { closed: known.is_err(), known: known.ok() }
    }

    /// A text of any number of lines without its secrets.
    pub fn text(&self, text: &str) -> String {
        let mut lines = self.lines();
        let mut clean = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            let (line, end) = match line.strip_suffix('\n') {
                Some(line) => (line, "\n"),
                None => (line, ""),
            };
            clean.push_str(&lines.line(line));
            clean.push_str(end);
        }
        clean
    }

    /// Lines that belong together, one after the other.
    pub fn lines(&self) -> Lines<'_> {
        Lines { scrubber: self, in_key: 0 }
    }

    fn known(&self, line: &str) -> Option<String> {
        let known = self.known.as_ref().filter(|known| known.is_match(line))?;
        let mut clean = String::with_capacity(line.len());
        known.replace_all_with(line, &mut clean, |_, _, clean| {
            clean.push_str(MASK);
            true
        });
        Some(clean)
    }
}

/// Never shows the values.
impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.known.as_ref().map_or(0, AhoCorasick::patterns_len);
        write!(f, "Scrubber({count} spellings)")
    }
}

/// Lines of one text: a private key goes over several.
#[derive(Debug)]
pub struct Lines<'s> {
    scrubber: &'s Scrubber,
    /// How many lines of a private key may still follow.
    in_key: usize,
}

impl Lines<'_> {
    /// The next line without its secrets.
    pub fn line(&mut self, line: &str) -> String {
        if self.scrubber.closed {
            return MASK.to_owned();
        }
        let line = plain(line);
        if self.in_key > 0 {
            self.in_key = if patterns::ends_key(&line) { 0 } else { self.in_key - 1 };
            return MASK.to_owned();
        }
        if patterns::begins_key(&line) {
            self.in_key = LONGEST_KEY;
        }
        let line = self.scrubber.known(&line).unwrap_or(line);
        patterns::mask(line)
    }
}

#[cfg(test)]
mod tests;
