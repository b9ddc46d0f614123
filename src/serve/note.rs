//! What happens to the servers, for the log.

use std::fmt;
use std::time::Duration;

/// What happens to the servers, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// There is a new certificate.
    CertificateWritten,
    /// The API server was told of the webhook.
    Registered,
    /// No Service leads to the webhook, so that the API server is not told of it.
    NoService,
    /// The metrics do not know when certificates expire: why.
    CertificatesUnread(String),
    /// It cannot be kept up: why, and when it is tried again.
    Failed {
        /// The error, with what to do.
        cause: String,
        /// The time until the next try.
        again: Duration,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CertificateWritten => write!(
                f,
                "admission webhook: new certificate in Secret/kubesphere-system/{}",
                super::CERTIFICATE_SECRET
            ),
            Self::Registered => write!(
                f,
                "admission webhook: registered as ValidatingWebhookConfiguration/{}",
                super::WEBHOOK_CONFIGURATION
            ),
            Self::NoService => f.write_str(
                "admission webhook: not registered, Service kubesphere-system/ks-installer has no port \
                 `webhook`; without it the API server stores a ClusterConfiguration unchecked",
            ),
            Self::CertificatesUnread(cause) => {
                write!(f, "metrics: when certificates expire is not known: {cause}")
            }
            Self::Failed { cause, again } => {
                write!(f, "admission webhook: {cause}; trying again in {} s", again.as_secs())
            }
        }
    }
}
