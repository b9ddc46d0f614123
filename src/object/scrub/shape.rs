//! What a secret looks like by itself: its length and its classes of characters.

/// Keys and tokens are longer than names that happen to have all classes.
const RANDOM: usize = 16;
/// Shorter than this, a word in a sentence is a word.
const LIKELY: usize = 8;
/// Shorter than this, nothing is a password.
const PASSWORD: usize = 4;

/// Words that follow a name in a sentence, where a value would follow it in data.
const STOP: &[&str] = &[
    "a",
    "an",
    "and",
    "are",
    "argument",
    "as",
    "at",
    "be",
    "because",
    "but",
    "by",
    "can",
    "cannot",
    "could",
    "denied",
    "deprecated",
    "did",
    "disabled",
    "does",
    "enabled",
    "error",
    "expired",
    "failed",
    "file",
    "files",
    "flag",
    "flags",
    "for",
    "forbidden",
    "found",
    "from",
    "given",
    "has",
    "have",
    "if",
    "in",
    "incorrect",
    "instead",
    "into",
    "invalid",
    "is",
    "it",
    "mismatch",
    "missing",
    "must",
    "no",
    "none",
    "nor",
    "not",
    "of",
    "ok",
    "on",
    "option",
    "options",
    "or",
    "parameter",
    "path",
    "provided",
    "refused",
    "rejected",
    "required",
    "requires",
    "set",
    "should",
    "specified",
    "string",
    "strings",
    "succeeded",
    "the",
    "this",
    "timeout",
    "to",
    "unauthorized",
    "unexpected",
    "unknown",
    "unset",
    "unsupported",
    "use",
    "used",
    "using",
    "valid",
    "value",
    "values",
    "was",
    "were",
    "when",
    "will",
    "with",
    "without",
    "yes",
    "you",
    "your",
];

/// Whether a text is nothing that a person would write: long, without blanks, and with small and capital
/// letters and digits. A name of Kubernetes has no capitals, a time no small letters, a type no digits.
pub(super) fn is_random(text: &str) -> bool {
    text.len() >= RANDOM
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=_-.~".contains(&b))
        && has(text, u8::is_ascii_lowercase)
        && has(text, u8::is_ascii_uppercase)
        && has(text, u8::is_ascii_digit)
}

/// Whether a word of a sentence is likely to be a secret, if a name of one stands before it.
pub(super) fn is_likely(word: &str) -> bool {
    let word = stripped(word);
    if word.len() < LIKELY || is_prose(word) || is_name(word) || is_path(word) {
        return false;
    }
    let [lower, upper, digit] =
        [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit].map(|c| has(word, c));
    let letter = lower || upper;
    let symbol = word.bytes().any(|b| b"!#$%^&*+=?@\\".contains(&b));
    let hexadecimal =
        word.len() >= RANDOM && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    letter && symbol || lower && upper && digit || digit && hexadecimal || lower && is_mixed(word)
}

/// Whether a word may be a password, if a name of one stands before it and nothing behind it.
pub(super) fn is_password(word: &str) -> bool {
    let word = stripped(word);
    let odd = |b: u8| !b.is_ascii_alphabetic();
    let capital_inside = word.bytes().skip(1).any(|b| b.is_ascii_uppercase());
    word.len() >= PASSWORD
        && !is_prose(word)
        && !is_path(word)
        && (word.bytes().any(odd) || capital_inside)
}

/// Whether a word is one of a sentence.
pub(super) fn is_stop(word: &str) -> bool {
    const LONGEST: usize = 16;
    let word = word.trim_end_matches([',', '.', ';', ')', ':']);
    word.len() <= LONGEST && STOP.iter().any(|stop| stop.eq_ignore_ascii_case(word))
}

/// Whether a word belongs to a sentence, by what it is or by how it ends.
pub(super) fn is_prose(word: &str) -> bool {
    is_stop(word) || word.ends_with(':') || word.starts_with('(')
}

/// A namespace and a name, as `klog` writes a reference to an object.
pub(super) fn is_reference(value: &str) -> bool {
    value.split_once('/').is_some_and(|(namespace, name)| is_name(namespace) && is_name(name))
}

/// A name of Kubernetes of more than one word, or without digits.
pub(super) fn is_name(word: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
    let is_version = word.starts_with('v') && word[1..].starts_with(|c: char| c.is_ascii_digit());
    !word.is_empty()
        && word.bytes().all(plain)
        && (is_version || word.contains('-') && !is_uuid(word) || !has(word, u8::is_ascii_digit))
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36 && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// A path or an address: where a secret is, not what it is.
pub(super) fn is_path(word: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._/".contains(&b);
    let rooted = ["/", "./", "../", "~/"].iter().any(|start| word.starts_with(start));
    word.contains("://") || rooted && word.bytes().all(|b| plain(b) || b == b'~')
}

/// Small letters and digits in turn, in one piece.
fn is_mixed(word: &str) -> bool {
    let after_digit =
        word.as_bytes().windows(2).filter(|w| w[0].is_ascii_digit() && w[1].is_ascii_lowercase());
    !word.contains(['-', '.', '/', ':']) && after_digit.count() > 0
}

fn stripped(word: &str) -> &str {
    word.trim_matches(['"', '\'', '`', ',', '.', ';'])
}

fn has(text: &str, class: fn(&u8) -> bool) -> bool {
    text.as_bytes().iter().any(class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_random() {
        for text in ["AbCdEfGh12345678", "c2lnbmF0dXJlMTIzNDU2Nzg5MA==", "Ab1-_Ab1-_Ab1-_Ab1"] {
            assert!(is_random(text) && is_likely(text), "{text}");
        }
        for text in [
            "kubesphere-system",
            "2026-11-30T12:00:00Z",
            "PodDisruptionBudget",
            "registry.local:5000/kubesphere/ks-apiserver:v3.4.1",
        ] {
            assert!(!is_random(text) && !is_likely(text), "{text}");
        }
    }

    #[test]
    fn what_is_likely() {
        for word in
            ["P@ssword!", "a8f3kd92", "9f86d081884c7d65", "550e8400-e29b-41d4-a716-446655440000"]
        {
            assert!(is_likely(word), "{word}");
        }
        for word in [
            "unauthorized",
            "v1alpha2",
            "kubesphere-router-5d4f8b7c9-abcde",
            "/var/run/secrets/token",
            "https://10.96.0.1:443/api",
            "10.96.0.1:443",
            "NotFound",
            "x509:",
        ] {
            assert!(!is_likely(word), "{word}");
        }
    }

    #[test]
    fn what_may_be_a_password() {
        for word in ["hunter2", "P@88w0rd", "abC!"] {
            assert!(is_password(word), "{word}");
        }
        for word in ["incorrect", "Incorrect", "x509:", "not", "123", "(1"] {
            assert!(!is_password(word), "{word}");
        }
    }
}
