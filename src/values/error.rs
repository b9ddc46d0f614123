//! Why values cannot be resolved.

use super::EntropyError;

/// Why values cannot be resolved. No variant holds a value, only names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A kept value cannot be used. It is not replaced silently: whoever trusts the old one would
    /// lose contact without a word.
    #[error("the kept value `{name}` is broken: {cause}")]
    Broken {
        /// The name under which it is kept.
        name: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A kept authority is past its end.
    #[error("the kept authority `{name}` expired on {date}")]
    Expired {
        /// The name under which it is kept.
        name: String,
        /// The day, as `2036-05-01`.
        date: String,
    },
    /// The password that the configuration gives is longer than bcrypt reads.
    #[error("the admin password is longer than 72 bytes")]
    PasswordTooLong,
    /// There is no randomness.
    #[error("no randomness for new secrets: {0}")]
    Entropy(#[from] EntropyError),
    /// A value cannot be made.
    #[error("the value `{name}` cannot be made: {cause}")]
    Making {
        /// The name under which it would be kept.
        name: String,
        /// Why not.
        cause: String,
    },
    /// The clock shows a time that no certificate can hold.
    #[error("the clock of this machine shows a time before 1970 or after 9999")]
    Clock,
}

impl Error {
    /// What to do next, in one sentence.
    pub fn help(&self) -> String {
        match self {
            Self::Broken { name, .. } => format!(
                "restore `{name}` from a backup, or remove it from the kept values to have a new one made"
            ),
            Self::Expired { name, .. } => format!(
                "remove `{name}.crt` and `{name}.key` from the kept values to have a new authority made; \
                 agents connect again with it"
            ),
            Self::PasswordTooLong => {
                "shorten `authentication.adminPassword`, or give a bcrypt hash of it".into()
            }
            Self::Entropy(_) | Self::Making { .. } => {
                "check that this machine provides random numbers, and run again".into()
            }
            Self::Clock => "set the clock of this machine and run again".into(),
        }
    }

    pub(super) fn broken(name: impl Into<String>, cause: &(impl ToString + ?Sized)) -> Self {
        Self::Broken { name: name.into(), cause: cause.to_string() }
    }

    pub(super) fn making(name: impl Into<String>, cause: &(impl ToString + ?Sized)) -> Self {
        Self::Making { name: name.into(), cause: cause.to_string() }
    }
}
