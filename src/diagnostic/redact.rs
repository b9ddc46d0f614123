//! Hides secrets in source text before any of it is shown.
//!
//! A file that does not even parse has no tree to ask, so this works on lines: what follows a key
//! that sounds like a secret is hidden to the end of its line, and a block or continued scalar
//! below it to the end of its indentation.

use std::ops::Range;

/// Parts of key names (lowercase) whose values are never shown.
const SECRET_WORDS: &[&str] =
    &["password", "secret", "token", "passwd", "kubeconfig", "accesskey", "privatekey", "auths"];

/// Whether a key's value must be hidden, by its name alone.
pub(super) fn is_secret_key(key: &str) -> bool {
    let key: String =
        key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    // These name an object or a duration, not a secret.
    if ["jwtsecretref", "secretname", "imagepullsecrets", "accesstokenmaxage"].contains(&&*key)
        || key.ends_with("timeout")
        || key.ends_with("maxage")
    {
        return false;
    }
    SECRET_WORDS.iter().any(|word| key.contains(word))
}

/// Byte ranges of what follows a secret key, by lines.
pub(super) fn secret_ranges(text: &str) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let mut hidden_below: Option<usize> = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start().len();
        if let Some(parent) = hidden_below {
            if content.is_empty() || indent > parent {
                ranges.push((offset + indent, offset + content.len()));
                offset += line.len();
                continue;
            }
            hidden_below = None;
        }
        if let Some((key_start, value_start)) = secret_value(content) {
            ranges.push((offset + value_start, offset + content.len()));
            hidden_below = Some(key_start);
        }
        offset += line.len();
    }
    ranges
}

/// The first `key:` or `key=` of a line that is secret: where the key and its value start.
fn secret_value(line: &str) -> Option<(usize, usize)> {
    let mut key_start = 0;
    for (at, c) in line.char_indices() {
        match c {
            ':' | '=' => {
                let key = line[key_start..at].trim();
                let indent = line[key_start..at].len() - line[key_start..at].trim_start().len();
                if is_secret_key(key) {
                    return Some((key_start + indent, at + 1));
                }
            }
            ' ' | '{' | ',' | '[' | '"' | '\'' | '.' => key_start = at + 1,
            _ => {}
        }
    }
    None
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
    fn hides_continued_scalars() {
        let text = "a:\n  token: |\n    line1\n    line2\n  port: 1\n";
        assert_eq!(redact(text), "a:\n  token: *\n    *****\n    *****\n  port: 1\n");
        let quoted = "jwtSecret: \"open\n  more\nport: 1\n";
        assert_eq!(redact(quoted), "jwtSecret: *****\n  ****\nport: 1\n");
    }

    #[test]
    fn shows_names_of_secrets() {
        let text = "jwtSecretRef:\n  name: host-jwt\naccessTokenMaxAge: 0\n";
        assert_eq!(redact(text), text);
    }
}
