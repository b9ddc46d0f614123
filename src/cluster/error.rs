//! Errors of requests to a cluster.

use std::path::Path;

use kube::client::AuthError;
use kube::config::KubeconfigError;

use crate::object::{Scrubber, message};

/// The kinds of errors that callers treat differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request itself is invalid.
    Usage,
    /// No cluster is configured.
    NoCluster,
    /// The kubeconfig or its credential plugin cannot be used.
    Credentials,
    /// The connection failed.
    Unreachable,
    /// No response in time.
    Timeout,
    /// The response is not from an API server.
    NotKubernetes,
    /// The credentials are not accepted.
    Unauthorized,
    /// RBAC does not allow it.
    Forbidden,
    /// The object does not exist.
    NotFound,
    /// The kind is not served.
    NotServed,
    /// An object of this name exists already.
    Exists,
    /// The object changed since it was read.
    Changed,
    /// The resource version of a list or watch is too old.
    Expired,
    /// Other field managers own fields that would change.
    Owned(Vec<FieldOwner>),
    /// A quota, a policy or an admission webhook rejects it.
    Refused,
    /// The manifest is invalid, or changes an immutable field.
    Invalid,
    /// The object, its namespace or its CRD is terminating.
    Terminating,
    /// An admission or conversion webhook does not respond.
    Webhook,
    /// Too many requests.
    Busy,
    /// The server or its etcd is not available at the moment.
    Unavailable,
    /// etcd has no space left.
    Full,
    /// Any other error of the server.
    Server,
    /// The run was cancelled, for example because it lost its lock.
    Cancelled,
}

/// A field that another manager owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldOwner {
    /// The manager's name.
    pub manager: String,
    /// The field as the API server writes it: `.spec.replicas`.
    pub field: String,
}

/// An error of a request. Never contains a secret: of a manifest only the name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {action} {place}: {cause}")]
pub struct Error {
    /// The kind.
    pub kind: ErrorKind,
    /// The action that failed: `read`, `apply`, `delete`, `connect to`.
    pub action: &'static str,
    /// The object, the list or the cluster.
    pub place: String,
    /// The cause.
    pub cause: String,
    /// What to do next, in one sentence.
    pub help: String,
}

impl Error {
    pub(super) fn usage(cause: impl Into<String>) -> Self {
        Self::connect(ErrorKind::Usage, "the cluster", cause)
    }

    pub(super) fn connect(kind: ErrorKind, place: &str, cause: impl Into<String>) -> Self {
        Self::new(kind, "connect to", place, cause)
    }

    /// An error with the next step that fits its kind.
    pub(crate) fn new(
        kind: ErrorKind,
        action: &'static str,
        place: impl Into<String>,
        cause: impl Into<String>,
    ) -> Self {
        // What libraries and servers say may quote an address with a password.
        let cause = Scrubber::new().text(&printable(&cause.into()));
        let help = help(&kind, &cause).to_owned();
        Self { kind, action, place: place.into(), cause, help }
    }

    pub(super) fn no_cluster() -> Self {
        Self::connect(
            ErrorKind::NoCluster,
            "a cluster",
            "no kubeconfig found: KUBECONFIG is not set, ~/.kube/config does not exist, and ksi does not run in a pod",
        )
    }

    /// A kubeconfig that cannot be used.
    pub(super) fn kubeconfig(path: Option<&Path>, error: &KubeconfigError) -> Self {
        let place = path.map_or_else(|| "the kubeconfig".to_owned(), |p| p.display().to_string());
        Self::new(ErrorKind::Credentials, "use", place, chain(error))
    }

    /// A kubeconfig that is no file and cannot be used.
    pub(super) fn stored(place: &str, error: &KubeconfigError) -> Self {
        Self::new(ErrorKind::Credentials, "use", place, chain(error))
    }

    /// A client that cannot be created, usually because the credential plugin fails.
    pub(super) fn credentials(place: &str, error: &kube::Error) -> Self {
        Self::connect(ErrorKind::Credentials, place, chain(error))
    }

    /// A connection that failed.
    pub(super) fn transport(action: &'static str, place: String, error: &kube::Error) -> Self {
        let kind = match error {
            kube::Error::Auth(_) => ErrorKind::Credentials,
            _ => ErrorKind::Unreachable,
        };
        Self::new(kind, action, place, chain(error))
    }
}

/// An error with its sources, without repetitions and without secrets.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut levels = std::iter::successors(Some(error), |error| error.source());
    if let Some(text) = levels.find_map(unquoted) {
        return text;
    }
    let mut text = message::chain(error);
    // Texts of libraries that mean nothing to users.
    for noise in ["ServiceError: ", "HyperError: ", "client error (Connect): ", "auth error: "] {
        text = text.replace(noise, "");
    }
    text.replace("deadline has elapsed", "no connection in 5 s")
}

/// The message for errors that would quote a kubeconfig, or the output or command line of a credential plugin, and
/// with them a token.
fn unquoted(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(KubeconfigError::Parse(error)) = error.downcast_ref() {
        let place =
            error.location().map(|at| format!(": line {} column {}", at.line(), at.column()));
        return Some(format!("it is not a valid kubeconfig{}", place.unwrap_or_default()));
    }
    match error.downcast_ref() {
        Some(KubeconfigError::ReadConfig(error, path)) => {
            return Some(format!("{} cannot be read: {error}", path.display()));
        }
        Some(KubeconfigError::LoadContext(name)) => {
            return Some(format!("it has no context `{name}`"));
        }
        _ => {}
    }
    match error.downcast_ref()? {
        AuthError::AuthExecRun { cmd: _, out } => {
            Some(format!("the credential plugin failed ({})", out.status))
        }
        AuthError::AuthExecParse(_) => {
            Some("the output of the credential plugin is not valid".to_owned())
        }
        _ => None,
    }
}

/// A text of a server, not too long.
fn printable(text: &str) -> String {
    message::printable(text, 2000)
}

/// The next step for each kind of error.
fn help(kind: &ErrorKind, cause: &str) -> &'static str {
    match kind {
        ErrorKind::Usage => "correct the command line",
        ErrorKind::NoCluster => "set KUBECONFIG to the path of a kubeconfig",
        ErrorKind::Credentials => {
            "check the file, its context (`kubectl config get-contexts`) and its credentials with `kubectl get --raw /version`"
        }
        ErrorKind::Unreachable if cause.contains("UnknownIssuer") => {
            "the kubeconfig's certificate-authority does not match this server: use the kubeconfig of this cluster"
        }
        ErrorKind::Unreachable if cause.contains("NotValidForName") => {
            "the certificate of the server is not valid for this address: correct the address, or set tls-server-name in the kubeconfig"
        }
        ErrorKind::Unreachable | ErrorKind::Timeout => {
            "check with `kubectl get --raw /readyz` that the API server responds, then run again to continue"
        }
        ErrorKind::NotKubernetes => {
            "check the address in the kubeconfig: a proxy or load balancer responds there, not a Kubernetes API server"
        }
        ErrorKind::Unauthorized => {
            "the credentials are expired or invalid: log in again, or use another context"
        }
        ErrorKind::Forbidden if cause.contains("\"system:anonymous\"") => {
            "the kubeconfig has no credentials: log in, or use another context"
        }
        ErrorKind::Forbidden => {
            "grant this user the permission, or use another user; `ksi check --pre` lists all missing permissions"
        }
        ErrorKind::NotFound => "it was deleted meanwhile: run again",
        ErrorKind::NotServed => "the CRD of this kind is missing or not established yet",
        ErrorKind::Exists | ErrorKind::Changed | ErrorKind::Expired => {
            "somebody else changed it at the same time: run again"
        }
        ErrorKind::Owned(_) => {
            "put the values into the configuration, or take over the fields with --take FIELD, or all of them with --force-conflicts"
        }
        ErrorKind::Refused => "change the quota or policy that rejects it, or the configuration",
        ErrorKind::Invalid => {
            "if the field is immutable, delete the object first; otherwise this is a bug in ksi: please report it"
        }
        ErrorKind::Terminating => {
            "wait until the deletion ends; `kubectl get -o jsonpath='{.metadata.finalizers}'` shows what blocks it"
        }
        ErrorKind::Webhook if cause.contains("x509:") => {
            "the caBundle of the webhook configuration does not match the certificate of its backend: renew one of them"
        }
        ErrorKind::Webhook => {
            "the webhook needs a running backend; `ksi check` finds webhook configurations without one"
        }
        ErrorKind::Cancelled => "run again to continue",
        ErrorKind::Full => {
            "free space in etcd (compact and defragment it, or raise its quota), run `etcdctl alarm disarm`, and run again"
        }
        ErrorKind::Busy | ErrorKind::Unavailable | ErrorKind::Server => {
            "the API server or etcd has a problem: run again when `kubectl get --raw /readyz?verbose` shows ok"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_step_fits_the_cause() {
        let help = |kind, cause| Error::new(kind, "list", "Secrets", cause).help;
        let issuer = "invalid peer certificate: UnknownIssuer";
        assert!(
            help(ErrorKind::Unreachable, issuer).contains("certificate-authority does not match")
        );
        assert!(help(ErrorKind::Unreachable, "refused").contains("/readyz"));
        let anonymous = "secrets is forbidden: User \"system:anonymous\" cannot list";
        assert!(help(ErrorKind::Forbidden, anonymous).contains("has no credentials"));
        assert!(help(ErrorKind::Forbidden, "User \"a\" cannot list").contains("grant this user"));
    }

    #[test]
    fn control_characters_of_servers_are_removed() {
        let error = Error::new(ErrorKind::Server, "read", "a", "\u{1b}[31mred\u{7}\nline\u{9b}2J");
        assert_eq!(error.cause, "[31mred line2J");
        assert!(printable(&"x".repeat(10_000)).len() == 2000);
    }
}
