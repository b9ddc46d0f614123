//! Hides secrets in source text before any of it is shown.
//!
//! A file that does not even parse has no tree to ask, so this works on lines: what follows a key
//! that sounds like a secret is hidden to the end of its line, and a block or continued scalar
//! below it to the end of its indentation.

use std::ops::Range;

use super::secret_name::is_secret_name_or_typo;

/// Byte ranges of what follows a secret key, by lines.
pub(super) fn secret_ranges(text: &str) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let mut below: Option<Below> = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start().len();
        if below.as_ref().is_some_and(|below| below.covers(content, indent)) {
            ranges.push((offset + indent, offset + content.len()));
            // The line that closes the quote is the last one of the text.
            if below.as_ref().is_some_and(|b| b.quote.is_some_and(|quote| content.contains(quote)))
            {
                below = None;
            }
        } else {
            below = None;
            ranges.extend(credentials(content).map(|(start, end)| (offset + start, offset + end)));
            if let Some((key_start, value_start)) = secret_value(content) {
                ranges.push((offset + value_start, offset + content.len()));
                below = Some(Below { key_start, quote: open_quote(&content[value_start..]) });
            }
        }
        offset += line.len();
    }
    ranges
}

/// What of the lines below a secret key belongs to its value.
struct Below {
    /// The column of the key: deeper lines are its value.
    key_start: usize,
    /// The quote that is still open: every line is its value until it closes.
    quote: Option<char>,
}

impl Below {
    fn covers(&self, content: &str, indent: usize) -> bool {
        self.quote.is_some() || content.is_empty() || indent > self.key_start
    }
}

/// The quote that a value opens and does not close on its line.
fn open_quote(value: &str) -> Option<char> {
    let quote = value.trim_start().chars().next().filter(|c| matches!(c, '"' | '\''))?;
    (value.matches(quote).count() % 2 == 1).then_some(quote)
}

/// The first `key:` or `key=` of a line that is secret: where the key and its value start. The key may
/// stand in quotes or inside a flow mapping.
fn secret_value(line: &str) -> Option<(usize, usize)> {
    let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut word = 0..0;
    let mut open = false;
    for (at, c) in line.char_indices() {
        if in_word(c) {
            word = if open { word.start..at + c.len_utf8() } else { at..at + c.len_utf8() };
        } else if matches!(c, ':' | '=') && is_secret_name_or_typo(&line[word.clone()]) {
            return Some((word.start, at + 1));
        }
        open = in_word(c);
    }
    None
}

/// `user:password` in front of an `@`, with or without a scheme before it. An image with a digest has an
/// `@`, too.
fn credentials(line: &str) -> Option<(usize, usize)> {
    let at = line
        .match_indices('@')
        .map(|(at, _)| at)
        .find(|at| !line[at + 1..].starts_with("sha256:"))?;
    let word = line[..at].rfind([' ', '"', '\'', '=', '{', ',']).map_or(0, |before| before + 1);
    let start = line[word..at].find("://").map_or(word, |scheme| word + scheme + 3);
    line[start..at].contains(':').then_some((start, at))
}

/// A part of the text in which each character of the ranges is `*`; offsets stay right, since a
/// character becomes as many asterisks as it has bytes.
pub(super) fn blank(text: &str, part: Range<usize>, ranges: &[(usize, usize)]) -> String {
    let ranges: Vec<_> =
        ranges.iter().filter(|(start, end)| *start < part.end && *end > part.start).collect();
    let hidden = |at: usize| ranges.iter().any(|(start, end)| *start <= at && at < *end);
    let base = part.start;
    let part = text.get(part).unwrap_or_default();
    part.char_indices()
        .flat_map(|(at, c)| {
            let hide = !c.is_whitespace() && hidden(base + at);
            let times = if hide { c.len_utf8() } else { 1 };
            std::iter::repeat_n(if hide { '*' } else { c }, times)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redact(text: &str) -> String {
        blank(text, 0..text.len(), &secret_ranges(text))
    }

    #[test]
    fn hides_what_follows_a_secret_key() {
        assert_eq!(redact("jwtSecret: abc # no"), "jwtSecret: *** * **");
        assert_eq!(
            redact("  adminPassword: \"a b\"\nport: 1\n"),
            "  adminPassword: ** **\nport: 1\n"
        );
        assert_eq!(redact("{user: a, password: b, x: 1}"), "{user: a, password: ** ** **");
        assert_eq!(redact("authentication.jwtSecret=abc"), "authentication.jwtSecret=***");
    }

    #[test]
    fn hides_what_follows_a_quoted_key() {
        assert_eq!(redact("{\"jwtSecret\": \"a\" \"b\"}"), "{\"jwtSecret\": *** ****");
    }

    #[test]
    fn hides_what_follows_a_misspelt_key() {
        assert_eq!(redact("jwtSecert: a"), "jwtSecert: *");
        assert_eq!(redact("adminPasword: a"), "adminPasword: *");
        assert_eq!(redact("storageClass: a"), "storageClass: a");
    }

    #[test]
    fn hides_continued_scalars() {
        let text = "a:\n  token: |\n    line1\n    line2\n  port: 1\n";
        assert_eq!(redact(text), "a:\n  token: *\n    *****\n    *****\n  port: 1\n");
        let quoted = "jwtSecret: \"open\n  more\nport: 1\n";
        // The quote never closes, so nobody knows where the secret ends.
        assert_eq!(redact(quoted), "jwtSecret: *****\n  ****\n***** *\n");
    }

    #[test]
    fn hides_credentials_in_a_url() {
        assert_eq!(redact("a: http://me:pw@host:80 x"), "a: http://*****@host:80 x");
        assert_eq!(redact("a: http://host:80"), "a: http://host:80");
        assert_eq!(redact("a: me:pw@host"), "a: *****@host");
        assert_eq!(redact("a: r/i:v1@sha256:ab"), "a: r/i:v1@sha256:ab");
        assert_eq!(redact("mail: me@example.com"), "mail: me@example.com");
    }

    #[test]
    fn shows_names_of_secrets() {
        let text = "secretName: host-ca\naccessTokenMaxAge: 0\n";
        assert_eq!(redact(text), text);
    }
}
