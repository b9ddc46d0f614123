//! The source of randomness, provided by the caller so that resolution stays a pure function.

use super::error::{EntropyError, Error};

/// The kinds of private keys that ksi generates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA with 2048 bits, the only kind that Tower reads.
    Rsa2048,
    /// ECDSA on P-256.
    EcdsaP256,
}

/// Random bytes and private keys. Tests use fixed ones.
pub trait Entropy {
    /// Fills the whole buffer with random bytes.
    ///
    /// # Errors
    /// The source of randomness has failed.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError>;

    /// A new private key as PKCS#8 PEM. Part of this trait because the libraries that generate keys
    /// accept no randomness from outside.
    ///
    /// # Errors
    /// The key cannot be generated.
    fn key(&mut self, kind: KeyKind) -> Result<String, EntropyError>;
}

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A text of letters and digits, each with the same probability. No other characters, since these texts
/// end up in shells, URLs and YAML that ksi does not control.
pub(super) fn alphanumeric(entropy: &mut dyn Entropy, length: usize) -> Result<String, Error> {
    // Bytes from here on would make the first characters more likely than the others.
    const UNFAIR: u8 = 248;
    // A fair source needs 1.03 bytes per character; one that only gives unfair bytes is broken.
    let mut left = length * 64;
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut byte = [0_u8];
        left = left.checked_sub(1).ok_or_else(stuck)?;
        entropy.fill(&mut byte)?;
        if byte[0] < UNFAIR {
            text.push(char::from(ALPHANUMERIC[usize::from(byte[0] % 62)]));
        }
    }
    Ok(text)
}

/// The error for a source that keeps repeating itself.
pub(super) fn stuck() -> Error {
    Error::Entropy(EntropyError("the source of randomness repeats itself".into()))
}

#[cfg(test)]
pub(super) mod fixed {
    use super::{Entropy, EntropyError, KeyKind};

    /// Two RSA keys of 2048 bits, made for these tests.
    const RSA: [&str; 2] = [
        include_str!("../../tests/fixtures/keys/rsa-1.pem"),
        include_str!("../../tests/fixtures/keys/rsa-2.pem"),
    ];
    const ECDSA: [&str; 4] = [
        include_str!("../../tests/fixtures/keys/ecdsa-1.pem"),
        include_str!("../../tests/fixtures/keys/ecdsa-2.pem"),
        include_str!("../../tests/fixtures/keys/ecdsa-3.pem"),
        include_str!("../../tests/fixtures/keys/ecdsa-4.pem"),
    ];

    /// Randomness that is the same in every run.
    pub(crate) struct Fixed {
        state: u64,
        keys: usize,
    }

    impl Fixed {
        pub(crate) fn new(seed: u64) -> Self {
            Self { state: seed.max(1), keys: 0 }
        }
    }

    impl Entropy for Fixed {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            for byte in bytes {
                // xorshift64
                self.state ^= self.state << 13;
                self.state ^= self.state >> 7;
                self.state ^= self.state << 17;
                *byte = self.state.to_le_bytes()[3];
            }
            Ok(())
        }

        fn key(&mut self, kind: KeyKind) -> Result<String, EntropyError> {
            self.keys += 1;
            let keys: &[&str] = if kind == KeyKind::Rsa2048 { &RSA } else { &ECDSA };
            Ok(keys[(self.keys - 1) % keys.len()].to_owned())
        }
    }

    /// A source that gives zeros for ever.
    pub(crate) struct Stuck;

    impl Entropy for Stuck {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            bytes.fill(0);
            Ok(())
        }

        fn key(&mut self, _: KeyKind) -> Result<String, EntropyError> {
            Err(EntropyError("no keys here".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::fixed::Fixed;
    use super::*;

    #[test]
    fn letters_and_digits_are_all_used_and_equally_often() {
        let text = alphanumeric(&mut Fixed::new(7), 62_000).unwrap();
        let mut counts = BTreeMap::new();
        for letter in text.chars() {
            assert!(letter.is_ascii_alphanumeric());
            *counts.entry(letter).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 62);
        assert!(counts.values().all(|n| (800..1200).contains(n)), "{counts:?}");
    }

    #[test]
    fn a_source_of_unfair_bytes_is_an_error_and_not_a_loop() {
        struct Unfair;
        impl Entropy for Unfair {
            fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
                bytes.fill(255);
                Ok(())
            }
            fn key(&mut self, _: KeyKind) -> Result<String, EntropyError> {
                Err(EntropyError(String::new()))
            }
        }
        assert!(alphanumeric(&mut Unfair, 32).is_err());
    }
}
