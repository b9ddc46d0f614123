//! What secrets look like where nobody knows their values.

use std::borrow::Cow;
use std::sync::OnceLock;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use regex::{Captures, Regex};

use super::MASK;
use crate::diagnostic::is_secret_name;

/// The expressions, made once. They are tested, so that each of them is one.
struct Patterns {
    key: Option<Regex>,
    begin: Option<Regex>,
    end: Option<Regex>,
    /// Hidden as a whole.
    whole: Vec<Regex>,
    /// Hidden but for what the first group holds.
    behind: Vec<Regex>,
    encoded_pem: Option<Regex>,
    /// `name`, what stands between, `value`.
    named: Vec<Regex>,
}

fn patterns() -> &'static Patterns {
    static PATTERNS: OnceLock<Patterns> = OnceLock::new();
    let one = |text: &str| Regex::new(text).ok();
    let all = |texts: &[&str]| texts.iter().filter_map(|text| one(text)).collect();
    PATTERNS.get_or_init(|| Patterns {
        key: one(
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)",
        ),
        begin: one(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----"),
        end: one(r"-----END [A-Z0-9 ]*PRIVATE KEY-----"),
        whole: all(&[
            // A JSON Web Token, and any other object in base64: registries' credentials are one.
            r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{2,}(?:\.[A-Za-z0-9_-]*)?",
            r"\beyJ[A-Za-z0-9_+/-]{40,}={0,2}",
            // A password that was hashed with bcrypt.
            r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{20,}",
        ]),
        behind: all(&[
            r"(?i)(\bauthorization\W{1,6}\w+\s+)[^\s\x22']+",
            r"(?i)(\bbearer\s+)[A-Za-z0-9._~+/-]{16,}=*",
            r"([a-z][a-z0-9+.-]*://)[^/\s:@]*:[^/\s@]+@",
        ]),
        encoded_pem: one(r"\bLS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}"),
        named: all(&[
            concat!(
                r"([A-Za-z][A-Za-z0-9_.-]*)",
                r#"(\\?["']?\s*[:=]\s*)"#,
                r#"(\\"(?:[^"\\]|\\[^"])*\\"|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&})"'\\]+)"#,
            ),
            r"--([A-Za-z][A-Za-z0-9-]*)(\s+)([^\s-]\S*)",
        ]),
    })
}

/// Whether a private key begins in a line and goes on in the next one.
pub(super) fn begins_key(line: &str) -> bool {
    let Patterns { begin, end, .. } = patterns();
    let last = |expression: &Option<Regex>| {
        expression.as_ref().and_then(|e| e.find_iter(line).last()).map(|found| found.start())
    };
    last(begin).is_some_and(|begin| last(end).is_none_or(|end| end < begin))
}

/// Whether a private key ends in a line.
pub(super) fn ends_key(line: &str) -> bool {
    patterns().end.as_ref().is_some_and(|end| end.is_match(line))
}

/// A line without what looks like a secret.
pub(super) fn mask(line: String) -> String {
    let Patterns { key, whole, behind, encoded_pem, named, .. } = patterns();
    let mut line = line;
    for expression in key.iter().chain(whole) {
        keep(&mut line, |line| expression.replace_all(line, MASK));
    }
    if let Some(expression) = encoded_pem {
        keep(&mut line, |line| expression.replace_all(line, |found: &Captures<'_>| pem(&found[0])));
    }
    for expression in behind {
        keep(&mut line, |line| {
            expression.replace_all(line, |found: &Captures<'_>| {
                // What ends a user and a password in a URL.
                let at = if found[0].ends_with('@') { "@" } else { "" };
                format!("{}{MASK}{at}", &found[1])
            })
        });
    }
    pairs(line, named)
}

fn pairs(line: String, named: &[Regex]) -> String {
    let mut line = line;
    for expression in named {
        keep(&mut line, |line| {
            expression.replace_all(line, |found: &Captures<'_>| pair(found, named))
        });
    }
    line
}

fn keep(line: &mut String, replace: impl FnOnce(&str) -> Cow<'_, str>) {
    if let Cow::Owned(new) = replace(line) {
        *line = new;
    }
}

/// A certificate in base64 is public; anything else that PEM holds is hidden.
fn pem(encoded: &str) -> String {
    let start = encoded.len().min(48) / 4 * 4;
    let public = encoded
        .get(..start)
        .and_then(|start| BASE64_STANDARD.decode(start).ok())
        .is_some_and(|start| start.starts_with(b"-----BEGIN CERTIFICATE-----"));
    if public { encoded.to_owned() } else { MASK.to_owned() }
}

/// `name: value`, hidden when the name says that it is secret.
fn pair(found: &Captures<'_>, named: &[Regex]) -> String {
    let (name, between, value) = (&found[1], &found[2], &found[3]);
    let bare = value.trim_matches(['"', '\'', '\\']);
    // Nothing, switches, and what begins a structure or stands for another value.
    let harmless =
        matches!(bare, "" | "true" | "false" | "null" | "nil" | "<nil>" | "|" | "|-" | ">")
            || bare.starts_with(['[', '{', '*', '<', '$'])
            || bare.starts_with("(generated");
    let prefix = if found[0].starts_with("--") { "--" } else { "" };
    if harmless || !is_secret_name(name) {
        // A message in quotes has pairs of its own.
        let value = if value.len() > 6 { pairs(value.to_owned(), named) } else { value.to_owned() };
        return format!("{prefix}{name}{between}{value}");
    }
    let quote = ["\\\"", "\"", "'"].into_iter().find(|q| value.starts_with(q)).unwrap_or_default();
    format!("{prefix}{name}{between}{quote}{MASK}{quote}")
}
