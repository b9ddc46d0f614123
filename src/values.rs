//! Values: secrets and certificates that are generated once and then kept.
//!
//! [`resolve`] takes each from the configuration, else from what the target keeps, else makes it
//! from [`Entropy`]. It is a pure function: the caller brings randomness, keys and the time.
//! [`foresee`] says what `resolve` would give without making anything, [`preview`] what is known
//! without any target.

mod certificate;
mod entropy;
mod error;
mod given;
mod kept;
mod password;
mod resolve;
mod token;

use serde::Serialize;

pub use entropy::{Entropy, EntropyError, KeyKind};
pub use error::Error;
pub use given::{Given, preview};
pub use kept::KeptValues;
pub use resolve::{foresee, resolve};

/// Where a value came from in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ValueSource {
    /// The configuration gives it.
    Configuration,
    /// The target already has it.
    Live,
    /// Made in this run; the target must keep it.
    Generated,
    /// Nobody knows it yet: offline, what only an installation makes.
    AtInstall,
}

/// The text that stands for a value which is made at installation.
pub const AT_INSTALL: &str = "(generated at install)";

/// One secret text. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText {
    /// The text itself.
    pub text: String,
    /// Where it came from.
    pub source: ValueSource,
}

impl SecretText {
    /// A text and where it came from.
    pub fn new(text: impl Into<String>, source: ValueSource) -> Self {
        Self { text: text.into(), source }
    }

    /// What only an installation makes.
    pub fn at_install() -> Self {
        Self::new(AT_INSTALL, ValueSource::AtInstall)
    }
}

/// A certificate with its key, both PEM. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate, PEM.
    pub certificate: String,
    /// Its private key, PEM.
    pub key: String,
    /// Where the pair came from.
    pub source: ValueSource,
}

impl Certificate {
    /// What only an installation makes.
    pub fn at_install() -> Self {
        Self {
            certificate: AT_INSTALL.into(),
            key: AT_INSTALL.into(),
            source: ValueSource::AtInstall,
        }
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretText(***, {:?})", self.source)
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate(***, {:?})", self.source)
    }
}

/// Everything that rendering needs and that must stay the same between runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// Signs every token; the same on a host and its members. Read by ks-apiserver.
    pub jwt_secret: SecretText,
    /// An HS256 token without expiry for `admin`, signed with `jwt_secret`; key `token` of Secret
    /// `kubesphere-secret`, read by ks-devops. Minted anew whenever `jwt_secret` changes.
    pub static_token: SecretText,
    /// The first password of user `admin`, as text; empty when only a bcrypt hash is known.
    pub admin_password: SecretText,
    /// The same as a bcrypt hash, for the User object.
    pub admin_password_hash: SecretText,
    /// Password of Redis; key `auth` of Secret `redis-secret`.
    pub redis_password: SecretText,
    /// RSA authority of Tower, which refuses other keys.
    pub tower_ca: Certificate,
    /// Authority of the webhook certificates; its certificate is every `caBundle`.
    pub webhook_ca: Certificate,
    /// Serving certificate of the webhooks of ks-controller-manager.
    pub controller_manager_webhook: Certificate,
    /// Serving certificate of KubeFed's admission webhook.
    pub kubefed_webhook: Certificate,
}
