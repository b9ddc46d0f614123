//! Hides secrets in texts that have no structure to go by: log lines, messages of events, and whatever
//! goes into a support bundle.
//!
//! Two nets: values that are known to be secret, in every spelling in which they may turn up, and
//! patterns of what secrets look like. Escape sequences of terminals go, too: much of such text is
//! written by programs of others.

mod known;
mod named;
mod patterns;
mod plain;
mod shape;
mod value;

use std::fmt;
use std::ops::Range;

use aho_corasick::AhoCorasick;
use serde_json::Value;

use super::secret_fields;
use crate::diagnostic::replaced;

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
        let known = AhoCorasick::new(spellings);
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

    /// A value without the secrets in its texts and keys, and without what has a secret name.
    pub fn value(&self, value: Value) -> Value {
        let mut value = value;
        secret_fields::visit_fields(&mut value, &mut |secret| {
            let shown =
                secret.as_str().is_some_and(|text| text.is_empty() || text.starts_with(MASK));
            if !shown {
                *secret = Value::from(MASK);
            }
        });
        self.texts(value)
    }

    fn texts(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.texts(item)).collect(),
            Value::Object(map) => {
                map.into_iter().map(|(key, child)| (self.text(&key), self.texts(child))).collect()
            }
            other => other,
        }
    }

    /// Lines that belong together, one after the other.
    pub fn lines(&self) -> Lines<'_> {
        Lines { scrubber: self, in_key: 0 }
    }

    fn known(&self, line: &str) -> Option<String> {
        let places = self.known.as_ref()?.find_overlapping_iter(line).map(|place| place.range());
        let places: Vec<_> = places.collect();
        (!places.is_empty()).then(|| replaced(line, places, MASK))
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
        masked(line)
    }
}

/// Where in a text something stands that looks like a secret, in order and apart from each other.
pub(super) fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut key = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let place = |range: Range<usize>| offset + range.start..offset + range.end;
        if let Some(start) = key.take_if(|_| patterns::ends_key(line)) {
            found.push(start..offset + line.trim_end().len());
        } else if key.is_none() && patterns::begins_key(line) {
            key = Some(offset);
        } else if key.is_none() {
            found.extend(
                patterns::ranges(line.trim_end_matches(['\n', '\r'])).into_iter().map(place),
            );
        }
        offset += line.len();
    }
    found.extend(key.map(|start| start..text.len()));
    found
}

/// A line without what looks like a secret.
fn masked(line: String) -> String {
    let secrets = patterns::ranges(&line);
    if secrets.is_empty() { line } else { replaced(&line, secrets, MASK) }
}

#[cfg(test)]
mod tests;
