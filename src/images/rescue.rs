//! Takes an image that only a node has: a pod on that node reads containerd's content store, read-only, and copies the
//! image to a registry. Running containers are not touched, and containerd is not asked.

mod node;
mod pod;

use std::time::Duration;

use serde_json::Value;

pub use self::node::{Node, nodes};
pub use self::pod::Settings;
use crate::cluster::{self, Cluster, Kind, LogOptions, Preconditions, Propagation};
use crate::registry::Reference;

/// How often the pod is looked at.
const POLL: Duration = Duration::from_millis(500);
/// Without this much time to start, its image cannot be had.
const START: Duration = Duration::from_secs(90);
/// How long the pod may take to end by itself after its deadline, and an earlier one after its deletion.
const GRACE: Duration = Duration::from_secs(60);
/// What is read of its log.
const LOG: i64 = 64 * 1024;

/// Why a rescue failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A request to the cluster failed.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
    /// The pod did not copy the image.
    #[error("{pod} did not copy it: {cause}")]
    Pod {
        /// The pod.
        pod: String,
        /// What it printed, or why it does not run.
        cause: String,
    },
}

/// An image that is looked for on nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The name under which it was published.
    pub published: Reference,
    /// The name under which nodes pulled it, if another one: from a private registry.
    pub local: Option<Reference>,
}

impl Wanted {
    /// An image that nodes know by the name under which it was published.
    pub fn published(published: Reference) -> Self {
        Self { published, local: None }
    }

    fn names(&self) -> impl Iterator<Item = &Reference> {
        std::iter::once(&self.published).chain(&self.local)
    }
}

/// An image on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The name under which it was published, with tag and digest.
    pub image: Reference,
    /// A name that the node knows it by.
    pub name: String,
    /// The node.
    pub node: Node,
}

impl Held {
    /// What brings the image to a registry on the node itself, without ksi.
    pub fn commands(&self, to: &str) -> String {
        self.node.export(&self.name, to)
    }
}

/// The pod that copies one image. It has to be removed with [`Rescue::remove`], whatever happens.
#[derive(Debug)]
pub struct Rescue<'c> {
    cluster: &'c Cluster,
    settings: Settings,
    name: String,
}

impl<'c> Rescue<'c> {
    /// Prepares the pod for an image; creates nothing yet.
    pub fn new(cluster: &'c Cluster, settings: Settings, held: &Held) -> Self {
        let digest = held.image.digest().map_or("", |digest| digest.hex());
        let name = format!("ksi-rescue-{}", &digest[..digest.len().min(12)]);
        Self { cluster, settings, name }
    }

    /// Creates the pod and its Secret. To stop in between would leave a pod whose creation nobody saw.
    ///
    /// # Errors
    /// They cannot be created.
    pub async fn start(&self, held: &Held) -> Result<(), Error> {
        let pod = pod::pod(&self.settings, &self.name, held);
        let created = self.cluster.create(&pod, false).await?;
        // After the pod, which waits for it: the Secret goes with its owner, even if ksi is killed.
        if let Some(secret) = pod::secret(&self.settings, &self.name, &created) {
            self.cluster.create(&secret, false).await?;
        }
        Ok(())
    }

    /// Waits until the pod has ended, and returns what it printed on success; empty if that cannot be read.
    ///
    /// # Errors
    /// It does not start, or fails; the error has what it printed.
    pub async fn wait(&self) -> Result<String, Error> {
        let mut mounted = false;
        let began = std::time::Instant::now();
        loop {
            let Some(pod) = self.cluster.get(&self.id("Pod")).await? else {
                return Err(self.error("somebody deleted it".to_owned()));
            };
            match pod["status"]["phase"].as_str() {
                Some("Succeeded") => return Ok(self.log().await.unwrap_or_default()),
                Some("Failed") => {
                    let log = self.log().await.unwrap_or_default();
                    let said = if log.is_empty() { reason(&pod) } else { log };
                    return Err(self.error(said));
                }
                Some("Running") if !mounted => {
                    // The pod has its files already, and nobody else needs the credentials. What fails here is tried
                    // again at the end.
                    mounted = self.delete("Secret").await.is_ok();
                }
                Some("Running") => {}
                _ if began.elapsed() > START => return Err(self.error(reason(&pod))),
                _ => {}
            }
            // The kubelet ends it, and a node that is gone has none.
            if began.elapsed() > pod::DEADLINE + GRACE {
                return Err(self.error("its node does not say how it ended".to_owned()));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Removes what an earlier run left, and waits until its pod has ended.
    ///
    /// # Errors
    /// It stays.
    pub async fn clear(&self) -> Result<(), Error> {
        self.remove().await?;
        let began = std::time::Instant::now();
        while self.cluster.get(&self.id("Pod")).await?.is_some() {
            if began.elapsed() > GRACE {
                return Err(self.error("an earlier pod of this name does not end".to_owned()));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Removes the Secret and the pod. One that is gone is no error.
    ///
    /// # Errors
    /// One of them stays: the first error. The other one is removed nevertheless.
    pub async fn remove(&self) -> Result<(), Error> {
        let (secret, pod) = (self.delete("Secret").await, self.delete("Pod").await);
        secret.and(pod)
    }

    /// The command that removes what [`Rescue::remove`] could not.
    pub fn removal(&self) -> String {
        format!("kubectl -n {} delete secret,pod {}", self.settings.namespace, self.name)
    }

    async fn delete(&self, kind: &str) -> Result<(), Error> {
        let (id, any) = (self.id(kind), Preconditions::default());
        Ok(self.cluster.delete(&id, &any, Propagation::Background).await?)
    }

    fn id(&self, kind: &str) -> crate::object::ObjectId {
        Kind::new("", "v1", kind).named(Some(&self.settings.namespace), &self.name)
    }

    async fn log(&self) -> Result<String, Error> {
        let options = LogOptions { bytes: Some(LOG), ..LogOptions::default() };
        let lines = self.cluster.log_lines(&self.settings.namespace, &self.name, &options).await?;
        Ok(lines.join("\n"))
    }

    fn error(&self, cause: String) -> Error {
        Error::Pod { pod: self.id("Pod").to_string(), cause }
    }
}

/// Why a pod does not run.
fn reason(pod: &Value) -> String {
    let waiting = &pod["status"]["containerStatuses"][0]["state"]["waiting"];
    let texts = [&waiting["reason"], &waiting["message"], &pod["status"]["message"]];
    let said: Vec<_> = texts.into_iter().filter_map(Value::as_str).collect();
    if said.is_empty() { "it did not start".to_owned() } else { said.join(": ") }
}
