//! A Kubernetes cluster, as far as ksi talks to one: requests with time limits, retries by class of
//! error, a bounded number at a time, and errors in the words of a user.
//!
//! `kube` brings connections, TLS, credentials and watches; its own retries are off, since they
//! repeat what must not be repeated and give up on what passes (500 of a webhook, a reset).

mod connect;
mod error;
mod kinds;
mod limit;
mod logs;
mod nodes;
mod objects;
mod proxy;
mod request;
mod retry;
mod review;
mod send;
mod status;
mod transport;
mod watch;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

pub use connect::ConnectOptions;
pub use error::{Error, FieldOwner, Problem};
pub use kinds::{Kind, Resource};
pub use logs::{LogLines, LogOptions};
pub use nodes::Nodes;
pub use objects::{Apply, Preconditions, Propagation};
pub use request::Selection;
pub use review::Access;
pub use watch::{Change, Changes};

/// A connection to one cluster.
pub struct Cluster {
    client: RwLock<kube::Client>,
    /// How to connect again when the credentials are refused.
    options: ConnectOptions,
    place: String,
    kinds: Mutex<kinds::Kinds>,
    limit: limit::Limit,
    warnings: Mutex<BTreeSet<String>>,
    /// What the last answer said of the time, and when it came.
    date: Mutex<Option<(OffsetDateTime, Instant)>>,
    /// Whether the server ever answered: before that there is less patience.
    answered: AtomicBool,
    /// From when on nothing is tried again.
    end: Mutex<Option<tokio::time::Instant>>,
}

impl Cluster {
    /// Its name for messages: the context of the kubeconfig and the server's address.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// For how long errors that pass are waited out.
    pub fn patience(&self) -> Duration {
        self.options.patience
    }

    /// What the server warned of since the last call (`Warning:` headers), each once.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *warnings).into_iter().collect()
    }

    /// Gives all requests together this much time from now on. What is on its way when it is over ends
    /// soon after it and is not tried again; what is asked later, such as to give a lock back, gets one
    /// short try.
    pub fn end_in(&self, time: Duration) {
        // A time without end would overflow the clock.
        let end = tokio::time::Instant::now().checked_add(time);
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = end;
    }

    /// The server's clock now, as far as its last answer tells (`Date:` header, whole seconds).
    pub fn server_time(&self) -> Option<OffsetDateTime> {
        let date = self.date.lock().unwrap_or_else(PoisonError::into_inner);
        date.map(|(date, at)| date + at.elapsed())
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Cluster").field(&self.place).finish()
    }
}
