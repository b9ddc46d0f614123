//! Which of several replicas follows the ClusterConfiguration: the one that holds a Lease.
//!
//! It only keeps replicas from working in turn on the same status. What keeps two from writing at once is the lock of
//! a run and the inventory, also beside a command line.

use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use crate::cluster::{Cluster, Error, ErrorKind, Kind, Preconditions, Propagation};
use crate::config;
use crate::object::age::micro_time;
use crate::object::{ObjectId, kubesphere};

/// How long a leadership lasts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// When others may take it over, as they see it, in seconds.
    duration: u64,
    renewed_every: Duration,
    /// How often others look.
    retried_every: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            duration: 15,
            renewed_every: Duration::from_secs(5),
            retried_every: Duration::from_secs(2),
        }
    }
}

/// The leadership, which has to be [kept](Leadership::kept).
#[derive(Debug)]
pub(super) struct Leadership {
    cluster: Cluster,
    holder: String,
    terms: Terms,
}

impl Leadership {
    /// Waits until it is ours. `awaits` is told who has it, once for each.
    ///
    /// # Errors
    /// The Lease cannot be read or written, and never could. A replica that stands by goes on trying.
    pub(super) async fn acquire(
        cluster: &Cluster,
        holder: &str,
        terms: Terms,
        awaits: &mut impl FnMut(&str),
    ) -> Result<Self, Error> {
        let cluster = cluster.session().urgent(terms.renewed_every);
        let (mut watched, mut told) = (None, String::new());
        loop {
            let live = match cluster.get(&id()).await {
                Ok(live) => live,
                // The API server comes back; the others lead no less without it.
                Err(error) if told.is_empty() => return Err(error),
                Err(error) => {
                    tracing::debug!("the Lease could not be read: {error}");
                    sleep(terms.retried_every).await;
                    continue;
                }
            };
            let written = match &live {
                None => cluster.create(&manifest(holder, terms, None), false).await,
                Some(live) if is_free(live, holder, terms, &mut watched) => {
                    let version = live["metadata"]["resourceVersion"].as_str();
                    cluster.replace(&manifest(holder, terms, version)).await
                }
                Some(live) => {
                    let other = live["spec"]["holderIdentity"].as_str().unwrap_or_default();
                    if told != other {
                        other.clone_into(&mut told);
                        awaits(other);
                    }
                    sleep(terms.retried_every).await;
                    continue;
                }
            };
            match written {
                Ok(_) => return Ok(Self { cluster, holder: holder.to_owned(), terms }),
                // Another one was faster.
                Err(error) if matches!(error.kind, ErrorKind::Exists | ErrorKind::Changed) => {}
                Err(error) if told.is_empty() => return Err(error),
                Err(error) => {
                    tracing::debug!("the Lease could not be written: {error}");
                    sleep(terms.retried_every).await;
                }
            }
        }
    }

    /// Renews it until another replica has taken it over, and returns the name of that one. An API server that does not
    /// answer is no reason to end: nobody else can take it over then.
    pub(super) async fn kept(&self) -> String {
        loop {
            sleep(self.terms.renewed_every).await;
            match self.renew().await {
                Ok(None) => {}
                Ok(Some(other)) => return other,
                Err(error) => tracing::debug!("the leadership could not be renewed: {error}"),
            }
        }
    }

    /// Renews it. Returns who has it, if that is another one.
    async fn renew(&self) -> Result<Option<String>, Error> {
        let Some(mut live) = self.cluster.get(&id()).await? else {
            let body = manifest(&self.holder, self.terms, None);
            return self.cluster.create(&body, false).await.map(|_| None);
        };
        let holder = live["spec"]["holderIdentity"].as_str().unwrap_or_default();
        if holder != self.holder {
            return Ok(Some(holder.to_owned()));
        }
        live["spec"]["renewTime"] = micro_time(OffsetDateTime::now_utc()).into();
        self.cluster.replace(&live).await.map(|_| None)
    }

    /// Gives it to the next one at once: the Lease is deleted, if it is still ours. If that fails, it runs out.
    pub(super) async fn release(self) {
        let Ok(Some(live)) = self.cluster.get(&id()).await else { return };
        if live["spec"]["holderIdentity"] != self.holder.as_str() {
            return;
        }
        let version = live["metadata"]["resourceVersion"].as_str().map(str::to_owned);
        let same = Preconditions { uid: None, resource_version: version };
        if let Err(error) = self.cluster.delete(&id(), &same, Propagation::default()).await {
            tracing::debug!("the leadership could not be given up: {error}");
        }
    }
}

/// Whether nobody renews it. That is so when we see no renewal for its duration: clocks differ.
fn is_free(
    live: &Value,
    holder: &str,
    terms: Terms,
    watched: &mut Option<(Value, Instant)>,
) -> bool {
    let spec = &live["spec"];
    let other = spec["holderIdentity"].as_str().unwrap_or_default();
    if other.is_empty() || other == holder {
        return true;
    }
    match watched {
        Some((before, since)) if before == spec => {
            let seconds = spec["leaseDurationSeconds"].as_u64().unwrap_or(terms.duration);
            since.elapsed() >= Duration::from_secs(seconds)
        }
        _ => {
            *watched = Some((spec.clone(), Instant::now()));
            false
        }
    }
}

fn id() -> ObjectId {
    Kind::new("coordination.k8s.io", "v1", "Lease")
        .named(Some(config::NAMESPACE), kubesphere::INSTALLER)
}

fn manifest(holder: &str, terms: Terms, version: Option<&str>) -> Value {
    let now = micro_time(OffsetDateTime::now_utc());
    let mut body = json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": kubesphere::INSTALLER, "namespace": config::NAMESPACE},
        "spec": {
            "holderIdentity": holder, "leaseDurationSeconds": terms.duration,
            "acquireTime": now, "renewTime": now,
        },
    });
    if let Some(version) = version {
        body["metadata"]["resourceVersion"] = version.into();
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::tests::server::{Server, block_on};

    const LEASE: &str = "/leases/ks-installer";

    fn short() -> Terms {
        Terms {
            // On a busy machine a renewal may come a second late.
            duration: 3,
            renewed_every: Duration::from_millis(50),
            retried_every: Duration::from_millis(20),
        }
    }

    async fn acquire(cluster: &Cluster, holder: &str) -> Leadership {
        Leadership::acquire(cluster, holder, short(), &mut |_| {}).await.unwrap()
    }

    fn holder(server: &Server) -> Value {
        server.object(LEASE).unwrap()["spec"]["holderIdentity"].clone()
    }

    #[test]
    fn one_leads_until_it_gives_up_or_is_gone() {
        let server = Server::start();
        block_on(async {
            let cluster = server.connect().await;
            let first = acquire(&cluster, "first").await;
            let mut told = Vec::new();
            let mut awaits = |other: &str| told.push(other.to_owned());
            let second = Leadership::acquire(&cluster, "second", short(), &mut awaits);
            let begin = Instant::now();
            // It is renewed for longer than it lasts.
            tokio::select! {
                _ = second => panic!("two lead"),
                lost = first.kept() => panic!("{lost}"),
                () = sleep(Duration::from_millis(3500)) => {}
            }
            assert_eq!(told, ["first"]);
            assert!(begin.elapsed() > Duration::from_secs(3));
            first.release().await;
            assert!(server.object(LEASE).is_none(), "nothing is left");

            let gone = acquire(&cluster, "gone").await;
            let begin = Instant::now();
            let next = acquire(&cluster, "next").await;
            assert!(begin.elapsed() >= Duration::from_secs(3), "{:?}", begin.elapsed());
            assert_eq!(holder(&server), "next");
            // Who comes back late deletes nothing.
            gone.release().await;
            assert_eq!(holder(&server), "next");
            server.change(LEASE, |lease| lease["spec"]["holderIdentity"] = "other".into());
            assert_eq!(next.kept().await, "other");
        });
    }
}
