//! The operating system's randomness.

use aws_lc_rs::rand;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};

use crate::values::{Entropy, EntropyError, KeyKind};

/// Randomness for real secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        rand::fill(bytes)
            .map_err(|_| EntropyError("the operating system provides no randomness".into()))
    }

    fn key(&mut self, kind: KeyKind) -> Result<String, EntropyError> {
        let algorithm = match kind {
            // 2048 bits is what this gives for RSA.
            KeyKind::Rsa2048 => &PKCS_RSA_SHA256,
            KeyKind::EcdsaP256 => &PKCS_ECDSA_P256_SHA256,
        };
        KeyPair::generate_for(algorithm)
            .map(|key| key.serialize_pem())
            .map_err(|error| EntropyError(format!("cannot generate a {kind:?} key: {error}")))
    }
}
