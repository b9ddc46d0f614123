//! Where changes go: a directory, a cluster, or memory in tests.
//!
//! The engine reads and writes through [`Target`] only, so that every caller and every place behave
//! alike. What a target keeps beside the objects are the [`KeptValues`] and the [`Inventory`].

mod cluster;
mod directory;
mod entropy;
mod error;
mod fault;
mod memory;
mod new_kind;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use serde_json::Value;

use crate::inventory::Inventory;
use crate::object::{Forecast, Object, ObjectId};
use crate::values::KeptValues;

pub use crate::diagnose::Finding;
pub use cluster::{About, ClusterTarget, Revision};
pub use directory::Directory;
pub use entropy::SystemEntropy;
pub use error::{Class, Error};
pub use fault::Faults;
pub use memory::{Life, Memory};
pub use new_kind::NewKind;
pub use write::{Effect, Write, Written};

/// What a look found.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The whole manifests of those of the objects that are there.
    pub objects: BTreeMap<ObjectId, Value>,
    /// What the place says about writing the desired ones; nothing where it cannot say.
    pub forecasts: BTreeMap<ObjectId, Forecast>,
}

/// A place that holds objects, values and an inventory.
///
/// Reading needs no lock and changes nothing, not even a time stamp. Changes need the lock; they may be
/// asked for at the same time. A target may hold them back until [`commit`](Target::commit) and then
/// makes them visible in the order in which they were asked for.
pub trait Target {
    /// Where it is, for messages: a path, or the name of a cluster.
    fn place(&self) -> String;

    /// The values that are kept here; empty in a new place.
    ///
    /// # Errors
    /// They cannot be read, or are lost although objects made from them are there.
    fn values(&self) -> impl Future<Output = Result<KeptValues, Error>> + Send;

    /// What ksi owns here; `None` in a new place.
    ///
    /// # Errors
    /// It cannot be read.
    fn inventory(&self) -> impl Future<Output = Result<Option<Inventory>, Error>> + Send;

    /// The desired objects and those in the inventory, as far as they are there, and what the place
    /// says about writing the desired ones.
    ///
    /// # Errors
    /// One of them cannot be read.
    fn observe(
        &self,
        desired: &[Object],
        inventory: Option<&Inventory>,
    ) -> impl Future<Output = Result<Seen, Error>> + Send;

    /// Takes the lock and clears away what a killed run left behind. Returns the objects that had to be
    /// made for the lock itself.
    ///
    /// # Errors
    /// Another run holds it, or the place cannot be written to.
    fn lock(&self) -> impl Future<Output = Result<Vec<ObjectId>, Error>> + Send;

    /// Keeps values from now on.
    ///
    /// # Errors
    /// They cannot be written.
    fn keep(&self, values: &KeptValues) -> impl Future<Output = Result<(), Error>> + Send;

    /// Records what ksi owns from now on.
    ///
    /// # Errors
    /// It cannot be written.
    fn record(&self, inventory: &Inventory) -> impl Future<Output = Result<(), Error>> + Send;

    /// Creates or changes an object.
    ///
    /// # Errors
    /// It cannot be written; with [`Class::Locked`] the lock was lost.
    fn write(&self, write: Write<'_>) -> impl Future<Output = Result<Written, Error>> + Send;

    /// Deletes an object; one that is not there is no error. It may take its time: it is gone when
    /// [`live`](Target::live) no longer has it.
    ///
    /// # Errors
    /// It cannot be deleted.
    fn delete(&self, id: &ObjectId) -> impl Future<Output = Result<Effect, Error>> + Send;

    /// The live objects, to be judged; those that are absent are left out. `None` where nothing ever
    /// runs, so that there is nothing to wait for; which a call with no ids tells too.
    ///
    /// # Errors
    /// They cannot be read.
    fn live(
        &self,
        ids: &[ObjectId],
    ) -> impl Future<Output = Result<Option<BTreeMap<ObjectId, Value>>, Error>> + Send;

    /// Every object of the kinds that these definitions define, by the definition. None where nothing ever
    /// runs: there nobody but us makes any.
    ///
    /// # Errors
    /// They cannot be read.
    fn instances(
        &self,
        definitions: &[ObjectId],
    ) -> impl Future<Output = Result<BTreeMap<ObjectId, Vec<ObjectId>>, Error>> + Send;

    /// Returns when one of the objects may have changed since the last [`live`](Target::live); never if
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

    /// Whether an object would be accepted now by everything that guards it; if not yet, why.
    ///
    /// # Errors
    /// It cannot be asked, or is refused for good.
    fn probe(
        &self,
        object: &Object,
    ) -> impl Future<Output = Result<Result<(), String>, Error>> + Send;

    /// What is wrong with an object that does not become healthy; empty where nothing runs.
    fn diagnose(&self, id: &ObjectId) -> impl Future<Output = Vec<Finding>> + Send;

    /// What the place warned of since the last call.
    fn warnings(&self) -> Vec<String>;

    /// Makes every change so far visible and durable.
    ///
    /// # Errors
    /// A change cannot be made visible; those before it are.
    fn commit(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Forgets the values, the inventory and the lock: nothing here is ours any more.
    ///
    /// # Errors
    /// They cannot be removed.
    fn forget(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Gives the lock back and forgets changes that were not committed.
    fn release(&self) -> impl Future<Output = ()> + Send;
}

/// The objects that a look reads: each desired one and each in the inventory, once and sorted.
fn ids<'i>(desired: &'i [Object], inventory: Option<&'i Inventory>) -> BTreeSet<&'i ObjectId> {
    let ours = inventory.into_iter().flat_map(Inventory::entries).map(|entry| &entry.id);
    desired.iter().map(|object| &object.id).chain(ours).collect()
}
