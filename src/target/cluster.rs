//! A Kubernetes cluster as a target.
//!
//! Objects are written by server-side apply as field manager `ksi`, strict and without force. An object
//! that nobody changed since costs no request of its own: one list of metadata per kind and namespace has
//! its uid and managedFields, and the inventory has the uid, a hash of our fields, the time of their last write,
//! and a hash of the rendered object. For all others a server-side dry run shows what a write would change.
//!
//! ```text
//! kubesphere-system/ksi-inventory        Secret: the inventory; written with its resourceVersion
//! kubesphere-system/ksi-values           Secret: stored values
//! kubesphere-system/ksi-webhook          Secret: the certificate of the admission webhook
//! kubesphere-system/ksi-history-N        Secret: a configuration that was applied, without secrets
//! kubesphere-system/ks-installer-apply   Lease: the lock
//! ```

mod dry_run;
mod error;
mod history;
mod identity;
mod lease;
mod live;
mod observe;
mod placeholder;
mod pods;
mod ports;
mod process;
mod recent_kinds;
mod removal;
mod store;
mod write;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::{
    Effect, Error, ErrorKind, Finding, Monitor, NewKind, Observation, Outage, Reader, Store, Write,
    Writer, Written,
};
use crate::cluster::{self, Cluster, WriteLock as _};
use crate::health::Cause;
use crate::inventory::Inventory;
use crate::object::{Contents, Held, Object, ObjectId, Policy, kubesphere};
use crate::values::StoredValues;
pub use history::{About, Revision, RunResult};
use identity::Identity;
use lease::{LeaseGuard, Terms, Undoing};
pub use store::{VALUES as VALUES_SECRET, read_values, write_values};

/// How long a write of the inventory is retried when the time of the run is over.
const RECORDING: Duration = Duration::from_secs(10);

/// A Kubernetes cluster as the target of one run, with the state of that run: its lock, and what it observed and
/// wrote.
#[derive(Debug)]
pub struct ClusterTarget {
    cluster: Cluster,
    /// The holder in the lock: `user@host/process`.
    holder: String,
    /// The observed objects: only these are deleted.
    observed: Mutex<BTreeMap<ObjectId, Identity>>,
    /// The resource version of the inventory as it was last read or written.
    inventory_version: Mutex<Option<String>>,
    lease: Mutex<Option<LeaseGuard>>,
    /// Locks that were taken, or nearly, and are being released.
    undoing: Undoing,
    watches: live::Watches,
    recent_kinds: recent_kinds::RecentKinds,
    /// Whether our own namespace is terminating, and with it the lock and the inventory.
    is_terminating: AtomicBool,
}

impl ClusterTarget {
    /// A cluster for one run to apply to: the deadline, the warnings and the cancellation of the handle are
    /// those of the run. `holder` names it to others that find the lock taken.
    pub fn new(cluster: impl Borrow<Cluster>, holder: impl Into<String>) -> Self {
        Self {
            cluster: cluster.borrow().clone(),
            holder: holder.into(),
            observed: Mutex::default(),
            inventory_version: Mutex::default(),
            lease: Mutex::default(),
            undoing: Undoing::default(),
            watches: live::Watches::default(),
            recent_kinds: recent_kinds::RecentKinds::default(),
            is_terminating: AtomicBool::new(false),
        }
    }

    /// Who runs it: `user@host`.
    pub fn user(&self) -> &str {
        self.holder.split('/').next().unwrap_or_default()
    }

    /// The cluster, as this run uses it.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// A server-side dry run of a new object: why it would be rejected. `None` if it would be accepted, or if its
    /// namespace or kind does not exist yet.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub async fn dry_run(&self, policy: Policy, body: &Value) -> Result<Option<String>, Error> {
        dry_run::new_object(&self.cluster, policy, body).await
    }

    /// The cluster for writes: they are sent only while the lock is held.
    fn writable(&self) -> Result<Cluster, Error> {
        if self.is_terminating() {
            return Ok(self.cluster.clone());
        }
        self.lease().as_ref().map(LeaseGuard::cluster).ok_or_else(lease::not_held)
    }

    /// The same to delete our own namespace, which contains the lock: the lock is checked once and not renewed.
    async fn writable_without_lock(&self) -> Result<Cluster, Error> {
        let lease = self.lease().as_ref().map(LeaseGuard::lease).ok_or_else(lease::not_held)?;
        lease.ensure().await?;
        if let Some(guard) = self.lease().as_ref() {
            guard.stop_renewing();
        }
        Ok(self.cluster.clone())
    }

    fn lease(&self) -> MutexGuard<'_, Option<LeaseGuard>> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether our own namespace is terminating, so that nothing can be recorded.
    fn is_terminating(&self) -> bool {
        self.is_terminating.load(Ordering::Relaxed)
    }

    fn remember(&self, id: &ObjectId, live: &Value) {
        if let Some(identity) = Identity::of(live) {
            let mut observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
            observed.insert(id.clone(), identity);
        }
    }

    fn observed(&self, id: &ObjectId) -> Option<Identity> {
        self.observed.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}

fn is_own_namespace(id: &ObjectId) -> bool {
    id.is_namespace() && id.name == kubesphere::SYSTEM
}

impl Reader for ClusterTarget {
    fn place(&self) -> String {
        self.cluster.place().to_owned()
    }

    async fn observe(
        &self,
        desired: &[Object],
        inventory: Option<&Inventory>,
    ) -> Result<Observation, Error> {
        let observation = observe::observe(&self.cluster, desired, inventory).await?;
        for (id, live) in &observation.objects {
            self.remember(id, live);
        }
        Ok(observation)
    }

    async fn read(&self, ids: &[ObjectId]) -> Result<BTreeMap<ObjectId, Value>, Error> {
        live::read(&self.cluster, ids).await
    }

    async fn instances(
        &self,
        definitions: &[ObjectId],
    ) -> Result<BTreeMap<ObjectId, Vec<ObjectId>>, Error> {
        let names = definitions.iter().map(|id| id.name.as_str());
        let mut found = self.cluster.instances(names).await?;
        let found = definitions.iter().map(|definition| {
            let objects = found.remove(definition.name.as_str()).unwrap_or_default();
            let ids = objects.iter().filter_map(|live| {
                let id = ObjectId::of(live)?;
                self.remember(&id, live);
                Some(id)
            });
            (definition.clone(), ids.collect())
        });
        Ok(found.collect())
    }

    async fn contents(&self, namespaces: &[&str]) -> Result<Contents, Error> {
        Ok(self.cluster.contents(namespaces).await?)
    }

    async fn held(&self, controllers: &[ObjectId]) -> Result<Vec<Held>, Error> {
        Ok(self.cluster.held(controllers).await?)
    }

    fn warnings(&self) -> Vec<String> {
        self.cluster.warnings()
    }

    fn outage(&self) -> Option<Outage> {
        self.cluster.outage().map(Into::into)
    }
}

impl Store for ClusterTarget {
    async fn values(&self) -> Result<StoredValues, Error> {
        store::values(&self.cluster).await
    }

    async fn inventory(&self) -> Result<Option<Inventory>, Error> {
        let (inventory, version) = store::inventory(&self.cluster).await?;
        *self.inventory_version.lock().unwrap_or_else(PoisonError::into_inner) = version;
        Ok(inventory)
    }

    async fn store_values(&self, values: &StoredValues) -> Result<(), Error> {
        store::store_values(&self.writable()?, values).await
    }

    async fn record(&self, inventory: &Inventory) -> Result<(), Error> {
        if self.is_terminating() {
            return Ok(());
        }
        let cluster = self.writable()?.with_at_least(RECORDING);
        let version = self.inventory_version.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let version = store::record(&cluster, inventory, version).await?;
        *self.inventory_version.lock().unwrap_or_else(PoisonError::into_inner) = version;
        Ok(())
    }

    async fn forget(&self) -> Result<(), Error> {
        if self.is_terminating() {
            return Ok(());
        }
        let cluster = self.writable()?;
        history::forget(&cluster).await?;
        store::forget(&cluster).await
    }
}

impl Writer for ClusterTarget {
    async fn lock(&self) -> Result<Vec<ObjectId>, Error> {
        let terms = Terms::default();
        let acquired = LeaseGuard::acquire(&self.cluster, &self.holder, terms, &self.undoing);
        let (lease, made) = acquired.await?;
        *self.lease() = Some(lease);
        Ok(made)
    }

    async fn write(&self, write: Write<'_>) -> Result<Written, Error> {
        let cluster = self.writable()?;
        let observed = self.observed(write.id);
        let answer = if self.recent_kinds.is_recent(write.id) {
            write::first(&cluster, write, observed.as_ref()).await
        } else {
            write::write(&cluster, write, observed.as_ref()).await
        };
        let live = match answer {
            Ok(live) => live,
            Err(error) => return Err(ports::explained(&self.cluster, write.body, error).await),
        };
        self.recent_kinds.note(write);
        self.remember(write.id, &live);
        let uid = live["metadata"]["uid"].as_str().map(str::to_owned);
        Ok(Written { effect: Effect::Visible, uid, live: Some(live) })
    }

    async fn delete(&self, id: &ObjectId) -> Result<Effect, Error> {
        let observed = self.observed(id);
        if is_own_namespace(id) {
            let cluster = self.writable_without_lock().await?;
            removal::delete(&cluster, id, observed.as_ref()).await?;
            self.is_terminating.store(true, Ordering::Relaxed);
        } else {
            removal::delete(&self.writable()?, id, observed.as_ref()).await?;
        }
        Ok(Effect::Visible)
    }

    async fn remove_finalizers(&self, held: &Held) -> Result<(), Error> {
        match self.writable()?.remove_finalizers(held).await {
            Err(error) if error.kind == cluster::ErrorKind::NotFound => Ok(()),
            answer => Ok(answer?),
        }
    }

    async fn replace(&self, id: &ObjectId, uid: &str) -> Result<(), Error> {
        removal::delete_with_pods(&self.writable()?, id, uid).await
    }

    async fn commit(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn release(&self) {
        let lease = self.lease().take();
        if let Some(lease) = lease {
            lease.release().await;
        }
        self.undoing.finished().await;
    }

    fn abandon(&self) {
        drop(self.lease().take());
    }
}

impl Monitor for ClusterTarget {
    fn runs_workloads(&self) -> bool {
        true
    }

    async fn live(&self, ids: &[ObjectId]) -> Result<BTreeMap<ObjectId, Value>, Error> {
        self.watches.note_read(ids);
        live::read(&self.cluster, ids).await
    }

    async fn is_stopped(&self, deployment: &ObjectId) -> Result<bool, Error> {
        pods::are_gone(&self.cluster, deployment).await
    }

    async fn changed(&self, ids: &[ObjectId]) {
        tokio::select! {
            () = self.watches.changed(&self.cluster, ids) => {}
            // The next read reports it.
            _ = self.cluster.cancelled() => {}
        }
    }

    async fn unserved(&self, kinds: &[NewKind]) -> Result<BTreeSet<ObjectId>, Error> {
        live::unserved(&self.cluster, kinds).await
    }

    async fn probe(&self, object: &Object) -> Result<Result<(), String>, Error> {
        dry_run::probe(&self.cluster, object).await
    }

    async fn causes(&self, unhealthy: &[&Value]) -> BTreeMap<ObjectId, Cause> {
        crate::diagnose::causes(&self.cluster, unhealthy).await
    }

    async fn diagnose(&self, id: &ObjectId) -> Vec<Finding> {
        crate::diagnose::findings(&self.cluster, id).await
    }
}
