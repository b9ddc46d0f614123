//! A client of a Kubernetes cluster: requests with time limits, retries by kind of error, limited
//! concurrency, and errors that users understand.
//!
//! `kube` provides connections, TLS, credentials and watches. Its own retries are off: they repeat requests
//! that must not be repeated, and give up on transient errors (500 of a webhook, a connection reset).
//!
//! ```text
//! Cluster ──┬─ Connection   client, credentials, known kinds, concurrency limit, server's clock: shared
//!           ├─ Session      deadline, warnings, cancellation: for one run
//!           └─ WriteLock    the lock that writes need, if any
//! ```

mod connect;
mod contents;
mod discovery;
mod endpoint;
mod error;
mod finalizers;
mod instances;
mod kind;
mod limit;
mod lock;
mod logs;
mod nodes;
mod objects;
mod plugin;
mod proxy;
mod pulse;
mod request;
mod retry;
mod review;
mod send;
mod session;
mod status;
mod stored;
#[cfg(test)]
pub(crate) mod tests;
mod token;
mod transport;
mod tunnel;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use connect::Connection;
use session::Session;

pub use connect::ConnectOptions;
pub use endpoint::Endpoint;
pub use error::{Error, ErrorKind, FieldOwner};
pub use kind::{Kind, Resource};
pub use lock::WriteLock;
pub use logs::{LogLines, LogOptions};
pub use nodes::Nodes;
pub use objects::{Apply, Preconditions, Propagation};
pub use pulse::Outage;
pub use request::Selection;
pub use review::Access;
pub use stored::Stored;
pub use token::{AccountToken, TokenUser};
pub use tunnel::PodPort;
pub use watch::{Change, Changes};

/// A cheap handle of a cluster for one run. Clones belong to the same run; [`session`](Self::session) returns a
/// handle for another run on the same connection.
#[derive(Clone)]
pub struct Cluster {
    connection: Arc<Connection>,
    session: Arc<Session>,
    /// The lock that must be held when a write is sent.
    lock: Option<Arc<dyn WriteLock>>,
    /// The limit of one try of a request that does not wait for others.
    urgency: Option<Duration>,
}

impl Cluster {
    fn new(connection: Connection) -> Self {
        let (session, lock, urgency) = (Arc::default(), None, None);
        Self { connection: Arc::new(connection), session, lock, urgency }
    }

    /// A handle for another run on the same connection, with no deadline, no warnings, and not cancelled.
    #[must_use]
    pub fn session(&self) -> Self {
        let (session, lock, urgency) = (Arc::default(), None, None);
        Self { connection: Arc::clone(&self.connection), session, lock, urgency }
    }

    /// A handle with the same lock that has at least this time: what ends a run is written also after its deadline.
    #[must_use]
    pub fn with_at_least(&self, time: Duration) -> Self {
        if self.lasts(time) {
            return self.clone();
        }
        let session = session::Session::default();
        session.end_in(time);
        Self { session: Arc::new(session), ..self.clone() }
    }

    /// A handle for the same run that sends writes only while a lock is held.
    #[must_use]
    pub fn locked_by(&self, lock: Arc<dyn WriteLock>) -> Self {
        Self { lock: Some(lock), ..self.clone() }
    }

    /// A handle for the same run whose requests do not wait for others, and get no answer after this time: a lock
    /// expires while the server is slow.
    #[must_use]
    pub fn urgent(&self, limit: Duration) -> Self {
        Self { urgency: Some(limit), ..self.clone() }
    }

    /// Its name for messages: the context of the kubeconfig and the server's address.
    pub fn place(&self) -> &str {
        &self.connection.place
    }

    /// How long transient errors are retried.
    pub fn patience(&self) -> Duration {
        self.connection.options.patience
    }

    /// The warnings for this run since the last call (`Warning:` headers), each once.
    pub fn warnings(&self) -> Vec<String> {
        self.session.take_warnings()
    }

    /// The outage of the API server that requests of this run wait out, if there is one.
    pub fn outage(&self) -> Option<Outage> {
        self.session.pulse.outage()
    }

    /// Sets the deadline of this run. Requests in flight at the deadline end soon after it and are not retried;
    /// later ones, such as the release of a lock, get one short try.
    pub fn end_in(&self, time: Duration) {
        self.session.end_in(time);
    }

    /// Whether a wait ends before the deadline.
    pub fn lasts(&self, wait: Duration) -> bool {
        self.session.lasts(wait)
    }

    /// Cancels this run: all its requests fail with this error, also those in flight.
    pub fn cancel(&self, reason: Error) {
        self.session.cancel(reason);
    }

    /// Returns when this run is cancelled, with the reason.
    pub async fn cancelled(&self) -> Error {
        self.session.cancelled().await
    }

    /// The current time of the server, from its last response (`Date:` header, whole seconds).
    pub fn server_time(&self) -> Option<OffsetDateTime> {
        self.connection.server_time()
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Cluster").field(&self.connection.place).finish()
    }
}
