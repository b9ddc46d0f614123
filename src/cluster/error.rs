//! What goes wrong between ksi and a cluster, in the words of a user.

use std::fmt::Write as _;
use std::path::Path;

use kube::client::AuthError;
use kube::config::KubeconfigError;

use crate::object::Scrubber;

/// The kinds of problems, as far as they are treated differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line asks for something that cannot be.
    Usage,
    /// No cluster is named anywhere.
    NoCluster,
    /// The kubeconfig or its credential plugin cannot be used.
    Credentials,
    /// No connection, or it broke.
    Unreachable,
    /// Connected, but no answer in time.
    Timeout,
    /// Something answers that is not an API server.
    NotKubernetes,
    /// The credentials are not accepted.
    Unauthorized,
    /// RBAC does not allow it.
    Forbidden,
    /// There is no such object.
    NotFound,
    /// There is no such kind.
    NotServed,
    /// An object of this name is there already.
    Exists,
    /// The object changed in between.
    Changed,
    /// The place in a list or watch is too old.
    Expired,
    /// Other field managers own what would change.
    Owned(Vec<FieldOwner>),
    /// A quota, a policy or an admission webhook says no.
    Refused,
    /// The manifest is not valid, or changes what cannot be changed.
    Invalid,
    /// The object, its namespace or its kind is being deleted.
    Terminating,
    /// An admission or conversion webhook does not answer.
    Webhook,
    /// Too many requests.
    Busy,
    /// The server or its etcd is not available at the moment.
    Unavailable,
    /// etcd has no room left.
    Full,
    /// Any other error inside of the server.
    Server,
    /// The run that asks was cancelled, such as when it lost its lock.
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

/// What went wrong with one request. Never holds a secret: of a manifest only the name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {action} {place}: {cause}")]
pub struct Error {
    /// What kind of kind it is.
    pub kind: ErrorKind,
    /// What was tried: `read`, `apply`, `delete`, `connect to`.
    pub action: &'static str,
    /// The object, the list or the cluster.
    pub place: String,
    /// What is wrong.
    pub cause: String,
    /// What to do next, one sentence.
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
    pub(super) fn new(
        kind: ErrorKind,
        action: &'static str,
        place: impl Into<String>,
        cause: impl Into<String>,
    ) -> Self {
        let cause = printable(&cause.into());
        let help = help(&kind, &cause).to_owned();
        Self { kind, action, place: place.into(), cause, help }
    }

    pub(super) fn no_cluster() -> Self {
        Self::connect(
            ErrorKind::NoCluster,
            "a cluster",
            "there is no kubeconfig: KUBECONFIG is not set, ~/.kube/config is not there, and this is not a pod",
        )
    }

    /// A kubeconfig that cannot be used.
    pub(super) fn kubeconfig(path: Option<&Path>, error: &KubeconfigError) -> Self {
        let place = path.map_or_else(|| "the kubeconfig".to_owned(), |p| p.display().to_string());
        Self::new(ErrorKind::Credentials, "use", place, chain(error))
    }

    /// A client that cannot be made from a kubeconfig: most often its credential plugin.
    pub(super) fn credentials(place: &str, error: &kube::Error) -> Self {
        Self::connect(ErrorKind::Credentials, place, chain(error))
    }

    /// A connection that could not be made or that broke.
    pub(super) fn transport(action: &'static str, place: String, error: &kube::Error) -> Self {
        let kind = match error {
            kube::Error::Auth(_) => ErrorKind::Credentials,
            _ => ErrorKind::Unreachable,
        };
        Self::new(kind, action, place, chain(error))
    }
}

/// An error with its sources, without what repeats the one before, and without what must not be shown.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut levels = std::iter::successors(Some(error), |error| error.source());
    if let Some(told) = levels.find_map(unquoted) {
        return told;
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let next = cause.to_string();
        if !text.contains(&next) {
            let _ = write!(text, ": {next}");
        }
        source = cause.source();
    }
    // Words of libraries that tell users nothing.
    for noise in ["ServiceError: ", "HyperError: ", "client error (Connect): ", "auth error: "] {
        text = text.replace(noise, "");
    }
    text.replace("deadline has elapsed", "no connection in 5 s")
}

/// Errors that quote a kubeconfig, the answer of a credential plugin or its command line, and with them
/// a token: told without the quotation.
fn unquoted(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(KubeconfigError::Parse(error)) = error.downcast_ref() {
        let place =
            error.location().map(|at| format!(": line {} column {}", at.line(), at.column()));
        return Some(format!("it is not a kubeconfig in YAML{}", place.unwrap_or_default()));
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
            let said = Scrubber::new().text(&String::from_utf8_lossy(&out.stderr));
            Some(format!("the credential plugin failed ({}): {}", out.status, said.trim()))
        }
        AuthError::AuthExecParse(_) => {
            Some("the credential plugin answers with something else than credentials".to_owned())
        }
        _ => None,
    }
}

/// Texts of servers go to terminals: without control characters, and not endless.
fn printable(text: &str) -> String {
    const MOST: usize = 2000;
    let clean: String = text
        .chars()
        .map(|c| if c == '\n' || c == '\t' { ' ' } else { c })
        .filter(|c| !c.is_control())
        .take(MOST)
        .collect();
    clean.trim().to_owned()
}

/// The next step for each kind of kind.
fn help(kind: &ErrorKind, cause: &str) -> &'static str {
    match kind {
        ErrorKind::Usage => "correct the command line",
        ErrorKind::NoCluster => {
            "name the kubeconfig with --kubeconfig FILE or KUBECONFIG; `ksi apply --target dir:PATH` needs no cluster"
        }
        ErrorKind::Credentials => {
            "check the file, its context (`kubectl config get-contexts`) and its credentials with `kubectl get --raw /version`"
        }
        ErrorKind::Unreachable | ErrorKind::Timeout => {
            "check with `kubectl get --raw /readyz` that the API server answers; a run that was cut short goes on when it is started again"
        }
        ErrorKind::NotKubernetes => {
            "check the address in the kubeconfig: a proxy or load balancer answers there, not a Kubernetes API server"
        }
        ErrorKind::Unauthorized => {
            "the credentials are expired or wrong: log in again, or name another context"
        }
        ErrorKind::Forbidden => {
            "give this user the right, or use another; `ksi check --pre` lists every right that is missing"
        }
        ErrorKind::NotFound => "it was deleted in between: run again",
        ErrorKind::NotServed => {
            "the cluster does not know this kind: its CustomResourceDefinition is missing or not established yet"
        }
        ErrorKind::Exists | ErrorKind::Changed | ErrorKind::Expired => {
            "somebody else writes at the same time: run again"
        }
        ErrorKind::Owned(_) => {
            "put the values into the configuration, or take the fields with --take FIELD or all of them with --force-conflicts"
        }
        ErrorKind::Refused => "change the quota or policy that refuses it, or the configuration",
        ErrorKind::Invalid => {
            "a field that cannot be changed needs the object to be deleted first; anything else is a mistake in ksi: please report it"
        }
        ErrorKind::Terminating => {
            "wait until the deletion ends; `kubectl get -o jsonpath='{.metadata.finalizers}'` names what holds it up"
        }
        ErrorKind::Webhook if cause.contains("x509:") => {
            "the caBundle of its configuration does not fit the certificate of its backend: whoever installed it has to renew one of them"
        }
        ErrorKind::Webhook => {
            "its Service needs a running backend; a leftover configuration without one is found by `ksi check`"
        }
        ErrorKind::Cancelled => "run again, and what is done already is not done twice",
        ErrorKind::Full => {
            "make room in etcd (compact and defragment it, or raise its quota), take the alarm back with `etcdctl alarm disarm`, and run again"
        }
        ErrorKind::Busy | ErrorKind::Unavailable | ErrorKind::Server => {
            "the API server or etcd is in trouble: run again when `kubectl get --raw /readyz?verbose` says ok"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_cannot_paint_on_terminals() {
        let error = Error::new(ErrorKind::Server, "read", "a", "\u{1b}[31mred\u{7}\nline\u{9b}2J");
        assert_eq!(error.cause, "[31mred line2J");
        assert!(printable(&"x".repeat(10_000)).len() == 2000);
    }
}
