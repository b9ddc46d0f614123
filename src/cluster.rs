//! A Kubernetes cluster, as far as ksi talks to one: requests with time limits, retries by class of
//! error, a bounded number at a time, and errors in the words of a user.
//!
//! `kube` brings connections, TLS, credentials and watches; its own retries are off, since they
//! repeat what must not be repeated and give up on what passes (500 of a webhook, a reset).
//!
//! ```text
//! Cluster ──┬─ Connection   client, credentials, known kinds, concurrency limit, server's clock: shared
//!           ├─ Session      deadline, warnings, cancellation: of one run
//!           └─ WriteLock    what has to be held to write, if anything
//! ```

mod connect;
mod discovery;
mod error;
mod kind;
mod limit;
mod lock;
mod logs;
mod nodes;
mod objects;
mod proxy;
mod request;
mod retry;
mod review;
mod send;
mod session;
mod status;
#[cfg(test)]
pub(crate) mod tests;
mod transport;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use connect::Connection;
use session::Session;

pub use connect::ConnectOptions;
pub use error::{Error, ErrorKind, FieldOwner};
pub use kind::{Kind, Resource};
pub use lock::WriteLock;
pub use logs::{LogLines, LogOptions};
pub use nodes::Nodes;
pub use objects::{Apply, Preconditions, Propagation};
pub use request::Selection;
pub use review::Access;
pub use watch::{Change, Changes};

/// A cluster, as one run uses it: a cheap handle. Clones belong to the same run; [`session`](Self::session)
/// gives a handle for another run on the same connection.
#[derive(Clone)]
pub struct Cluster {
    connection: Arc<Connection>,
    session: Arc<Session>,
    /// What has to be held whenever a write is sent.
    lock: Option<Arc<dyn WriteLock>>,
}

impl Cluster {
    fn new(connection: Connection) -> Self {
        Self { connection: Arc::new(connection), session: Arc::default(), lock: None }
    }

    /// A handle for another run on the same connection: without a deadline, without warnings, and not
    /// cancelled.
    #[must_use]
    pub fn session(&self) -> Self {
        Self { connection: Arc::clone(&self.connection), session: Arc::default(), lock: None }
    }

    /// A handle of the same run that sends writes only while a lock is held.
    #[must_use]
    pub fn locked_by(&self, lock: Arc<dyn WriteLock>) -> Self {
        Self { lock: Some(lock), ..self.clone() }
    }

    /// Its name for messages: the context of the kubeconfig and the server's address.
    pub fn place(&self) -> &str {
        &self.connection.place
    }

    /// For how long errors that pass are waited out.
    pub fn patience(&self) -> Duration {
        self.connection.options.patience
    }

    /// What the server warned this run of since the last call (`Warning:` headers), each once.
    pub fn warnings(&self) -> Vec<String> {
        self.session.take_warnings()
    }

    /// Gives all requests of this run together this much time from now on. What is on its way when it is
    /// over ends soon after it and is not tried again; what is asked later, such as to release a lock, gets
    /// one short try.
    pub fn end_in(&self, time: Duration) {
        self.session.end_in(time);
    }

    /// Whether there is still time for this run after so long.
    pub fn lasts(&self, wait: Duration) -> bool {
        self.session.lasts(wait)
    }

    /// Ends this run: every request of it fails with this error from now on, also what is on its way.
    pub fn cancel(&self, reason: Error) {
        self.session.cancel(reason);
    }

    /// The server's clock now, as far as its last answer tells (`Date:` header, whole seconds).
    pub fn server_time(&self) -> Option<OffsetDateTime> {
        self.connection.server_time()
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Cluster").field(&self.connection.place).finish()
    }
}
