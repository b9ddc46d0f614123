//! Values with a secret name: `name=value`, `name: value`, `"name":"value"`, `--name value`.
//!
//! In data a name says that its value is secret. In a sentence it does not: what follows `token:` there is a reason
//! more often than a token, and has to look like one.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, Input};

use super::shape;
use super::value::{Value, quote};
use crate::diagnostic::{is_password_name, is_secret_name};

/// Parts of all secret names, in any of their spellings.
const TRIGGERS: &[&str] = &[
    "pass",
    "pwd",
    "pw",
    "secret",
    "token",
    "credential",
    "key",
    "kubeconfig",
    "kube-config",
    "kube_config",
    "jwt",
    "auth",
];
/// What a role may do with a kind, as in `iam.kubesphere.io/role-template-rules`.
const ACCESS: &[&str] =
    &["manage", "view", "create", "edit", "get", "list", "watch", "update", "patch", "delete"];
/// A name is not longer than this to either side of its trigger.
const REACH: usize = 64;
/// What stands before a name at the beginning of a line is not longer than this.
const MARGIN: usize = 200;
/// The schemes of an `Authorization` header; what follows is the secret.
const SCHEMES: &[&str] = &["bearer", "basic", "token", "digest", "negotiate", "apikey"];

fn triggers() -> Option<&'static AhoCorasick> {
    static MATCHER: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    MATCHER
        .get_or_init(|| AhoCorasick::builder().ascii_case_insensitive(true).build(TRIGGERS).ok())
        .as_ref()
}

/// The secret values in a line, in their order.
pub(super) fn ranges(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(hit) = triggers().and_then(|t| t.find(Input::new(line).range(from..))) {
        let name = Name::around(line, hit.range(), from);
        from = name.range.end.max(hit.end());
        if let Some(secret) = name.value(line).filter(|secret| !secret.is_empty()) {
            from = from.max(secret.end);
            found.push(secret);
        }
    }
    found
}

/// A name in a line.
struct Name<'l> {
    /// With the dashes before it.
    range: Range<usize>,
    text: &'l str,
    is_flag: bool,
}

impl<'l> Name<'l> {
    fn around(line: &'l str, hit: Range<usize>, from: usize) -> Self {
        let bytes = line.as_bytes();
        let is_part = |b: &&u8| b.is_ascii_alphanumeric() || b"_-.".contains(b);
        let before = &bytes[from.max(hit.start.saturating_sub(REACH))..hit.start];
        let mut start = hit.start - before.iter().rev().take_while(is_part).count();
        let after = bytes[hit.end..].iter().take(REACH).take_while(is_part).count();
        let end = hit.end + after;
        // The letter of a line break in an escaped text is no part of the name.
        if start > 0 && bytes[start - 1] == b'\\' && matches!(bytes[start], b'n' | b'r' | b't') {
            start += 1;
        }
        let whole = &line[start..end];
        let text = whole.trim_start_matches(['-', '.']).trim_end_matches('.');
        let first = start.checked_sub(1).map(|at| bytes[at]);
        let is_flag = whole.starts_with('-') && first.is_none_or(|b| b" \t\"'`[(,=\\".contains(&b));
        Self { range: start..end, text, is_flag }
    }

    /// Where its secret value stands.
    fn value(&self, line: &str) -> Option<Range<usize>> {
        let bytes = line.as_bytes();
        if self.text.is_empty() || !is_secret_name(self.text) || is_file(self.text) {
            return None;
        }
        let opened = self.range.start > 0 && matches!(bytes[self.range.start - 1], b'"' | b'\'');
        let closed = quote(line, self.range.end).filter(|_| opened);
        let behind = closed.unwrap_or(self.range.end);
        let operator = skip_blanks(line, behind);
        let rest = &line[operator..];
        if self.is_authorization() {
            return Self::credentials(line, operator);
        }
        if bytes.get(behind) == Some(&b'>')
            && self.range.start > 0
            && bytes[self.range.start - 1] == b'<'
        {
            return self.assigned(line, behind + 1, closed.is_some());
        }
        if let Some(operator_end) = assignment(rest) {
            return self.assigned(
                line,
                skip_blanks(line, operator + operator_end),
                closed.is_some(),
            );
        }
        if let Some(behind_key) = value_key(line, operator) {
            return self.assigned(line, behind_key, true);
        }
        if rest.starts_with(':') {
            let at = skip_blanks(line, operator + 1);
            let is_number = line[at..].starts_with(|c: char| c.is_ascii_digit());
            let is_json = quote(line, at).is_some() || is_number || line[at..].starts_with('[');
            if closed.is_some() && is_json {
                return self.assigned(line, at, true);
            }
            let joined = closed.is_none() && at == operator + 1;
            return self.after_colon(line, at, joined);
        }
        if self.is_flag && (operator > behind || closed.is_some()) {
            return self.argument(line, operator);
        }
        if is_password_name(self.text) && quote(line, operator).is_some() {
            return Self::if_shaped(line, operator, shape::is_password);
        }
        let said = ["set to ", "has been set to ", "is "]
            .iter()
            .find_map(|said| rest.strip_prefix(said))?;
        Self::if_shaped(line, line.len() - said.len(), shape::is_likely)
    }

    /// `name=value`, `name := "value"`, `"name":"value"`.
    fn assigned(&self, line: &str, at: usize, closed: bool) -> Option<Range<usize>> {
        if begins_structure(line, at) {
            return None;
        }
        if line[at..].starts_with('[') {
            return self.list(line, skip_blanks(line, at + 1));
        }
        let value = Value::at(line, at);
        let text = value.text(line);
        let in_a_sentence = !closed && !value.quoted && shape::is_stop(text);
        let shows = is_harmless(text) || in_a_sentence || self.is_place(text) || self.refers(text);
        (!shows).then_some(value.range)
    }

    /// The texts of a list.
    fn list(&self, line: &str, at: usize) -> Option<Range<usize>> {
        if begins_structure(line, at) {
            return None;
        }
        let value = Value::at(line, at);
        if is_harmless(value.text(line)) || self.refers(value.text(line)) {
            return None;
        }
        if value.quoted {
            let end = line[at..].find(']').map_or(line.len(), |end| at + end);
            return Some(at..end.max(value.end(line)));
        }
        let end = line[at..].find([']', '"']).map_or(line.len(), |end| at + end);
        let is_data = is_password_name(self.text) || shape::is_likely(value.text(line));
        is_data.then_some(at..end)
    }

    /// `name: value`, in YAML, in a printed structure, in a sentence.
    fn after_colon(&self, line: &str, at: usize, joined: bool) -> Option<Range<usize>> {
        let before = self.range.start.checked_sub(1).map(|at| line.as_bytes()[at]);
        if matches!(before, Some(b'*' | b'/')) {
            return None;
        }
        if begins_structure(line, at) {
            return None;
        }
        let value = Value::at(line, at);
        let text = value.text(line);
        let (is_password, is_identifier) = (is_password_name(self.text), is_identifier(self.text));
        let is_last = ends_line(&line[value.end(line)..]);
        let begins = begins_line(&line[..self.range.start]);
        let names = self.refers(text) || !begins && self.is_kind() && shape::is_name(text);
        if is_harmless(text) || names || self.is_place(text) {
            return None;
        }
        let is_data = if value.quoted {
            is_password || is_identifier || begins && is_last
        } else if joined {
            let is_field = self.text.starts_with(|c: char| c.is_ascii_uppercase());
            (is_password || is_identifier || is_field) && !shape::is_prose(text)
        } else {
            let ends = is_last || line[value.range.end..].starts_with([',', ';', ')', '}', ']']);
            (begins && is_last || is_identifier && ends) && !shape::is_prose(text)
        };
        let looks = shape::is_likely(text) || is_password && is_last && shape::is_password(text);
        (is_data || looks).then_some(value.range)
    }

    /// `--name value`. What follows a flag in a sentence are words.
    fn argument(&self, line: &str, at: usize) -> Option<Range<usize>> {
        let at = if line[at..].starts_with(',') { skip_blanks(line, at + 1) } else { at };
        if begins_structure(line, at) {
            return None;
        }
        let value = Value::at(line, at);
        let text = value.text(line);
        let shows = text.starts_with('-') || is_harmless(text) || self.is_place(text);
        (!shows && !shape::is_stop(text)).then_some(value.range)
    }

    fn is_authorization(&self) -> bool {
        self.text.to_ascii_lowercase().ends_with("authorization")
    }

    /// `Authorization: Bearer value`, `"Authorization":["Basic value"]`.
    fn credentials(line: &str, at: usize) -> Option<Range<usize>> {
        let operator =
            assignment(&line[at..]).or_else(|| line[at..].starts_with(':').then_some(1))?;
        let at = skip_blanks(line, at + operator);
        let at = if line[at..].starts_with('[') { at + 1 } else { at };
        let value = Value::at(line, at);
        let text = value.text(line);
        let scheme = text.split([' ', '\t']).next().unwrap_or_default();
        if SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) {
            let start = skip_blanks(line, value.range.start + scheme.len());
            let end = if value.quoted {
                value.range.end
            } else if scheme.eq_ignore_ascii_case("digest") {
                line.len()
            } else {
                Value::at(line, start).range.end
            };
            return Some(start..end.max(start));
        }
        let is_last =
            ends_line(&line[value.end(line)..]) || line[value.end(line)..].starts_with(['"', '\'']);
        let is_data = !is_harmless(text) && !shape::is_prose(text) && (value.quoted || is_last);
        (is_data || shape::is_likely(text)).then_some(value.range)
    }

    fn if_shaped(line: &str, at: usize, is: fn(&str) -> bool) -> Option<Range<usize>> {
        let value = Value::at(line, at);
        (!is_harmless(value.text(line)) && is(value.text(line))).then_some(value.range)
    }

    /// Whether the name may be that of the kind of an object.
    fn is_kind(&self) -> bool {
        ["secret", "secrets", "credentials"].iter().any(|kind| self.text.eq_ignore_ascii_case(kind))
    }

    /// Whether the value is the namespace and name of a Secret, or what an account may do with Secrets.
    fn refers(&self, value: &str) -> bool {
        let is_pull_secret = self.text.to_ascii_lowercase().ends_with("pullsecret");
        self.is_kind() && ACCESS.contains(&value)
            || (self.is_kind() || is_pull_secret) && shape::is_reference(value)
    }

    /// Whether the value says where a secret is: the path of a file or an address.
    fn is_place(&self, value: &str) -> bool {
        let is_kubeconfig = self.text.to_ascii_lowercase().contains("config");
        !is_password_name(self.text)
            && (shape::is_path(value) || is_kubeconfig && !shape::is_random(value))
    }
}

/// How long the operator is with which a value is assigned.
fn assignment(rest: &str) -> Option<usize> {
    [":=", "=>", "==", "="].iter().find(|operator| rest.starts_with(**operator)).map(|o| o.len())
}

/// `,"value":` or ` Value:` behind the name of a variable.
fn value_key(line: &str, at: usize) -> Option<usize> {
    let is_list = line[at..].starts_with(',');
    let at = if is_list { skip_blanks(line, at + 1) } else { at };
    let key = quote(line, at).unwrap_or(at);
    let is_key =
        line.get(key..key + 5).is_some_and(|word| word == "Value" || is_list && word == "value");
    let behind = quote(line, key + 5).unwrap_or(key + 5);
    let operator = skip_blanks(line, behind);
    (is_key && line[operator..].starts_with([':', '='])).then(|| skip_blanks(line, operator + 1))
}

fn skip_blanks(line: &str, at: usize) -> usize {
    const MOST: usize = 64;
    let blanks = line.as_bytes()[at.min(line.len())..].iter().take(MOST);
    at.min(line.len()) + blanks.take_while(|b| b" \t".contains(b)).count()
}

/// Nothing, switches, and what stands for another value.
fn is_harmless(value: &str) -> bool {
    let is_word = matches!(
        value,
        "" | "true" | "false" | "null" | "nil" | "none" | "None" | "|" | "|-" | ">" | ">-" | "-"
    );
    let is_variable = value.strip_prefix('$').is_some_and(|name| {
        name.starts_with(['(', '{']) || name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
    });
    let stands_for = ["{{", "%!", "%s", "%v", "%q", "(generated", "0xc0", "***"];
    is_word
        || is_variable
        || value.starts_with('<') && value.ends_with('>')
        || stands_for.iter().any(|start| value.starts_with(start))
        || value.bytes().all(|b| b == b'*')
}

/// Whether a structure begins here, which has names of its own.
fn begins_structure(line: &str, at: usize) -> bool {
    const MOST: usize = 40;
    let behind = quote(line, at);
    let text = &line[behind.unwrap_or(at)..];
    let bytes = &text.as_bytes()[..text.len().min(MOST)];
    match behind {
        None if bytes.first() == Some(&b'&') => bytes.contains(&b'{'),
        None => {
            bytes.first() == Some(&b'{') || bytes.starts_with(b"map[") || bytes.starts_with(b"[]")
        }
        Some(_) => ["{\\\"", "{\"", "{}"].iter().any(|start| text.starts_with(start)),
    }
}

/// The name of a file or of an address is not that of a value.
fn is_file(name: &str) -> bool {
    let end = name.rsplit_once('.').map(|(_, end)| end);
    end.is_some_and(|end| {
        matches!(
            end,
            "go" | "yaml"
                | "yml"
                | "json"
                | "conf"
                | "txt"
                | "log"
                | "sh"
                | "io"
                | "com"
                | "svc"
                | "local"
        )
    })
}

/// Whether a name is one of a program, and not a word: `jwtSecret`, `REDIS_PASSWORD`.
fn is_identifier(name: &str) -> bool {
    let turns = |w: &[u8]| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase();
    name.contains('_') || name.as_bytes().windows(2).any(turns)
}

/// Whether a key stands here in YAML: behind nothing, a dash, or the time that a log line begins with.
fn begins_line(before: &str) -> bool {
    if before.len() > MARGIN {
        return ["\\n", "\\n- "]
            .iter()
            .any(|end| before.trim_end_matches(' ').ends_with(end.trim_end()));
    }
    let before = before.trim_end_matches(['"', '\'']).trim_end();
    let before = before.strip_suffix('-').unwrap_or(before).trim();
    let is_time = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('T') && !text.contains(' ')
    };
    before.is_empty() || before.ends_with("\\n") || is_time(before)
}

/// Whether nothing follows, or only the end of a line in an escaped text.
fn ends_line(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with("\\n") || rest.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::SECRET_WORDS;

    #[test]
    fn every_secret_name_has_a_trigger() {
        for word in SECRET_WORDS.iter().copied() {
            assert!(triggers().unwrap().is_match(word), "{word}");
        }
    }

    #[test]
    fn begins_of_lines() {
        for before in ["", "  ", "- ", "2026-11-30T12:00:00.123Z   ", "x: \\n  ", "\""] {
            assert!(begins_line(before), "{before:?}");
        }
        for before in ["failed to fetch ", "I1130 12:00:00.000000       1 x.go:1] "] {
            assert!(!begins_line(before), "{before:?}");
        }
    }
}
