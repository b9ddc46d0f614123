//! Names whose values are secret: the one table that every output goes by.

/// Parts of names (letters and digits only, lowercase) that make a value secret.
pub const SECRET_WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "requirepass",
    "adminpass",
    "secret",
    "token",
    "credential",
    "apikey",
    "accesskey",
    "authkey",
    "clientkey",
    "encryptionkey",
    "hmackey",
    "masterkey",
    "privatekey",
    "sharedkey",
    "signingkey",
    "sshkey",
    "tlskey",
    "kubeconfig",
    "jwt",
];

/// Parts that make it a password.
const PASSWORDS: &[&str] =
    &["password", "passwd", "passphrase", "passcode", "pwd", "requirepass", "adminpass"];

/// Ends of names that do: `dbPass`, `bindPW`. Inside of a name they are part of another word.
const PASSWORD_ENDINGS: &[&str] = &["pass", "pw"];

/// Whole names that make a value secret: as a part, they stand in harmless ones.
const WHOLE: &[&str] = &["auth", "auths", "authorization", "proxyauthorization"];

/// Ends of names that make a value harmless again: such a name is that of an object, a place, a time, a number or a
/// kind.
const HARMLESS_ENDINGS: &[&str] = &[
    "name",
    "names",
    "ref",
    "refs",
    "pullsecrets",
    "file",
    "files",
    "path",
    "dir",
    "endpoint",
    "url",
    "host",
    "port",
    "mount",
    "volume",
    "maxage",
    "timeout",
    "ttl",
    "seconds",
    "duration",
    "interval",
    "period",
    "expiration",
    "expiry",
    "count",
    "length",
    "size",
    "type",
    "kind",
    "mode",
    "algorithm",
    "policy",
    "version",
    "namespace",
    "issuer",
    "review",
    "reviews",
    "enabled",
    "cache",
    "cleaner",
    "controller",
    "manager",
    "bypass",
    "compass",
];

/// Whether the value of a key, a flag or a variable is secret, by its name.
pub fn is_secret_name(name: &str) -> bool {
    let name = letters(name);
    !is_harmless(&name) && is_secret(&name)
}

/// Whether the name is that of a password.
pub fn is_password_name(name: &str) -> bool {
    let name = letters(name);
    !is_harmless(&name) && is_password(&name)
}

/// The same as [`is_secret_name`] for a name in a file that a person wrote: `jwtSecert` is the reason why its line is shown, and its
/// value is as secret as that of `jwtSecret`. A reference is no exception here, since the secret itself is
/// often pasted under it.
pub fn is_secret_name_or_typo(name: &str) -> bool {
    let name = letters(name);
    let typo = |word: &&&str| word.len() > 5 && has_typo_of(&name, word);
    let is_reference = ["ref", "refs"].iter().any(|end| name.ends_with(end));
    let is_harmless = is_harmless(&name) && !is_reference;
    !is_harmless && (is_secret(&name) || SECRET_WORDS.iter().any(|word| typo(&word)))
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn is_harmless(name: &str) -> bool {
    HARMLESS_ENDINGS.iter().any(|end| name.ends_with(end))
}

fn is_secret(name: &str) -> bool {
    WHOLE.contains(&name)
        || is_password(name)
        || SECRET_WORDS.iter().any(|word| name.contains(word))
}

fn is_password(name: &str) -> bool {
    PASSWORDS.iter().any(|word| name.contains(word))
        || PASSWORD_ENDINGS.iter().any(|end| name.ends_with(end))
}

/// Whether a part of the name is the word with one typo in it.
fn has_typo_of(name: &str, word: &str) -> bool {
    // Only ASCII letters and digits are left: every byte is a character.
    (word.len() - 1..=word.len() + 1)
        .any(|length| name.as_bytes().windows(length).any(|part| is_typo_of(part, word.as_bytes())))
}

/// Whether one character is missing, too much, another one, or changed places with the next: what a distance of
/// Damerau and Levenshtein of one means. Without its table, since this is asked for every key of a file.
fn is_typo_of(part: &[u8], word: &[u8]) -> bool {
    let same = part.iter().zip(word).take_while(|(a, b)| a == b).count();
    match (&part[same..], &word[same..]) {
        ([], rest) | (rest, []) => rest.len() <= 1,
        ([a, part @ ..], [b, word @ ..]) => {
            let swapped = part.first() == Some(b) && word.first() == Some(a);
            part == word
                || part.len() > word.len() && part.split_first() == Some((b, word))
                || word.len() > part.len() && word.split_first() == Some((a, part))
                || swapped && part[1..] == word[1..]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_letters_and_digits() {
        for word in [SECRET_WORDS, PASSWORDS, PASSWORD_ENDINGS, WHOLE, HARMLESS_ENDINGS].concat() {
            assert_eq!(letters(word), word);
        }
    }

    #[test]
    fn names_of_secrets() {
        for name in [
            "jwtSecret",
            "adminPassword",
            "REDIS_PASSWORD",
            "--requirepass",
            "clientSecret",
            "apiKey",
            "accessKeyID",
            "secretAccessKey",
            "privateKey",
            "kubeconfig",
            "token",
            "credentials",
            "pwd",
            "passphrase",
            "DB_PASS",
            "bindPW",
            "signingKey",
            "client-key-data",
            "auth",
            "_auth",
            "auths",
            "Authorization",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn names_of_something_else() {
        for name in [
            "secretName",
            "imagePullSecrets",
            "accessTokenMaxAge",
            "--token-file",
            "tokenURL",
            "authMode",
            "tokenExpirationSeconds",
            "passwordMinLength",
            "bypass",
            "oauthServer",
            "storageClass",
            "",
        ] {
            assert!(!is_secret_name(name), "{name}");
            assert!(!is_secret_name_or_typo(name), "{name}");
        }
    }

    #[test]
    fn typos() {
        for name in ["jwtSecert", "adminPasword", "tokken_seecret"] {
            assert!(is_secret_name_or_typo(name), "{name}");
        }
        assert!(!is_secret_name("adminPasword"));
    }

    #[test]
    fn a_typo_is_a_distance_of_one() {
        for part in [
            "secret", "secrt", "seecret", "sacret", "secert", "secre", "ecret", "sceert", "token",
            "sekrat", "",
        ] {
            let close = strsim::damerau_levenshtein(part, "secret") <= 1;
            assert_eq!(is_typo_of(part.as_bytes(), b"secret"), close, "{part}");
        }
    }

    #[test]
    fn what_is_pasted_under_a_reference_may_be_the_secret() {
        assert!(!is_secret_name("jwtSecretRef"));
        assert!(is_secret_name_or_typo("jwtSecretRef"));
    }
}
