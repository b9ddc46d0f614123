//! The values that the configuration sets.

use super::{Certificate, SecretText, ValueSource, Values};
use crate::config::form;

/// The values that the configuration sets. Empty strings count as not set, as in ks-installer.
#[derive(Clone, Copy, Default)]
pub struct Given<'a> {
    /// `authentication.jwtSecret`, or the content of the Secret of `jwtSecretRef`.
    pub jwt_secret: Option<&'a str>,
    /// `authentication.adminPassword`: a password or a bcrypt hash of one.
    pub admin_password: Option<&'a str>,
    /// Tower runs here with an authority that ksi generates.
    pub tower: bool,
    /// KubeFed runs here.
    pub kubefed: bool,
}

impl Given<'_> {
    pub(super) fn jwt_secret(&self) -> Option<&str> {
        self.jwt_secret.filter(|text| !text.is_empty())
    }

    pub(super) fn admin_password(&self) -> Option<&str> {
        self.admin_password.filter(|text| !text.is_empty())
    }
}

impl std::fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Given")
            .field("jwt_secret", &self.jwt_secret().map(|_| "***"))
            .field("admin_password", &self.admin_password().map(|_| "***"))
            .field("tower", &self.tower)
            .field("kubefed", &self.kubefed)
            .finish()
    }
}

/// The values without a target: those of the configuration, and [`AT_INSTALL`](super::AT_INSTALL) for
/// everything else. Nothing is hashed, signed or generated.
pub fn preview(given: &Given<'_>) -> Values {
    let configured = |text: &str| SecretText::new(text, ValueSource::Configuration);
    let (admin_password, admin_password_hash) = match given.admin_password() {
        Some(hash) if form::is_bcrypt_hash(hash) => (configured(""), configured(hash)),
        Some(text) => (configured(text), SecretText::at_install()),
        None => (SecretText::at_install(), SecretText::at_install()),
    };
    Values {
        jwt_secret: given.jwt_secret().map_or_else(SecretText::at_install, configured),
        static_token: SecretText::at_install(),
        admin_password,
        admin_password_hash,
        redis_password: SecretText::at_install(),
        tower_ca: Certificate::at_install(),
        webhook_ca: Certificate::at_install(),
        controller_manager_webhook: Certificate::at_install(),
        kubefed_webhook: Certificate::at_install(),
    }
}
