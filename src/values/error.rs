//! Why values cannot be resolved.

/// The source of randomness has failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EntropyError(pub String);

/// Why values cannot be resolved. No variant contains a value, only names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A stored value cannot be used. It is not replaced silently: clients that trust the old one would
    /// lose their connection without any notice.
    #[error("the stored value `{name}` is damaged: {cause}")]
    Damaged {
        /// Its name.
        name: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A stored certificate authority has expired.
    #[error("the stored certificate authority `{name}` expired on {date}")]
    Expired {
        /// Its name.
        name: String,
        /// The date, for example `2036-05-01`.
        date: String,
    },
    /// The configured password is longer than bcrypt supports.
    #[error("the admin password is longer than 72 bytes")]
    PasswordTooLong,
    /// The source of randomness has failed.
    #[error("cannot generate secrets, the source of random numbers failed: {0}")]
    Entropy(#[from] EntropyError),
    /// A value cannot be generated.
    #[error("cannot generate the value `{name}`: {cause}")]
    Generating {
        /// Its name.
        name: String,
        /// Why not.
        cause: String,
    },
    /// The clock is outside the range of certificates.
    #[error("the clock of this machine is before 1970 or after 9999")]
    Clock,
}

impl Error {
    /// What to do next, in one sentence.
    pub fn help(&self) -> String {
        match self {
            Self::Damaged { name, .. } => format!(
                "restore `{name}` from a backup; to generate a new one, remove it from the stored values, and \
                 delete the Secret that KubeSphere reads it from"
            ),
            Self::Expired { name, .. } => format!(
                "to generate a new certificate authority, remove `{name}.crt` and `{name}.key` from the stored \
                 values and delete the Secret with it, such as tower-ca; agents need the new one"
            ),
            Self::PasswordTooLong => {
                "shorten `authentication.adminPassword`, or give a bcrypt hash of it".into()
            }
            Self::Entropy(_) | Self::Generating { .. } => {
                "check that this machine provides random numbers, then run again".into()
            }
            Self::Clock => "set the clock of this machine and run again".into(),
        }
    }

    pub(super) fn damaged(name: impl Into<String>, cause: &(impl ToString + ?Sized)) -> Self {
        Self::Damaged { name: name.into(), cause: cause.to_string() }
    }

    pub(super) fn generating(name: impl Into<String>, cause: &(impl ToString + ?Sized)) -> Self {
        Self::Generating { name: name.into(), cause: cause.to_string() }
    }
}
