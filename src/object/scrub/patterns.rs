//! What secrets look like where nobody knows their values.

use std::ops::Range;
use std::sync::OnceLock;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use regex::Regex;

use super::value::Value;
use super::{named, shape};
use crate::diagnostic::merged;

/// The expressions, made once. They are tested, so that each of them is one.
struct Patterns {
    begin: Option<Regex>,
    end: Option<Regex>,
    /// Hidden as a whole.
    whole: Vec<Regex>,
    /// What stands in front of a token.
    bearer: Option<Regex>,
    /// What stands behind one in the address of a database.
    network: Option<Regex>,
    /// What stands in front of a password.
    curl: Option<Regex>,
    /// The same for programs whose flag for it has no name that says so.
    programs: Vec<Regex>,
    encoded_pem: Option<Regex>,
}

fn patterns() -> &'static Patterns {
    static PATTERNS: OnceLock<Patterns> = OnceLock::new();
    let one = |text: &str| Regex::new(text).ok();
    let all = |texts: &[&str]| texts.iter().filter_map(|text| one(text)).collect();
    // Ends of words are those of ASCII: an expression that knows all others is slow.
    PATTERNS.get_or_init(|| Patterns {
        begin: one(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----"),
        end: one(r"-----END [A-Z0-9 ]*PRIVATE KEY-----"),
        whole: all(&[
            // A JSON Web Token, and any other object in base64: registries' credentials are one.
            r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{2,}(?:\.[A-Za-z0-9_-]*)?",
            r"eyJ[A-Za-z0-9_+/-]{40,}={0,2}",
            // A password that was hashed with bcrypt.
            r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{20,}",
        ]),
        bearer: one(r"(?i-u:\b(?:bearer|basic)) +"),
        network: one(r"@(?:tcp|udp|unix)\("),
        curl: one(r"(?-u:\bcurl) [^|]*?(?:-u ?|--user[ =])[^ :]+:"),
        programs: all(&[
            r#"(?:^|[ "'`(\[]|/s?bin/)(?:mysql|mariadb)[a-z_-]*(?:[ "',][^|;]*?)?[ "',]-p"#,
            r#"(?:^|[ "'`(\[]|/s?bin/)redis-cli(?:[ "',][^|;]*?)?[ "',]-a["', ]+"#,
            r#"(?:^|[ "'`(\[]|/s?bin/)sshpass(?:[ "',][^|;]*?)?[ "',]-p["', ]*"#,
            r#"(?:^|[ "'`(\[]|/s?bin/)mongo(?:sh|dump|restore)?(?:[ "',][^|;]*?)?[ "',]-p["', ]+"#,
            r#"(?:^|[ "'`(\[]|/s?bin/)ldap(?:add|delete|modify|passwd|search|whoami)(?:[ "',][^|;]*?)?[ "',]-w["', ]*"#,
        ]),
        encoded_pem: one(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}"),
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

/// Where in a line something stands that looks like a secret, in order and apart from each other.
pub(super) fn ranges(line: &str) -> Vec<Range<usize>> {
    let Patterns { whole, bearer, curl, programs, encoded_pem, .. } = patterns();
    let mut found = keys(line);
    for expression in whole {
        found.extend(expression.find_iter(line).map(|secret| secret.range()));
    }
    if let Some(expression) = encoded_pem {
        let pem = expression.find_iter(line).filter(|pem| !is_certificate(pem.as_str()));
        found.extend(pem.map(|pem| pem.range()));
    }
    if let Some(expression) = bearer {
        found.extend(expression.find_iter(line).filter_map(|before| word(line, before.end())));
    }
    for expression in curl.iter().chain(programs) {
        let ends = expression.find_iter(line).map(|before| before.end());
        found.extend(ends.map(|at| Value::at(line, at).range).filter(|secret| !secret.is_empty()));
    }
    found.extend(addresses(line));
    found.extend(named::ranges(line));
    merged(found)
}

/// Private keys that stand in one line.
fn keys(line: &str) -> Vec<Range<usize>> {
    let (Some(begin), Some(end)) = (&patterns().begin, &patterns().end) else { return Vec::new() };
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(key) = begin.find_at(line, from) {
        from = end.find_at(line, key.end()).map_or(line.len(), |end| end.end());
        found.push(key.start()..from);
    }
    found
}

/// A word that is likely to be a token.
fn word(line: &str, at: usize) -> Option<Range<usize>> {
    const SHORTEST: usize = 16;
    let is_part = |b: &&u8| b.is_ascii_alphanumeric() || b"._~+/=-!#$%^&*:@".contains(b);
    let end = at + line.as_bytes()[at..].iter().take_while(is_part).count();
    let text = &line[at..end];
    let has_digit = text.bytes().any(|b| b.is_ascii_digit());
    (has_digit && (text.len() >= SHORTEST || shape::is_password(text))).then_some(at..end)
}

/// User and password in a URL, and in the address of a database: `me:password@tcp(host)`.
fn addresses(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = line[from..].find("://") {
        let start = from + at + 3;
        let end = word_end(line, start);
        found.extend(user_info(line, start..end));
        from = end;
    }
    let mut from = 0;
    for network in patterns().network.iter().flat_map(|expression| expression.find_iter(line)) {
        let end = network.start();
        let word =
            line[from..end].rfind([' ', '\t', '"', '\'', '`']).map_or(from, |at| from + at + 1);
        found.extend(line[word..end].find(':').map(|colon| word + colon + 1..end));
        from = network.end();
    }
    found
}

fn word_end(line: &str, start: usize) -> usize {
    let ends = |b: &u8| b" \t\"`<>".contains(b);
    let end = line.as_bytes()[start..].iter().position(ends).map_or(line.len(), |at| start + at);
    // The quote that closes an escaped text.
    if end > start && line.as_bytes()[end - 1] == b'\\' { end - 1 } else { end }
}

/// What stands before the last `@` of a URL, if it is a user with a password, or a token. An image with a digest has
/// an `@`, too, and so may a path.
fn user_info(line: &str, url: Range<usize>) -> Option<Range<usize>> {
    let text = &line[url.clone()];
    // `@sha256:` of an image is none.
    let text = text.split("@sha256:").next().unwrap_or_default();
    let at = text.rfind('@')?;
    let user = &text[..at];
    let is_token = shape::is_likely(user) && !user.contains('/');
    let has_password = user.split_once(':').is_some_and(|(name, rest)| {
        let port = rest.split('/').next().unwrap_or_default();
        let is_port =
            rest.contains('/') && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        !name.contains('/') && !is_port
    });
    (has_password || is_token).then_some(url.start..url.start + at)
}

/// Whether a text in base64 begins as a certificate does, which everybody may know.
pub(super) fn is_certificate(encoded: &str) -> bool {
    let start = encoded.len().min(48) / 4 * 4;
    encoded
        .get(..start)
        .and_then(|start| BASE64_STANDARD.decode(start).ok())
        .is_some_and(|start| start.starts_with(b"-----BEGIN CERTIFICATE-----"))
}
