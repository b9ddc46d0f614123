//! A Kubernetes cluster as a target.
//!
//! Objects are written by server-side apply as `ksi`, strict and without force. What nobody touched
//! since we wrote it costs no request of its own: one list of metadata per kind and namespace shows
//! uid and managedFields, and the inventory holds a hash of both and of what was rendered. For
//! everything else the server itself says what a write would change (dry run).
//!
//! ```text
//! kubesphere-system/ksi-inventory        Secret: what is ours; written with its resourceVersion
//! kubesphere-system/ksi-values           Secret: what is generated once and kept
//! kubesphere-system/ksi-history-N        Secret: a configuration that was applied, without secrets
//! kubesphere-system/ks-installer-apply   Lease: who writes now
//! ```

mod births;
mod forecast;
mod history;
mod identity;
mod instances;
mod lease;
mod live;
mod observe;
mod ports;
mod process;
mod removal;
mod store;
mod taken_over;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::{Class, Effect, Error, Finding, NewKind, Seen, Target, Write, Written};
use crate::cluster::{self, Cluster, Problem};
use crate::inventory::Inventory;
use crate::object::{Object, ObjectId, Policy};
use crate::values::KeptValues;
pub use history::{About, Revision};
use identity::Identity;
use lease::Lease;

/// The namespace of what ksi keeps in a cluster.
pub(super) const NAMESPACE: &str = "kubesphere-system";

/// A Kubernetes cluster as a target.
#[derive(Debug)]
pub struct ClusterTarget {
    cluster: Arc<Cluster>,
    /// Who we are in the lock: `user@host/process`.
    holder: String,
    /// What the objects were when they were last looked at: what is deleted must still be that.
    seen: Mutex<BTreeMap<ObjectId, Identity>>,
    /// The resource version of the inventory as it was last read or written.
    inventory_version: Mutex<Option<String>>,
    lease: Mutex<Option<Lease>>,
    watches: live::Watches,
    births: births::Births,
    /// Whether our own namespace is being deleted, and with it the lock and the record.
    departing: AtomicBool,
}

impl ClusterTarget {
    /// A cluster to apply to. `holder` names this run to others that find the lock taken.
    pub fn new(cluster: Arc<Cluster>, holder: impl Into<String>) -> Self {
        Self {
            cluster,
            holder: holder.into(),
            seen: Mutex::default(),
            inventory_version: Mutex::default(),
            lease: Mutex::default(),
            watches: live::Watches::default(),
            births: births::Births::default(),
            departing: AtomicBool::new(false),
        }
    }

    /// The connection.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Why an object that is not there yet would be refused, by a dry run on the server; `None` when
    /// it would not, or when nobody can say because its namespace or its kind are not there yet.
    ///
    /// # Errors
    /// It cannot be asked.
    pub async fn rehearse(&self, policy: Policy, body: &Value) -> Result<Option<String>, Error> {
        forecast::rehearse(&self.cluster, policy, body).await
    }

    /// No write without the lock, nor after somebody may have taken it over.
    async fn fence(&self) -> Result<(), Error> {
        if self.departs() {
            return Ok(());
        }
        let held = {
            let lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
            lease.as_ref().map(Lease::held)
        };
        match held {
            Some(held) => held.assure().await,
            None => Err(lease::lost("it was never taken")),
        }
    }

    /// Whether the last thing of ours is going, and nothing can be remembered any more.
    fn departs(&self) -> bool {
        self.departing.load(Ordering::Relaxed)
    }

    fn remember(&self, id: &ObjectId, live: &Value) {
        if let Some(identity) = Identity::of(live) {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.insert(id.clone(), identity);
        }
    }

    fn seen(&self, id: &ObjectId) -> Option<Identity> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}

impl Target for ClusterTarget {
    fn place(&self) -> String {
        self.cluster.place().to_owned()
    }

    async fn values(&self) -> Result<KeptValues, Error> {
        match store::values(&self.cluster).await? {
            Some(values) => Ok(values),
            None => taken_over::values(&self.cluster).await,
        }
    }

    async fn inventory(&self) -> Result<Option<Inventory>, Error> {
        let (inventory, version) = store::inventory(&self.cluster).await?;
        *self.inventory_version.lock().unwrap_or_else(PoisonError::into_inner) = version;
        Ok(inventory)
    }

    async fn observe(
        &self,
        desired: &[Object],
        inventory: Option<&Inventory>,
    ) -> Result<Seen, Error> {
        let seen = observe::observe(&self.cluster, desired, inventory).await?;
        for (id, live) in &seen.objects {
            self.remember(id, live);
        }
        Ok(seen)
    }

    async fn lock(&self) -> Result<Vec<ObjectId>, Error> {
        let (lease, made) = Lease::acquire(Arc::clone(&self.cluster), &self.holder).await?;
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = Some(lease);
        Ok(made)
    }

    async fn keep(&self, values: &KeptValues) -> Result<(), Error> {
        self.fence().await?;
        store::keep(&self.cluster, values).await
    }

    async fn record(&self, inventory: &Inventory) -> Result<(), Error> {
        if self.departs() {
            return Ok(());
        }
        self.fence().await?;
        let version = self.inventory_version.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let version = store::record(&self.cluster, inventory, version).await?;
        *self.inventory_version.lock().unwrap_or_else(PoisonError::into_inner) = version;
        Ok(())
    }

    async fn write(&self, write: Write<'_>) -> Result<Written, Error> {
        self.fence().await?;
        let seen = self.seen(write.id);
        let answer = if self.births.is_young(write.id) {
            write::first(&self.cluster, write, seen.as_ref()).await
        } else {
            write::write(&self.cluster, write, seen.as_ref()).await
        };
        let live = match answer {
            Ok(live) => live,
            Err(error) => return Err(ports::explained(&self.cluster, write.body, error).await),
        };
        self.births.note(write);
        self.remember(write.id, &live);
        let uid = live["metadata"]["uid"].as_str().map(str::to_owned);
        Ok(Written { effect: Effect::Visible, uid, live: Some(live) })
    }

    async fn delete(&self, id: &ObjectId) -> Result<Effect, Error> {
        self.fence().await?;
        removal::delete(&self.cluster, id, self.seen(id).as_ref()).await?;
        if id.is_namespace() && id.name == NAMESPACE {
            self.departing.store(true, Ordering::Relaxed);
        }
        Ok(Effect::Visible)
    }

    async fn live(&self, ids: &[ObjectId]) -> Result<Option<BTreeMap<ObjectId, Value>>, Error> {
        live::read(&self.cluster, ids).await.map(Some)
    }

    async fn instances(
        &self,
        definitions: &[ObjectId],
    ) -> Result<BTreeMap<ObjectId, Vec<ObjectId>>, Error> {
        let found = instances::instances(&self.cluster, definitions).await?;
        let found = found.into_iter().map(|(definition, objects)| {
            let ids = objects.iter().filter_map(|live| {
                let id = ObjectId::of(live)?;
                self.remember(&id, live);
                Some(id)
            });
            let ids = ids.collect();
            (definition, ids)
        });
        Ok(found.collect())
    }

    async fn changed(&self, ids: &[ObjectId]) {
        self.watches.changed(&self.cluster, ids).await;
    }

    async fn unserved(&self, kinds: &[NewKind]) -> Result<BTreeSet<ObjectId>, Error> {
        live::unserved(&self.cluster, kinds).await
    }

    async fn probe(&self, object: &Object) -> Result<Result<(), String>, Error> {
        forecast::probe(&self.cluster, object).await
    }

    async fn diagnose(&self, id: &ObjectId) -> Vec<Finding> {
        crate::diagnose::findings(&self.cluster, id).await
    }

    fn warnings(&self) -> Vec<String> {
        self.cluster.warnings()
    }

    async fn commit(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn forget(&self) -> Result<(), Error> {
        if self.departs() {
            return Ok(());
        }
        self.fence().await?;
        history::forget(&self.cluster).await?;
        store::forget(&self.cluster).await
    }

    async fn release(&self) {
        let lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(lease) = lease {
            lease.release().await;
        }
    }
}

/// What a client says, as an error of a target.
impl From<cluster::Error> for Error {
    fn from(error: cluster::Error) -> Self {
        let class = match &error.problem {
            Problem::Usage | Problem::NoCluster | Problem::Credentials | Problem::Unauthorized => {
                Class::Unauthorized
            }
            Problem::Forbidden => Class::Forbidden,
            Problem::Owned(_) | Problem::Changed | Problem::Exists | Problem::Expired => {
                Class::Conflict
            }
            Problem::Invalid | Problem::Refused | Problem::NotFound | Problem::NotServed => {
                Class::Invalid
            }
            Problem::Terminating | Problem::Webhook => Class::Timeout,
            Problem::Full => Class::Full,
            Problem::Unreachable
            | Problem::Timeout
            | Problem::NotKubernetes
            | Problem::Busy
            | Problem::Unavailable
            | Problem::Server => Class::Unreachable,
        };
        let cluster::Error { problem: _, action, place, cause, help } = error;
        Self { class, action, place, cause, help }
    }
}
