//! Targets of a run: a directory or a cluster.
//!
//! The engine reads and writes only through [`Target`], so that all targets behave alike. It has four roles: a [`Reader`] observes, a [`Store`] holds the [`StoredValues`] and the
//! [`Inventory`], a [`Writer`] changes objects under a lock, and a [`Monitor`] shows their state.

mod cluster;
mod directory;
mod entropy;
mod error;
mod new_kind;
mod outage;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use serde_json::Value;

use crate::health::Cause;
use crate::inventory::Inventory;
use crate::object::{Contents, DryRunResult, Held, Object, ObjectId};
use crate::values::StoredValues;

pub use crate::diagnose::Finding;
pub use cluster::{
    About, ClusterTarget, Revision, RunResult, VALUES_SECRET, read_values, write_values,
};
pub use directory::Directory;
pub use entropy::SystemEntropy;
pub use error::{Error, ErrorKind};
pub use new_kind::NewKind;
pub use outage::Outage;
pub use write::{Effect, Write, Written};

/// What was observed.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// The manifests of the objects that exist.
    pub objects: BTreeMap<ObjectId, Value>,
    /// The dry run results for the desired objects, if the target supports dry runs.
    pub dry_runs: BTreeMap<ObjectId, DryRunResult>,
}

/// A target with objects, values and an inventory, for one run.
///
/// Reading needs no lock and changes nothing, not even a timestamp. Changes need the lock, and may be requested
/// in parallel. A target may hold them back until [`commit`](Writer::commit), which makes them visible in
/// the order of the requests.
pub trait Target: Reader + Store + Writer + Monitor {}

impl<T: Reader + Store + Writer + Monitor> Target for T {}

/// Releases the lock of a run that is dropped before its end.
#[derive(Debug)]
pub struct AbandonOnDrop<'t, T: Writer>(pub &'t T);

impl<T: Writer> Drop for AbandonOnDrop<'_, T> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// Observes objects.
pub trait Reader {
    /// The name of the target for messages: a path, or the name of a cluster.
    fn place(&self) -> String;

    /// Observes the desired objects and those in the inventory, and does dry runs for the desired ones.
    ///
    /// # Errors
    /// One of them cannot be read.
    fn observe(
        &self,
        desired: &[Object],
        inventory: Option<&Inventory>,
    ) -> impl Future<Output = Result<Observation, Error>> + Send;

    /// These objects as they are; those that do not exist are omitted.
    ///
    /// # Errors
    /// They cannot be read.
    fn read(
        &self,
        ids: &[ObjectId],
    ) -> impl Future<Output = Result<BTreeMap<ObjectId, Value>, Error>> + Send;

    /// All objects of these CRDs, by CRD; none if the target runs no workloads.
    ///
    /// # Errors
    /// They cannot be read.
    fn instances(
        &self,
        definitions: &[ObjectId],
    ) -> impl Future<Output = Result<BTreeMap<ObjectId, Vec<ObjectId>>, Error>> + Send;

    /// What users and controllers made in these namespaces; nothing if the target runs no workloads.
    ///
    /// # Errors
    /// They cannot be read.
    fn contents(&self, namespaces: &[&str])
    -> impl Future<Output = Result<Contents, Error>> + Send;

    /// The objects with finalizers of these controllers; none if the target runs no workloads.
    ///
    /// # Errors
    /// They cannot be read.
    fn held(
        &self,
        controllers: &[ObjectId],
    ) -> impl Future<Output = Result<Vec<Held>, Error>> + Send;

    /// The warnings for this run since the last call.
    fn warnings(&self) -> Vec<String>;

    /// Why the target does not answer at the moment, while requests are retried.
    fn outage(&self) -> Option<Outage> {
        None
    }
}

/// Stores the data of ksi beside the objects. Reading needs no lock, writing does.
pub trait Store {
    /// The stored values; empty on a new target.
    ///
    /// # Errors
    /// They cannot be read, or are lost although objects rendered from them exist.
    fn values(&self) -> impl Future<Output = Result<StoredValues, Error>> + Send;

    /// The inventory; `None` on a new target.
    ///
    /// # Errors
    /// It cannot be read.
    fn inventory(&self) -> impl Future<Output = Result<Option<Inventory>, Error>> + Send;

    /// Stores values.
    ///
    /// # Errors
    /// They cannot be written.
    fn store_values(&self, values: &StoredValues)
    -> impl Future<Output = Result<(), Error>> + Send;

    /// Stores the inventory.
    ///
    /// # Errors
    /// It cannot be written.
    fn record(&self, inventory: &Inventory) -> impl Future<Output = Result<(), Error>> + Send;

    /// Removes values, inventory and lock after an uninstallation.
    ///
    /// # Errors
    /// They cannot be removed.
    fn forget(&self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Changes objects, under the lock.
pub trait Writer {
    /// Takes the lock and cleans up after a killed run. Returns the objects that had to be created for the
    /// lock.
    ///
    /// # Errors
    /// Another run holds it, or the target cannot be written to.
    fn lock(&self) -> impl Future<Output = Result<Vec<ObjectId>, Error>> + Send;

    /// Creates or changes an object.
    ///
    /// # Errors
    /// It cannot be written; with [`ErrorKind::Locked`] the lock was lost.
    fn write(&self, write: Write<'_>) -> impl Future<Output = Result<Written, Error>> + Send;

    /// Deletes an object; it is no error if it does not exist. It may be terminating until
    /// [`live`](Monitor::live) no longer returns it.
    ///
    /// # Errors
    /// It cannot be deleted.
    fn delete(&self, id: &ObjectId) -> impl Future<Output = Result<Effect, Error>> + Send;

    /// Removes the finalizers of a controller that no longer runs; it is no error if the object does not exist.
    ///
    /// # Errors
    /// It was changed since it was found ([`ErrorKind::Conflict`]), or cannot be changed.
    fn remove_finalizers(&self, held: &Held) -> impl Future<Output = Result<(), Error>> + Send;

    /// Deletes a workload of others, if it still has this uid. It is terminating until its pods have ended.
    ///
    /// # Errors
    /// It is another one by now, or cannot be deleted.
    fn replace(&self, id: &ObjectId, uid: &str) -> impl Future<Output = Result<(), Error>> + Send;

    /// Makes all changes so far visible and durable.
    ///
    /// # Errors
    /// A change cannot be made visible; earlier ones are.
    fn commit(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Releases the lock, also one that was being taken when [`lock`](Self::lock) was dropped, and drops changes
    /// that were not committed.
    fn release(&self) -> impl Future<Output = ()> + Send;

    /// The same for a run that is dropped, without waiting.
    fn abandon(&self);
}

/// Shows the state of objects after they are written.
pub trait Monitor {
    /// Whether the target runs workloads. If not, there is nothing to wait for: no object is live, every kind is
    /// served and every object is accepted.
    fn runs_workloads(&self) -> bool;

    /// The live objects; those that do not exist are omitted.
    ///
    /// # Errors
    /// They cannot be read.
    fn live(
        &self,
        ids: &[ObjectId],
    ) -> impl Future<Output = Result<BTreeMap<ObjectId, Value>, Error>> + Send;

    /// Whether no pod of a Deployment runs any more, also after the Deployment was deleted.
    ///
    /// # Errors
    /// Its pods cannot be read.
    fn is_stopped(&self, deployment: &ObjectId)
    -> impl Future<Output = Result<bool, Error>> + Send;

    /// Returns when one of the objects may have changed since the last [`live`](Monitor::live).
    fn changed(&self, ids: &[ObjectId]) -> impl Future<Output = ()> + Send;

    /// The CRDs of the kinds that are not served yet.
    ///
    /// # Errors
    /// The target cannot be asked.
    fn unserved(
        &self,
        kinds: &[NewKind],
    ) -> impl Future<Output = Result<BTreeSet<ObjectId>, Error>> + Send;

    /// Whether all webhooks would accept an object now; if not, why.
    ///
    /// # Errors
    /// The target cannot be asked, or rejects it permanently.
    fn probe(
        &self,
        object: &Object,
    ) -> impl Future<Output = Result<Result<(), String>, Error>> + Send;

    /// Why these live objects are not healthy, as far as that is known in a moment.
    fn causes(
        &self,
        unhealthy: &[&Value],
    ) -> impl Future<Output = BTreeMap<ObjectId, Cause>> + Send;

    /// Why an object is not healthy, in detail; empty if the target runs no workloads.
    fn diagnose(&self, id: &ObjectId) -> impl Future<Output = Vec<Finding>> + Send;
}

/// The objects that are observed: each desired one and each in the inventory, once and sorted.
fn ids<'i>(desired: &'i [Object], inventory: Option<&'i Inventory>) -> BTreeSet<&'i ObjectId> {
    let ours = inventory.into_iter().flat_map(Inventory::entries).map(|entry| &entry.id);
    desired.iter().map(|object| &object.id).chain(ours).collect()
}
