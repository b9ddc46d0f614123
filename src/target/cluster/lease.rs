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
use crate::object::{ObjectId, is_departing};

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
    held: Arc<Held>,
    task: JoinHandle<()>,
}

/// What is known of a lock that was taken.
#[derive(Debug)]
pub(super) struct Held {
    cluster: Arc<Cluster>,
    holder: String,
    /// When it was last renewed, by our clock; `None` once somebody else has it.
    renewed: Mutex<Option<Instant>>,
    /// Many writes wait for one answer.
    asking: tokio::sync::Mutex<()>,
}

impl Lease {
    /// Takes the lock; also returns the namespace when it had to be made for it.
    pub(super) async fn acquire(
        cluster: Arc<Cluster>,
        holder: &str,
    ) -> Result<(Self, Vec<ObjectId>), Error> {
        let mut made = Vec::new();
        let mut watched: Option<(Value, Instant)> = None;
        // The time counts from the question: the answer may have taken long.
        let asked = loop {
            let Some(live) = cluster.get(&id()).await? else {
                made.extend(namespace(&cluster).await?);
                let asked = Instant::now();
                match cluster.create(&manifest(holder, None), false).await {
                    Ok(_) => break asked,
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
                if !cluster.lasts(LOOK) {
                    return Err(too_late(other, spec));
                }
                sleep(LOOK).await;
                continue;
            }
            let version = live["metadata"]["resourceVersion"].as_str();
            let asked = Instant::now();
            match cluster.replace(&manifest(holder, version)).await {
                Ok(_) => break asked,
                Err(error) if error.problem == Problem::Changed => {}
                Err(error) => return Err(error.into()),
            }
        };
        let held = Arc::new(Held {
            cluster,
            holder: holder.to_owned(),
            renewed: Mutex::new(Some(asked)),
            asking: tokio::sync::Mutex::default(),
        });
        let task = tokio::spawn(renew(Arc::clone(&held)));
        Ok((Self { held, task }, made))
    }

    /// What is known of it, to be asked before each write.
    pub(super) fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held)
    }

    /// Gives it back, if it is still ours.
    pub(super) async fn release(self) {
        self.task.abort();
        let Held { cluster, holder, .. } = &*self.held;
        // Whoever comes next waits at most for its end; there is nobody to tell.
        if let Ok(Some(live)) = cluster.get(&id()).await
            && live["spec"]["holderIdentity"] == holder.as_str()
        {
            let version = live["metadata"]["resourceVersion"].as_str();
            let _ = cluster.replace(&manifest("", version)).await;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Held {
    /// Makes sure that nobody else has it. Where it could not be renewed in time, since the API server was
    /// away or we were, the server is asked: as long as nobody took it, it is still ours.
    pub(super) async fn assure(&self) -> Result<(), Error> {
        if self.is_trusted()? {
            return Ok(());
        }
        let _asking = self.asking.lock().await;
        // An answer that took too long is no news.
        while !self.is_trusted()? {
            self.renew().await?;
        }
        Ok(())
    }

    /// Whether it was renewed so lately that nobody else can have taken it.
    fn is_trusted(&self) -> Result<bool, Error> {
        let renewed = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        match renewed {
            Some(at) => Ok(at.elapsed() < TRUSTED),
            None => Err(lost("another run has taken it over")),
        }
    }

    /// Renews it, if it is still ours.
    async fn renew(&self) -> Result<(), Error> {
        loop {
            let asked = Instant::now();
            let live = self.cluster.get(&id()).await?;
            let ours = live.filter(|l| l["spec"]["holderIdentity"] == self.holder.as_str());
            let Some(mut live) = ours else {
                *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = None;
                return self.is_trusted().map(|_| ());
            };
            live["spec"]["renewTime"] = now().into();
            match self.cluster.replace(&live).await {
                Ok(_) => {
                    let mut renewed = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
                    *renewed = Some(asked);
                    return Ok(());
                }
                // By somebody else, or by us and the answer was lost.
                Err(error) if error.problem == Problem::Changed => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Renews until the lock is somebody else's.
async fn renew(held: Arc<Held>) {
    loop {
        sleep(RENEWED_EVERY).await;
        let _asking = held.asking.lock().await;
        if held.renew().await.is_err_and(|error| error.class == Class::Locked) {
            return;
        }
    }
}

/// Our namespace, which has to be there for the lock; what else it needs is applied later. One that is
/// being deleted is waited for as long as any error that passes.
async fn namespace(cluster: &Cluster) -> Result<Vec<ObjectId>, Error> {
    let id = Kind::new("", "v1", "Namespace").named(None, NAMESPACE);
    let since = Instant::now();
    while let Some(live) = cluster.get(&id).await? {
        if !is_departing(&live) {
            return Ok(Vec::new());
        }
        if since.elapsed() >= cluster.patience() || !cluster.lasts(LOOK) {
            return Err(departing(&id, &live));
        }
        sleep(LOOK).await;
    }
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    match cluster.create(&body, false).await {
        Ok(_) => Ok(vec![id]),
        // It was not there a moment ago: it is our own, and the answer was lost, or that of another run.
        Err(error) if error.problem == Problem::Exists => Ok(vec![id]),
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

fn too_late(holder: &str, spec: &Value) -> Error {
    let since = spec["acquireTime"].as_str().unwrap_or("an unknown time");
    let duration = spec["leaseDurationSeconds"].as_u64().unwrap_or(DURATION);
    Error::new(
        Class::Locked,
        "lock",
        id().to_string(),
        format!(
            "{holder} holds it (since {since}), and the time was up before it showed whether it lives"
        ),
        format!(
            "wait until that run ends, or run again with a longer --timeout: a lock that is not renewed \
             for {duration} s is taken over"
        ),
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
