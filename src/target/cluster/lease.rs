//! The lock: a Lease that is renewed while a run writes.
//!
//! Whether another holder is alive is judged by whether we see it renew, never by comparing its clock
//! with ours: clocks differ.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::{Class, Error, NAMESPACE, process};
use crate::cluster::{Cluster, Kind, Problem};
use crate::health;
use crate::object::ObjectId;

/// The name of the Lease.
pub(super) const NAME: &str = "ks-installer-apply";
/// How long a lock is good without being renewed, in seconds.
const DURATION: u64 = 30;
const RENEWED_EVERY: Duration = Duration::from_secs(10);
/// A holder stops writing well before others may take over.
const TRUSTED: Duration = Duration::from_secs(DURATION - 5);
/// How long the lock of a process that is known to be dead stays: what it had sent is done by then, or
/// ended with its connections.
const GRACE: Duration = Duration::from_secs(1);
/// How often it is looked again whether others are done.
const LOOK: Duration = Duration::from_millis(500);

/// A lock that is held, and renewed until it is dropped or given back.
#[derive(Debug)]
pub(super) struct Lease {
    cluster: Arc<Cluster>,
    holder: String,
    /// When it was last renewed, by our clock; `None` once somebody else has it.
    renewed: Arc<Mutex<Option<Instant>>>,
    task: JoinHandle<()>,
}

impl Lease {
    /// Takes the lock; also returns the namespace when it had to be made for it.
    pub(super) async fn acquire(
        cluster: Arc<Cluster>,
        holder: &str,
    ) -> Result<(Self, Vec<ObjectId>), Error> {
        let mut made = Vec::new();
        let mut watched: Option<(Value, Instant)> = None;
        loop {
            let Some(live) = cluster.get(&id()).await? else {
                made.extend(namespace(&cluster).await?);
                match cluster.create(&manifest(holder, None), false).await {
                    Ok(_) => break,
                    Err(error) if error.problem == Problem::Exists => continue,
                    Err(error) => return Err(error.into()),
                }
            };
            let spec = &live["spec"];
            let other = spec["holderIdentity"].as_str().unwrap_or_default();
            let free = match &watched {
                _ if other.is_empty() || other == holder => true,
                Some((before, _)) if before != spec => return Err(held(other, spec)),
                Some((_, since)) => {
                    let seconds = spec["leaseDurationSeconds"].as_u64().unwrap_or(DURATION);
                    let runs_out = Duration::from_secs(seconds);
                    since.elapsed() >= runs_out
                        || (since.elapsed() >= GRACE && process::is_dead(&live))
                }
                None => false,
            };
            if !free {
                watched.get_or_insert_with(|| (spec.clone(), Instant::now()));
                sleep(LOOK).await;
                continue;
            }
            let version = live["metadata"]["resourceVersion"].as_str();
            match cluster.replace(&manifest(holder, version)).await {
                Ok(_) => break,
                Err(error) if error.problem == Problem::Changed => {}
                Err(error) => return Err(error.into()),
            }
        }
        let renewed = Arc::new(Mutex::new(Some(Instant::now())));
        let task =
            tokio::spawn(renew(Arc::clone(&cluster), holder.to_owned(), Arc::clone(&renewed)));
        Ok((Self { cluster, holder: holder.to_owned(), renewed, task }, made))
    }

    /// Whether nobody else can have taken it.
    pub(super) fn is_held(&self) -> Result<(), Error> {
        match *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(at) if at.elapsed() < TRUSTED => Ok(()),
            Some(_) => Err(lost("it could not be renewed in time")),
            None => Err(lost("another run has taken it over")),
        }
    }

    /// Gives it back, if it is still ours.
    pub(super) async fn release(self) {
        self.task.abort();
        // Whoever comes next waits at most for its end; there is nobody to tell.
        if let Ok(Some(live)) = self.cluster.get(&id()).await
            && live["spec"]["holderIdentity"] == self.holder.as_str()
        {
            let version = live["metadata"]["resourceVersion"].as_str();
            let _ = self.cluster.replace(&manifest("", version)).await;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Renews until the lock is somebody else's.
async fn renew(cluster: Arc<Cluster>, holder: String, renewed: Arc<Mutex<Option<Instant>>>) {
    loop {
        sleep(RENEWED_EVERY).await;
        let asked = Instant::now();
        let Ok(live) = cluster.get(&id()).await else { continue };
        let ours = live.as_ref().is_some_and(|l| l["spec"]["holderIdentity"] == holder.as_str());
        if !ours {
            *renewed.lock().unwrap_or_else(PoisonError::into_inner) = None;
            return;
        }
        let Some(mut live) = live else { continue };
        live["spec"]["renewTime"] = now().into();
        if cluster.replace(&live).await.is_ok() {
            *renewed.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked);
        }
    }
}

/// Our namespace, which has to be there for the lock; what else it needs is applied later. One that is
/// being deleted is waited for as long as any error that passes.
async fn namespace(cluster: &Cluster) -> Result<Vec<ObjectId>, Error> {
    let id = Kind::new("", "v1", "Namespace").named(None, NAMESPACE);
    let since = Instant::now();
    while let Some(live) = cluster.get(&id).await? {
        if live["metadata"]["deletionTimestamp"].is_null() {
            return Ok(Vec::new());
        }
        if since.elapsed() >= cluster.patience() {
            return Err(departing(&id, &live));
        }
        sleep(LOOK).await;
    }
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    match cluster.create(&body, false).await {
        Ok(_) => Ok(vec![id]),
        Err(error) if error.problem == Problem::Exists => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

fn id() -> ObjectId {
    Kind::new("coordination.k8s.io", "v1", "Lease").named(Some(NAMESPACE), NAME)
}

fn manifest(holder: &str, version: Option<&str>) -> Value {
    let now = now();
    let mut body = json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": NAME,
            "namespace": NAMESPACE,
            "annotations": {process::ANNOTATION: process::own().unwrap_or_default()},
        },
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": DURATION,
            "acquireTime": now,
            "renewTime": now,
        },
    });
    if let Some(version) = version {
        body["metadata"]["resourceVersion"] = version.into();
    }
    body
}

/// A `MicroTime`, for people who read the Lease.
fn now() -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
    OffsetDateTime::from(SystemTime::now()).format(&format).unwrap_or_default()
}

fn held(holder: &str, spec: &Value) -> Error {
    let since = spec["acquireTime"].as_str().unwrap_or("an unknown time");
    Error::new(
        Class::Locked,
        "lock",
        id().to_string(),
        format!("{holder} holds it (since {since}) and is at work"),
        "wait until that run ends, then run again",
    )
}

fn departing(namespace: &ObjectId, live: &Value) -> Error {
    let health = health::judge(live);
    Error::new(
        Class::Timeout,
        "lock",
        id().to_string(),
        format!("{namespace} {}", health.reason().unwrap_or("is being deleted")),
        "see whether the controllers that have to remove these finalizers run, and run again; if they are \
         gone for good, take the finalizers off the objects in it",
    )
}

pub(super) fn lost(cause: &str) -> Error {
    Error::new(
        Class::Locked,
        "hold",
        id().to_string(),
        cause,
        "nothing more was written; run again, and what is done already is not done twice",
    )
}
