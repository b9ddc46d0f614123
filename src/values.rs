//! Values: secrets and certificates that are generated once and then stored.
//!
//! [`resolve`] takes each value from the configuration, or else from the values that are known, or else generates
//! it with [`Entropy`]. Known are the stored values, [`completed`] by those that live objects contain. It is a pure function: the caller provides randomness, keys and
//! the time. [`resolve_without_generating`] does the same without generating anything, [`preview`] without a target.

mod admission;
mod certificate;
mod entropy;
mod error;
mod given;
mod live;
mod password;
mod resolve;
mod stored;
mod token;

use serde::Serialize;

pub use admission::{Admission, admission};
pub use entropy::{Entropy, KeyKind};
pub use error::{EntropyError, Error};
pub use given::{Given, preview};
pub use live::{completed, ignores_password, jwt_secret_in_use, missing, sources};
pub use resolve::{resolve, resolve_without_generating};
pub use stored::StoredValues;
pub use token::sign_in_token;

/// The source of a value in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ValueSource {
    /// The configuration.
    Configuration,
    /// The values stored in the target.
    Live,
    /// Generated in this run; the target must store it.
    Generated,
    /// Not known yet: only an installation generates it.
    AtInstall,
}

/// The placeholder for a value that is generated at installation.
pub const AT_INSTALL: &str = "(generated at install)";

/// One secret string. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText {
    /// The text itself.
    pub text: String,
    /// Its source.
    pub source: ValueSource,
}

impl SecretText {
    /// A text and its source.
    pub fn new(text: impl Into<String>, source: ValueSource) -> Self {
        Self { text: text.into(), source }
    }

    /// The placeholder for a value that is generated at installation.
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
    /// The source of the pair.
    pub source: ValueSource,
}

impl Certificate {
    /// The placeholder for a value that is generated at installation.
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

/// The values that rendering needs and that must stay the same between runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// Signs every token; the same on a host and its members. Read by ks-apiserver.
    pub jwt_secret: SecretText,
    /// An HS256 token without expiry for `admin`, signed with `jwt_secret`; key `token` of Secret
    /// `kubesphere-secret`, read by ks-devops. Generated again whenever `jwt_secret` changes.
    pub static_token: SecretText,
    /// The initial password of user `admin`, in plain text; empty if only a bcrypt hash is known.
    pub admin_password: SecretText,
    /// The same as a bcrypt hash, for the User object.
    pub admin_password_hash: SecretText,
    /// Password of Redis; key `auth` of Secret `redis-secret`.
    pub redis_password: SecretText,
    /// RSA certificate authority of Tower, which rejects other keys.
    pub tower_ca: Certificate,
    /// Certificate authority of the webhooks; its certificate is every `caBundle`.
    pub webhook_ca: Certificate,
    /// Serving certificate of the webhooks of ks-controller-manager.
    pub controller_manager_webhook: Certificate,
    /// Serving certificate of KubeFed's admission webhook.
    pub kubefed_webhook: Certificate,
}
