//! The initial password of user `admin`, and its hash.

use bcrypt::{BcryptError, Version};

use super::entropy::{alphanumeric, stuck};
use super::{Entropy, Error, stored};

/// The bcrypt cost that KubeSphere itself uses.
const COST: u32 = 10;
const LENGTH: usize = 16;

/// A password that satisfies KubeSphere's rules: lower case, upper case, digit.
pub(super) fn generate(entropy: &mut dyn Entropy) -> Result<String, Error> {
    // One in seventeen texts has no digit; a source without any is broken.
    for _ in 0..256 {
        let text = alphanumeric(entropy, LENGTH)?;
        let has = |test: fn(&u8) -> bool| text.as_bytes().iter().any(test);
        if has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit) {
            return Ok(text);
        }
    }
    Err(stuck())
}

/// The bcrypt hash of a password, in the format of Go.
pub(super) fn hash(password: &str, entropy: &mut dyn Entropy) -> Result<String, Error> {
    let mut salt = [0; 16];
    entropy.fill(&mut salt)?;
    let parts =
        bcrypt::non_truncating_hash_with_salt(password, COST, salt).map_err(|e| match e {
            BcryptError::Truncation(_) => Error::PasswordTooLong,
            other => Error::generating(stored::ADMIN_PASSWORD_HASH, &other),
        })?;
    Ok(parts.format_for_version(Version::TwoA))
}

/// Whether this is the password of a hash.
pub(super) fn is_of(password: &str, hash: &str) -> bool {
    bcrypt::non_truncating_verify(password, hash).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::super::entropy::fixed::{Fixed, Stuck};
    use super::*;
    use crate::config::form::is_bcrypt_hash;

    #[test]
    fn a_generated_password_has_all_three_kinds_of_letters() {
        for seed in 1..200 {
            let text = generate(&mut Fixed::new(seed)).unwrap();
            assert_eq!(text.len(), 16);
            assert!(text.contains(|c: char| c.is_ascii_lowercase()), "{text}");
            assert!(text.contains(|c: char| c.is_ascii_uppercase()), "{text}");
            assert!(text.contains(|c: char| c.is_ascii_digit()), "{text}");
        }
        assert!(matches!(generate(&mut Stuck), Err(Error::Entropy(_))));
    }

    #[test]
    fn the_hash_is_one_that_go_reads() {
        let hash = hash("P@88w0rd", &mut Fixed::new(3)).unwrap();
        assert!(hash.starts_with("$2a$10$"), "{hash}");
        assert!(is_bcrypt_hash(&hash));
        assert!(bcrypt::verify("P@88w0rd", &hash).unwrap());
        assert!(!bcrypt::verify("P@88w0rD", &hash).unwrap());
    }

    #[test]
    fn a_password_that_bcrypt_would_cut_is_refused() {
        assert_eq!(hash(&"x".repeat(73), &mut Fixed::new(1)), Err(Error::PasswordTooLong));
    }

    #[test]
    fn hashes_and_passwords_are_told_apart() {
        assert!(is_bcrypt_hash("$2a$10$zcHepmzfKPoxCVCYZr5K7ORPZZ/ySe9p/7IUb/8u./xHrnSX2LOCO"));
        for text in ["", "$2", "$2a$10$", "P@88w0rd", "$2a$10$short", "$1$10$abc", "$2a$99$x"] {
            assert!(!is_bcrypt_hash(text), "{text}");
        }
    }
}
