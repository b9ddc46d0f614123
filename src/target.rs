//! Where changes go: a directory or a cluster.
//!
//! The engine reads and writes through [`Target`] only, so that every caller and every place behave
//! alike. It has four roles: a [`Reader`] observes, a [`Store`] holds the [`StoredValues`] and the
//! [`Inventory`], a [`Writer`] changes objects under a lock, and a [`Monitor`] shows what becomes of them.

mod cluster;
mod directory;
mod entropy;
mod error;
mod new_kind;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use serde_json::Value;

use crate::inventory::Inventory;
use crate::object::{DryRunResult, Object, ObjectId};
use crate::values::StoredValues;

pub use crate::diagnose::Finding;
pub use cluster::{About, ClusterTarget, Revision};
pub use directory::Directory;
pub use entropy::SystemEntropy;
pub use error::{Error, ErrorKind};
pub use new_kind::NewKind;
pub use write::{Effect, Write, Written};

/// What was observed.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// The whole manifests of those of the objects that are there.
    pub objects: BTreeMap<ObjectId, Value>,
    /// What the place says about writing the desired ones; nothing where it cannot say.
    pub dry_runs: BTreeMap<ObjectId, DryRunResult>,
}

/// A place that holds objects, values and an inventory, for one run.
///
/// Reading needs no lock and changes nothing, not even a time stamp. Changes need the lock; they may be
/// asked for at the same time. A target may hold them back until [`commit`](Writer::commit) and then
/// makes them visible in the order in which they were asked for.
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

/// Reads what is there.
pub trait Reader {
    /// Where it is, for messages: a path, or the name of a cluster.
    fn place(&self) -> String;

    /// The desired objects and those in the inventory, as far as they are there, and what the place
    /// says about writing the desired ones.
    ///
    /// # Errors
    /// One of them cannot be read.
    fn observe(
        &self,
        desired: &[Object],
        inventory: Option<&Inventory>,
    ) -> impl Future<Output = Result<Observation, Error>> + Send;

    /// Every object of the kinds that these definitions define, by the definition. None where nothing ever
    /// runs: there nobody but us makes any.
    ///
    /// # Errors
    /// They cannot be read.
    fn instances(
        &self,
        definitions: &[ObjectId],
    ) -> impl Future<Output = Result<BTreeMap<ObjectId, Vec<ObjectId>>, Error>> + Send;

    /// What the place warned this run of since the last call.
    fn warnings(&self) -> Vec<String>;
}

/// Stores what ksi has to know beside the objects: reading needs no lock, writing does.
pub trait Store {
    /// The values that are stored here; empty in a new place.
    ///
    /// # Errors
    /// They cannot be read, or are lost although objects made from them are there.
    fn values(&self) -> impl Future<Output = Result<StoredValues, Error>> + Send;

    /// What ksi owns here; `None` in a new place.
    ///
    /// # Errors
    /// It cannot be read.
    fn inventory(&self) -> impl Future<Output = Result<Option<Inventory>, Error>> + Send;

    /// Stores values from now on.
    ///
    /// # Errors
    /// They cannot be written.
    fn keep(&self, values: &StoredValues) -> impl Future<Output = Result<(), Error>> + Send;

    /// Records what ksi owns from now on.
    ///
    /// # Errors
    /// It cannot be written.
    fn record(&self, inventory: &Inventory) -> impl Future<Output = Result<(), Error>> + Send;

    /// Removes the values, the inventory and the lock: nothing here is ours any more.
    ///
    /// # Errors
    /// They cannot be removed.
    fn forget(&self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Changes objects, under the lock.
pub trait Writer {
    /// Takes the lock and clears away what a killed run left behind. Returns the objects that had to be
    /// made for the lock itself.
    ///
    /// # Errors
    /// Another run holds it, or the place cannot be written to.
    fn lock(&self) -> impl Future<Output = Result<Vec<ObjectId>, Error>> + Send;

    /// Creates or changes an object.
    ///
    /// # Errors
    /// It cannot be written; with [`ErrorKind::Locked`] the lock was lost.
    fn write(&self, write: Write<'_>) -> impl Future<Output = Result<Written, Error>> + Send;

    /// Deletes an object; one that is not there is no error. It may take its time: it is deleted when
    /// [`live`](Monitor::live) no longer has it.
    ///
    /// # Errors
    /// It cannot be deleted.
    fn delete(&self, id: &ObjectId) -> impl Future<Output = Result<Effect, Error>> + Send;

    /// Makes every change so far visible and durable.
    ///
    /// # Errors
    /// A change cannot be made visible; those before it are.
    fn commit(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Releases the lock and drops changes that were not committed.
    fn release(&self) -> impl Future<Output = ()> + Send;

    /// The same for a run that is dropped before its end: nobody waits for it.
    fn abandon(&self);
}

/// Shows what becomes of objects after they were written.
pub trait Monitor {
    /// Whether anything runs there. Where nothing does, there is nothing to wait for: no object is live,
    /// every kind is served and every object is accepted.
    fn runs_workloads(&self) -> bool;

    /// The live objects; those that are absent are left out.
    ///
    /// # Errors
    /// They cannot be read.
    fn live(
        &self,
        ids: &[ObjectId],
    ) -> impl Future<Output = Result<BTreeMap<ObjectId, Value>, Error>> + Send;

    /// Returns when one of the objects may have changed since the last [`live`](Monitor::live); never if
    /// nothing changes.
    fn changed(&self, ids: &[ObjectId]) -> impl Future<Output = ()> + Send;

    /// The definitions of those kinds that cannot be used yet.
    ///
    /// # Errors
    /// It cannot be asked.
    fn unserved(
        &self,
        kinds: &[NewKind],
    ) -> impl Future<Output = Result<BTreeSet<ObjectId>, Error>> + Send;

    /// Whether an object would be accepted now by every webhook in its way; if not yet, why.
    ///
    /// # Errors
    /// It cannot be asked, or is refused for good.
    fn probe(
        &self,
        object: &Object,
    ) -> impl Future<Output = Result<Result<(), String>, Error>> + Send;

    /// What is wrong with an object that does not become healthy; empty where nothing runs.
    fn diagnose(&self, id: &ObjectId) -> impl Future<Output = Vec<Finding>> + Send;
}

/// The objects that are observed: each desired one and each in the inventory, once and sorted.
fn ids<'i>(desired: &'i [Object], inventory: Option<&'i Inventory>) -> BTreeSet<&'i ObjectId> {
    let ours = inventory.into_iter().flat_map(Inventory::entries).map(|entry| &entry.id);
    desired.iter().map(|object| &object.id).chain(ours).collect()
}
