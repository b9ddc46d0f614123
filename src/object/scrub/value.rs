//! Where a value in a line begins and ends.

use std::ops::Range;

/// A value in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    /// Its bytes, without quotes.
    pub(super) range: Range<usize>,
    /// Whether it stands in quotes.
    pub(super) quoted: bool,
}

impl Value {
    /// The value that begins at a place: quoted, or up to a blank.
    pub(super) fn at(line: &str, at: usize) -> Self {
        match quote(line, at) {
            Some(open) => Self { range: open..closing(line, open), quoted: true },
            None => Self { range: at..bare_end(line, at), quoted: false },
        }
    }

    pub(super) fn text<'l>(&self, line: &'l str) -> &'l str {
        line.get(self.range.clone()).unwrap_or_default()
    }

    /// Behind it and its closing quote.
    pub(super) fn end(&self, line: &str) -> usize {
        if self.quoted {
            quote(line, self.range.end).unwrap_or(self.range.end)
        } else {
            self.range.end
        }
    }
}

/// Behind a quote that stands here, escaped or not: `"`, `'`, `\"`, `\\\"`.
pub(super) fn quote(line: &str, at: usize) -> Option<usize> {
    let bytes = line.as_bytes();
    let escapes = bytes[at.min(bytes.len())..].iter().take_while(|b| **b == b'\\').count();
    matches!(bytes.get(at + escapes)?, b'"' | b'\'').then_some(at + escapes + 1)
}

/// Where the text of a quote ends that opened before `from`: in front of the quote that closes it, which has as many
/// escapes or fewer. One that never closes holds the rest of the line.
fn closing(line: &str, from: usize) -> usize {
    let bytes = line.as_bytes();
    let mark = bytes[from - 1];
    let escapes_before = |at: usize| bytes[..at].iter().rev().take_while(|b| **b == b'\\').count();
    let depth = escapes_before(from - 1);
    let mut at = from;
    while let Some(next) = bytes[at..].iter().position(|b| *b == mark) {
        let next = at + next;
        let escapes = escapes_before(next).min(next - from);
        if escapes <= depth || depth == 0 && escapes % 2 == 0 {
            return next - escapes.min(depth);
        }
        at = next + 1;
    }
    line.len()
}

/// Where a value without quotes ends. A password may hold most characters, so only what can follow a value ends it: a
/// blank, a quote that closes what holds it, a line break in an escaped text, the next pair, the end of a structure.
fn bare_end(line: &str, from: usize) -> usize {
    let bytes = line.as_bytes();
    let mut end = line.len();
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        let ends = match byte {
            b' ' | b'\t' | b'\n' | b'<' => true,
            b'"' | b'\'' | b'`' => at > from && closes(&bytes[at + 1..]),
            b'\\' => matches!(bytes.get(at + 1), Some(b'"' | b'\'' | b'\\' | b'n' | b'r' | b't')),
            b'&' | b',' | b';' => begins_pair(&bytes[at + 1..]),
            _ => false,
        };
        if ends {
            end = at;
            break;
        }
    }
    let value = &line[from..end];
    let mut shorter = value.trim_end_matches([',', ';']);
    for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
        while !shorter.contains(open) && shorter.ends_with(close) {
            shorter = shorter.strip_suffix(close).unwrap_or(shorter).trim_end_matches([',', ';']);
        }
    }
    from + shorter.len()
}

/// Whether a quote in front of this can be one that closes.
fn closes(rest: &[u8]) -> bool {
    rest.first().is_none_or(|b| b" \t,;:)]}\\.".contains(b))
}

/// Whether this is `name=` or `name:`.
fn begins_pair(rest: &[u8]) -> bool {
    const LONGEST: usize = 64;
    let name = rest
        .iter()
        .take(LONGEST)
        .take_while(|b| b.is_ascii_alphanumeric() || b"_-.".contains(b))
        .count();
    name > 0 && rest[0].is_ascii_alphabetic() && matches!(rest.get(name), Some(b'=' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> &str {
        Value::at(line, 0).text(line)
    }

    #[test]
    fn quoted_values_end_at_their_quote() {
        for (line, expected) in [
            (r#""a b" c"#, "a b"),
            (r#""a\"b" c"#, r#"a\"b"#),
            (r#""a\\" "b""#, r"a\\"),
            (r#"\"a b\",\"c\""#, "a b"),
            (r#"\"a\\\"b\",\"c\""#, r#"a\\\"b"#),
            ("'a\"b' c", "a\"b"),
            ("\"open", "open"),
            (r#"\"open"#, "open"),
            ("\"\"", ""),
        ] {
            assert_eq!(value(line), expected, "{line}");
        }
    }

    #[test]
    fn bare_values_may_hold_almost_anything() {
        for (line, expected) in [
            ("a@b/c,d;e&f)g h", "a@b/c,d;e&f)g"),
            ("a&x=1", "a"),
            ("a,user=me", "a"),
            ("a) b", "a"),
            ("a(b) c", "a(b)"),
            ("a}, b", "a"),
            ("a'b c", "a'b"),
            ("a\" b", "a"),
            ("a\\nport: 1", "a"),
            ("", ""),
        ] {
            assert_eq!(value(line), expected, "{line}");
        }
    }
}
