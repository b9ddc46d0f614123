//! Hides secrets in source text before any of it is shown.
//!
//! A file that does not even parse has no tree to ask, so this works on lines: whatever follows a word that
//! sounds like a secret is hidden to the end of its line, with or without a colon between them, since a slip in
//! that line may be the reason why it is shown. So is what belongs to the value below.

use std::collections::HashMap;
use std::ops::Range;

use super::secret_name::{is_secret_name, is_secret_name_or_typo};
use super::template;

/// Byte ranges of what follows a secret word, by lines.
pub(super) fn secret_ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut below: Option<Below> = None;
    let mut words = Words::default();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start().len();
        if below.as_mut().is_some_and(|below| below.covers(content, indent)) {
            ranges.push(offset + indent..offset + content.len());
            // The line that closes the quote is the last one of the text.
            if below.as_ref().is_some_and(|b| b.quote.is_some_and(|quote| content.contains(quote)))
            {
                below = None;
            }
        } else {
            below = None;
            ranges.extend(credentials(content).map(|(start, end)| offset + start..offset + end));
            if let Some(word) = words.first_secret(content) {
                let value = behind_separator(&content[word.end..]);
                if !template::is_only_template(value) {
                    ranges.push(offset + content.len() - value.len()..offset + content.len());
                }
                below = Some(Below {
                    key_start: word.start,
                    quote: open_quote(value),
                    next_line: value_is_below(&content[..word.start], value),
                });
            }
        }
        offset += line.len();
    }
    ranges
}

/// A text of the user with its secrets hidden, for quoting it in a message.
pub fn redacted_text(text: &str) -> String {
    blank(text, 0..text.len(), &merged(secret_ranges(text)))
}

/// What of the lines below a secret key belongs to its value.
struct Below {
    /// The column of the key: deeper lines are its value.
    key_start: usize,
    /// The quote that is still open: every line is its value until it closes.
    quote: Option<char>,
    /// Nothing follows the key on its line: the next line is its value even if it is not indented, unless it is
    /// a key itself.
    next_line: bool,
}

impl Below {
    fn covers(&mut self, content: &str, indent: usize) -> bool {
        if self.quote.is_some() || content.is_empty() || indent > self.key_start {
            return true;
        }
        std::mem::take(&mut self.next_line) && !is_key(content)
    }
}

/// What follows a key: without the quote that closes it and the separator, if they are there.
fn behind_separator(rest: &str) -> &str {
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    rest.trim_start().strip_prefix([':', '=', '：']).unwrap_or(rest)
}

/// Whether a key has its value on the next line: it is the first word of its line and, apart from a comment,
/// the last one.
fn value_is_below(before: &str, value: &str) -> bool {
    let value = value.split(" #").next().unwrap_or_default();
    !before.contains(char::is_alphanumeric) && !value.contains(char::is_alphanumeric)
}

/// Whether a line begins with `key:`, or is a list item, a comment or the start of a document.
fn is_key(content: &str) -> bool {
    let content = content.trim_start();
    let word = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let rest = content.trim_start_matches(['"', '\'']).trim_start_matches(word);
    let rest = rest.trim_start_matches(['"', '\'']);
    rest.len() < content.len() && (rest == ":" || rest.starts_with(": "))
        || content.starts_with("- ")
        || content.starts_with('#')
        || content.starts_with("---")
}

/// The quote that a value opens and does not close on its line.
fn open_quote(value: &str) -> Option<char> {
    let quote = value.trim_start().chars().next().filter(|c| matches!(c, '"' | '\''))?;
    (value.matches(quote).count() % 2 == 1).then_some(quote)
}

/// The words of a text, each judged once.
#[derive(Default)]
struct Words(HashMap<String, bool>);

impl Words {
    /// The place of the first word of a line that sounds like a secret. The key may stand in quotes or inside a
    /// flow mapping, and invisible characters in it do not count.
    fn first_secret(&mut self, line: &str) -> Option<Range<usize>> {
        let mut start = None;
        let ends = line.char_indices().chain([(line.len(), ' ')]);
        for (at, c) in ends {
            match start {
                None if is_in_word(c) => start = Some(at),
                Some(from) if !is_in_word(c) && !is_invisible(c) => {
                    if self.is_secret(&line[from..at]) {
                        return Some(from..at);
                    }
                    start = None;
                }
                _ => {}
            }
        }
        None
    }

    fn is_secret(&mut self, word: &str) -> bool {
        /// No key is longer; looking for a typo in a certificate would take long.
        const LONGEST: usize = 64;
        if let Some(known) = self.0.get(word) {
            return *known;
        }
        let name: String = word.chars().filter(|c| !is_invisible(*c)).collect();
        let short = name.len() <= LONGEST;
        let secret = if short { is_secret_name_or_typo(&name) } else { is_secret_name(&name) };
        self.0.insert(word.to_owned(), secret);
        secret
    }
}

/// Only ASCII: a colon that was read in the wrong encoding becomes letters.
fn is_in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Characters that nobody sees: control characters (UTF-16 read as bytes has NUL between letters), zero-width
/// characters, the soft hyphen.
fn is_invisible(c: char) -> bool {
    c != '\t' && c.is_control()
        || matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{feff}')
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

/// Ranges in their order, those that overlap or touch as one.
pub fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut apart: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match apart.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

/// A text with a mark in place of each range; the ranges may overlap.
pub fn replaced(text: &str, ranges: Vec<Range<usize>>, mark: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for range in merged(ranges) {
        shown.push_str(&text[from..range.start]);
        shown.push_str(mark);
        from = range.end;
    }
    shown.push_str(&text[from..]);
    shown
}

/// A part of the text in which each character of the ranges is `*`; offsets stay right, since a
/// character becomes as many asterisks as it has bytes. The ranges are [merged].
pub(super) fn blank(text: &str, part: Range<usize>, ranges: &[Range<usize>]) -> String {
    let mut next = ranges.partition_point(|range| range.end <= part.start);
    let base = part.start;
    let part = text.get(part).unwrap_or_default();
    part.char_indices()
        .flat_map(|(at, c)| {
            while ranges.get(next).is_some_and(|range| range.end <= base + at) {
                next += 1;
            }
            let hidden = ranges.get(next).is_some_and(|range| range.start <= base + at);
            let hide = !c.is_whitespace() && hidden;
            let times = if hide { c.len_utf8() } else { 1 };
            std::iter::repeat_n(if hide { '*' } else { c }, times)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redact(text: &str) -> String {
        redacted_text(text)
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
    fn hides_whatever_follows_a_secret_key_with_a_slip() {
        for slip in [
            "jwtSecret:abc",
            "jwtSecret：abc",
            "jwtSecret abc",
            "\"jwtSecret\" abc",
            "\"jwtSecret\": \"\" abc",
            "jwt\u{200b}Sec\u{200b}ret: abc",
            "j\0w\0t\0S\0e\0c\0r\0e\0t\0:\0 \0a\0b\0c\0",
            "jwtSecretï¼šabc",
            "jwtSecret\u{fffd}\u{fffd}abc",
            "jwtSecret =abc",
            "? jwtSecret\n: abc",
            "jwtSecret:\nabc",
            "  jwtSecret:\n\n  abc",
            "  jwtSecret: # of the host\n  abc",
            "jwtSecret\nabc",
            "\"jwtSecret\":\nab:c",
            "jwtSecret: |\nabc",
        ] {
            let shown = redact(slip).replace(['\0', '*'], "");
            assert!(!shown.contains("abc") && !shown.contains("ab:c"), "{slip:?}: {shown:?}");
        }
    }

    #[test]
    fn shows_the_key_that_follows_an_empty_secret() {
        let text = "jwtSecret:\nport: 1\n";
        assert_eq!(redact(text), text);
        let text = "  jwtSecret: \"\"\n  port: 1\n";
        assert!(redact(text).contains("port: 1"), "{}", redact(text));
    }

    #[test]
    fn a_template_is_no_secret() {
        for text in
            ["jwtSecret: {{ .Values.jwtSecret }}", "jwtSecret: ${JWT}", "token: \"$(TOKEN)\""]
        {
            assert_eq!(redact(text), text);
        }
        assert_eq!(redact("pwd: ${JWT:-abc}"), "pwd: ***********");
    }

    #[test]
    fn hides_credentials_in_a_url() {
        assert_eq!(redact("a: http://me:hunter2@host:80 x"), "a: http://**********@host:80 x");
        assert_eq!(redact("a: http://host:80"), "a: http://host:80");
        assert_eq!(redact("a: me:hunter2@host"), "a: **********@host");
        assert_eq!(redact("a: r/i:v1@sha256:ab"), "a: r/i:v1@sha256:ab");
        assert_eq!(redact("mail: me@example.com"), "mail: me@example.com");
    }

    #[test]
    fn shows_names_of_secrets() {
        let text = "secretName: host-ca\naccessTokenMaxAge: 0\n";
        assert_eq!(redact(text), text);
    }
}
