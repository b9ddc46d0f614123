//! Digests: the names of what a registry holds.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{self, Algorithm, Context};

/// The digest of a blob or a manifest, for example `sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

/// The algorithms that the image specification registers: name, algorithm, hexadecimal digits.
const ALGORITHMS: &[(&str, &Algorithm, usize)] =
    &[("sha256", &digest::SHA256, 64), ("sha512", &digest::SHA512, 128)];

impl Digest {
    /// The SHA-256 digest of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(bytes);
        hasher.finish()
    }

    /// As in a manifest: `sha256:…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hexadecimal digits alone.
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }

    /// The algorithm's name.
    pub fn algorithm(&self) -> &str {
        self.0.split_once(':').map_or("", |(name, _)| name)
    }

    /// A hasher of the same algorithm.
    pub fn hasher(&self) -> Hasher {
        let known = ALGORITHMS.iter().find(|(name, ..)| *name == self.algorithm());
        let (name, algorithm, _) = known.unwrap_or(&ALGORITHMS[0]);
        Hasher { name, context: Context::new(algorithm) }
    }
}

/// Only digests that can be verified.
impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (algorithm, hex) =
            text.split_once(':').ok_or_else(|| format!("`{text}` is not a digest"))?;
        let known = ALGORITHMS.iter().find(|(name, ..)| *name == algorithm);
        let Some((.., digits)) = known else {
            return Err(format!("`{text}` has an unknown algorithm; sha256 and sha512 are known"));
        };
        let valid = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        if hex.len() != *digits || !hex.bytes().all(valid) {
            return Err(format!("`{text}` is not a digest: it needs {digits} hexadecimal digits"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Computes a digest piece by piece.
#[derive(Clone)]
pub struct Hasher {
    name: &'static str,
    context: Context,
}

impl Hasher {
    /// One for SHA-256.
    pub fn new() -> Self {
        Self { name: ALGORITHMS[0].0, context: Context::new(ALGORITHMS[0].1) }
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    /// The digest of everything that was added.
    pub fn finish(self) -> Digest {
        Digest(format!("{}:{}", self.name, hex::encode(self.context.finish())))
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_computed_in_pieces_by_its_own_algorithm() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").as_str(), empty);
        let long: Digest = format!("sha512:{}", "0".repeat(128)).parse().unwrap();
        assert!(long.hasher().finish().as_str().starts_with("sha512:cf83e1357eefb8bd"));
        let mut hasher = Hasher::new();
        hasher.update(b"a");
        hasher.update(b"b");
        assert_eq!(hasher.finish(), Digest::of(b"ab"));
    }

    #[test]
    fn only_digests_that_can_be_verified_are_accepted() {
        let hex = "a".repeat(64);
        assert!(format!("sha256:{hex}").parse::<Digest>().is_ok());
        for wrong in [
            "sha256".to_owned(),
            format!("sha256:{}", "A".repeat(64)),
            format!("sha256:{}", "a".repeat(63)),
            format!("sha1:{}", "a".repeat(40)),
            format!("sha256:{}/..", "a".repeat(61)),
        ] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }
}
