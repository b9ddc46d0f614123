//! Errors of requests to a registry.

use std::io;
use std::time::Duration;

use tokio_rustls::rustls;

use super::names::NameError;
use crate::object::{Scrubber, message};

/// The kinds of errors that callers treat differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// A reference, an address or an option is not valid.
    Usage,
    /// Credentials, authorities or a proxy cannot be used.
    Settings,
    /// No address is known for the name of the host.
    Name,
    /// The connection failed.
    Unreachable,
    /// TLS failed: a certificate that is not trusted, or a server without TLS.
    Tls,
    /// No response in time.
    Timeout,
    /// The response is not from a registry.
    NotARegistry,
    /// The registry does not have it.
    NotFound,
    /// The registry refuses it, with these credentials or without any. Some registries say so of what does not
    /// exist, too.
    Denied,
    /// The image is there, but not for this platform.
    NoSuchPlatform,
    /// Too many requests, and how long the registry asks to wait.
    RateLimited(Option<Duration>),
    /// What the registry sent is not what its digest says.
    Digest,
    /// It is no image that can be used.
    Unsupported,
    /// Files with images cannot be read or written.
    Storage,
    /// The source of an upload failed.
    Source,
    /// The registry does not accept the request.
    Refused,
    /// Any other error of the registry.
    Server,
}

impl ErrorKind {
    /// Its stable name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Settings => "settings",
            Self::Name => "name",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::NotARegistry => "notARegistry",
            Self::NotFound => "notFound",
            Self::Denied => "denied",
            Self::NoSuchPlatform => "noSuchPlatform",
            Self::RateLimited(_) => "rateLimited",
            Self::Digest => "digest",
            Self::Unsupported => "unsupported",
            Self::Source => "source",
            Self::Storage => "storage",
            Self::Refused => "refused",
            Self::Server => "server",
        }
    }
}

/// An error of a request. Never contains credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {action} {place}: {cause}")]
pub struct Error {
    /// The kind.
    pub kind: ErrorKind,
    /// The action that failed: `read`, `write`, `connect to`.
    pub action: &'static str,
    /// The image, blob or registry.
    pub place: String,
    /// The cause.
    pub cause: String,
    /// What to do next, in one sentence.
    pub help: String,
}

impl Error {
    /// An error with the next step that fits its kind.
    pub fn new(
        kind: ErrorKind,
        action: &'static str,
        place: impl Into<String>,
        cause: impl Into<String>,
    ) -> Self {
        // What servers and libraries say may quote an address with a password.
        let cause = Scrubber::new().text(&printable(&cause.into()));
        let help = help(&kind).to_owned();
        Self { kind, action, place: place.into(), cause, help }
    }

    /// Whether the same request may succeed a moment later.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self.kind, ErrorKind::Unreachable | ErrorKind::Timeout | ErrorKind::Server)
    }

    /// A connection that failed, by what failed in it.
    pub(super) fn transport(
        action: &'static str,
        place: impl Into<String>,
        error: &(dyn std::error::Error + 'static),
    ) -> Self {
        Self::new(kind_of(error), action, place, chain(error))
    }
}

/// The kind of a failed connection.
fn kind_of(error: &(dyn std::error::Error + 'static)) -> ErrorKind {
    let mut level = Some(error);
    while let Some(error) = level {
        if error.is::<NameError>() {
            return ErrorKind::Name;
        }
        if error.is::<rustls::Error>() {
            return ErrorKind::Tls;
        }
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::TimedOut) {
            return ErrorKind::Timeout;
        }
        // An input or output error hides the error that it is made of, and shows only what that is made of.
        level = match io.and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    ErrorKind::Unreachable
}

/// An error with its sources.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = message::chain(error);
    // Texts of libraries that mean nothing to users.
    for noise in ["client error (Connect): ", "client error (SendRequest): ", "dns error: "] {
        text = text.replace(noise, "");
    }
    text
}

/// A text of a server, not too long.
pub(super) fn printable(text: &str) -> String {
    message::printable(text, 500)
}

fn help(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Usage => "correct it",
        ErrorKind::Storage => "check the path, the rights, and the space on the disk",
        ErrorKind::Settings => "correct the setting, or remove it",
        ErrorKind::Name => "check the name of the registry, and the DNS server of this machine",
        ErrorKind::Unreachable | ErrorKind::Timeout => {
            "check that the registry runs and can be reached from here, if necessary through a proxy (HTTPS_PROXY)"
        }
        ErrorKind::Tls => {
            "add the authority of its certificate; if it serves no TLS, allow plain HTTP for it"
        }
        ErrorKind::NotARegistry => "check the address: a registry answers at /v2/",
        ErrorKind::NotFound => {
            "check name and tag; the image may have been removed, or never copied there"
        }
        ErrorKind::Denied => {
            "check the credentials for this registry, and that the image exists: some registries hide what does not"
        }
        ErrorKind::NoSuchPlatform => {
            "use another version of the image, or nodes of another architecture"
        }
        ErrorKind::RateLimited(_) => {
            "try again later, or log in: registries allow their users more"
        }
        ErrorKind::Digest => {
            "do not use what this registry serves; a proxy or a damaged storage may be the cause"
        }
        ErrorKind::Unsupported => "push the image again with a current tool",
        ErrorKind::Source => "check where the data comes from",
        ErrorKind::Refused | ErrorKind::Server => "see the log of the registry",
    }
}
