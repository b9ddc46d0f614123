//! Names whose values are secret: the one table that every output goes by.

/// Parts of names (letters and digits only, lowercase) that make a value secret.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "requirepass",
    "adminpass",
    "adminpw",
    "secret",
    "token",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "kubeconfig",
    "jwt",
];

/// Whole names that do: as a part, they stand in harmless ones.
const WHOLE: &[&str] = &["auths"];

/// Ends of names that make a value harmless again: such a name is that of an object, a place or a time.
const HARMLESS_ENDINGS: &[&str] = &[
    "name",
    "names",
    "ref",
    "refs",
    "pullsecrets",
    "file",
    "path",
    "dir",
    "endpoint",
    "url",
    "maxage",
    "timeout",
    "ttl",
    "type",
];

/// Whether the value of a key, a flag or a variable is secret, by its name.
pub fn is_secret_name(name: &str) -> bool {
    let name = letters(name);
    !is_harmless(&name) && is_secret(&name)
}

/// The same for a name in a file that a person wrote: `jwtSecert` is the reason why its line is shown, and its
/// value is as secret as that of `jwtSecret`. A reference is no exception here, since the secret itself is
/// often pasted under it.
pub fn is_secret_name_or_typo(name: &str) -> bool {
    let name = letters(name);
    let typo = |word: &&&str| word.len() > 5 && has_typo_of(&name, word);
    let is_reference = ["ref", "refs"].iter().any(|end| name.ends_with(end));
    let is_harmless = is_harmless(&name) && !is_reference;
    !is_harmless && (is_secret(&name) || WORDS.iter().any(|word| typo(&word)))
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn is_harmless(name: &str) -> bool {
    HARMLESS_ENDINGS.iter().any(|end| name.ends_with(end))
}

fn is_secret(name: &str) -> bool {
    WHOLE.contains(&name) || WORDS.iter().any(|word| name.contains(word))
}

/// Whether a part of the name is the word with one typo in it.
fn has_typo_of(name: &str, word: &str) -> bool {
    // Only ASCII letters and digits are left: every byte is a character.
    (word.len() - 1..=word.len() + 1).any(|length| {
        (length..=name.len())
            .any(|end| strsim::damerau_levenshtein(&name[end - length..end], word) <= 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_letters_and_digits() {
        for word in WORDS.iter().chain(WHOLE).chain(HARMLESS_ENDINGS) {
            assert_eq!(letters(word), *word);
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
            "auths",
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
    fn what_is_pasted_under_a_reference_may_be_the_secret() {
        assert!(!is_secret_name("jwtSecretRef"));
        assert!(is_secret_name_or_typo("jwtSecretRef"));
    }
}
