//! Texts that stand where a jwtSecret belongs and cannot be meant as one. No text here shows a secret of
//! a user.

use std::collections::BTreeSet;

/// Why a text cannot be meant as a jwtSecret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// It is printed in guides, in the samples or on the pages of ksi: everybody knows it.
    Published,
    /// It stands for a value that was to be filled in.
    Placeholder,
    /// Quotes became part of it.
    Quoted,
    /// A part of it is hidden or cut off.
    Masked,
    /// White space: more than the value was copied.
    Spaced,
}

/// Printed in KubeSphere's guides (multi-cluster: agent, direct connection and 3.0-alpha; import of ACK,
/// EKS and GKE) and in the samples and pages of ksi.
const PUBLISHED: &[&str] = &[
    "gfIwilcc0WjNGKJ5DLeksf2JKfcLgTZU",
    "QVguGh7qnURywHn2od9IiOX6X8f8wK8g",
    "Kub3sp83r3!",
    "WaSEiGROspi5oKd7vQ2xLm9TzNbYc3Hf",
];

/// Words of which placeholders consist, in whatever case and with whatever between them.
const WORDS: &[&str] = &[
    "a",
    "as",
    "be",
    "change",
    "changed",
    "cluster",
    "clusters",
    "default",
    "demo",
    "dummy",
    "enter",
    "example",
    "fill",
    "fixme",
    "foo",
    "bar",
    "from",
    "generated",
    "here",
    "host",
    "hosts",
    "in",
    "insert",
    "is",
    "it",
    "jwt",
    "key",
    "ks",
    "kubesphere",
    "main",
    "me",
    "member",
    "my",
    "none",
    "null",
    "of",
    "on",
    "one",
    "own",
    "password",
    "paste",
    "placeholder",
    "put",
    "random",
    "replace",
    "same",
    "sample",
    "secret",
    "secrets",
    "set",
    "some",
    "string",
    "super",
    "tbd",
    "test",
    "text",
    "that",
    "the",
    "this",
    "to",
    "todo",
    "token",
    "use",
    "value",
    "with",
    "xx",
    "xxx",
    "you",
    "your",
];

/// Pairs that mark a placeholder when they enclose a whole text.
const BRACKETS: &[(&str, &str)] =
    &[("<", ">"), ("[", "]"), ("{", "}"), ("(", ")"), ("%", "%"), ("@", "@"), ("__", "__")];

/// Pairs that mark a placeholder wherever they enclose a name: unfinished templates.
const TEMPLATES: &[(&str, &str)] = &[("{{", "}}"), ("${", "}"), ("$(", ")"), ("<%", "%>")];

const QUOTES: &[char] =
    &['"', '\'', '`', '“', '”', '„', '‟', '‘', '’', '‚', '‛', '«', '»', '「', '」', '＂', '＇'];

/// Why a text cannot be meant as a jwtSecret; `None` if it can.
pub fn unusable(text: &str) -> Option<Unusable> {
    if text.is_empty() {
        return None;
    }
    let bare = text.trim().trim_matches(QUOTES);
    if PUBLISHED.contains(&bare) {
        return Some(Unusable::Published);
    }
    if text.contains("***") || bare.ends_with("...") || text.contains('…') {
        return Some(Unusable::Masked);
    }
    if is_placeholder(bare) {
        return Some(Unusable::Placeholder);
    }
    if text.chars().any(char::is_whitespace) {
        return Some(Unusable::Spaced);
    }
    // An ASCII quote at one end may be a part of it.
    let typographic = |c: char| QUOTES.contains(&c) && !c.is_ascii();
    let doubled =
        bare.len() + 2 == text.len() && text.starts_with(QUOTES) && text.ends_with(QUOTES);
    (doubled || text.starts_with(typographic) || text.ends_with(typographic))
        .then_some(Unusable::Quoted)
}

fn is_placeholder(text: &str) -> bool {
    let enclosed = |(open, close): &(&str, &str)| {
        let inner = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        inner.is_some_and(is_name)
    };
    let unfinished = |(open, close): &(&str, &str)| {
        let inner = text.split_once(open).and_then(|(_, rest)| rest.split_once(close));
        inner.is_some_and(|(name, _)| is_name(name))
    };
    let variable = text.strip_prefix('$').is_some_and(|name| {
        name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') && !name.is_empty()
    });
    BRACKETS.iter().any(enclosed)
        || TEMPLATES.iter().any(unfinished)
        || variable
        || is_one_letter(text)
        || text.chars().any(is_ideograph)
        || is_prose(text)
}

/// What stands between brackets: words, perhaps with a path or a function.
fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || " _-.,:/|'\"".contains(c);
    text.chars().any(char::is_alphabetic) && text.chars().all(inner)
}

/// `xxxxxxxx`, `XXX-XXX`, `........`.
fn is_one_letter(text: &str) -> bool {
    let mut letters = text.chars().filter(|c| !"-_ ".contains(*c)).map(|c| c.to_ascii_lowercase());
    let first = letters.next();
    first.is_none() || letters.all(|letter| Some(letter) == first)
}

/// Guides in Chinese say in words what belongs here.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

/// Whether a text consists of nothing but the words of placeholders.
fn is_prose(text: &str) -> bool {
    let letters = text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "");
    // Where a word may begin.
    let mut starts = BTreeSet::from([0]);
    while let Some(start) = starts.pop_first() {
        let rest = &letters[start..];
        if rest.is_empty() {
            return !letters.is_empty();
        }
        starts.extend(
            WORDS.iter().filter(|word| rest.starts_with(**word)).map(|word| start + word.len()),
        );
    }
    false
}

impl Unusable {
    /// What is wrong, after "the jwtSecret".
    pub fn reason(self) -> &'static str {
        match self {
            Self::Published => "is a published example, which everybody knows",
            Self::Placeholder => "is a placeholder",
            Self::Quoted => "contains its quotes",
            Self::Masked => "is masked or cut off",
            Self::Spaced => "contains white space",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant() {
        use Unusable::{Masked, Placeholder, Published, Quoted, Spaced};
        let cases = [
            ("gfIwilcc0WjNGKJ5DLeksf2JKfcLgTZU", Published),
            ("QVguGh7qnURywHn2od9IiOX6X8f8wK8g", Published),
            ("“gfIwilcc0WjNGKJ5DLeksf2JKfcLgTZU”", Published),
            ("\"gfIwilcc0WjNGKJ5DLeksf2JKfcLgTZU\"", Published),
            ("Kub3sp83r3!", Published),
            ("<jwtSecret>", Placeholder),
            ("<the jwtSecret of your host>", Placeholder),
            ("${JWT_SECRET}", Placeholder),
            ("${JWT_SECRET:-none}", Placeholder),
            ("$JWT_SECRET", Placeholder),
            ("$(cat secret)", Placeholder),
            ("{{ .Values.jwtSecret }}", Placeholder),
            ("{{jwt_secret}}", Placeholder),
            ("prefix-{{ jwt }}", Placeholder),
            ("%JWT_SECRET%", Placeholder),
            ("[your secret]", Placeholder),
            ("__JWT_SECRET__", Placeholder),
            ("xxx", Placeholder),
            ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", Placeholder),
            ("XXXX-XXXX", Placeholder),
            ("********", Masked),
            ("your-secret", Placeholder),
            ("YOUR_JWT_SECRET", Placeholder),
            ("yourJwtSecret", Placeholder),
            ("changeme", Placeholder),
            ("change-me", Placeholder),
            ("jwtSecret", Placeholder),
            ("jwt-secret", Placeholder),
            ("mySecretKey", Placeholder),
            ("super_secret", Placeholder),
            ("replace-this-with-the-jwtSecret-of-the-host", Placeholder),
            ("主集群的jwtSecret", Placeholder),
            ("WaSEiGROspi5*******", Masked),
            ("eyJhbGciOiJIUzI1NiIs...", Masked),
            ("eyJhbGciOi…", Masked),
            ("jwtSecret: 3f9aK2mQ7xWb5TzR8vLd1NcY6sHe4GpU", Spaced),
            ("3f9aK2mQ7xWb5TzR 8vLd1NcY6sHe4GpU", Spaced),
            ("“3f9aK2mQ7xWb5TzR8vLd1NcY6sHe4GpU”", Quoted),
            ("‘3f9aK2mQ7xWb5TzR8vLd1NcY6sHe4GpU’", Quoted),
            ("\"3f9aK2mQ7xWb5TzR8vLd1NcY6sHe4GpU\"", Quoted),
            ("3f9aK2mQ7xWb5TzR8vLd1NcY6sHe4GpU”", Quoted),
        ];
        for (text, why) in cases {
            assert_eq!(unusable(text), Some(why), "{text}");
        }
    }

    #[test]
    fn what_can_be_meant() {
        let cases = [
            "",
            "3f9aK2mQ7xWb5TzR8vLd1NcY6sHe4GpU",
            "a:b#c{d}[e]&*!|>%@`\"',f,g-h?i~j",
            "correct-horse-battery-staple",
            "test-secret-of-hogwarts",
            "<3f9aK2mQ7xWb+5TzR",
            "$2a$10$abcdefghijklmnopqrstuv",
            "0123456789abcdef0123456789abcdef",
            "'3f9aK2mQ7xWb5TzR8vLd1NcY6sHe4GpU",
            "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=",
        ];
        for text in cases {
            assert_eq!(unusable(text), None, "{text}");
        }
    }
}
