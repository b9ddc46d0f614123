//! Where changes go: a directory, a cluster, or memory in tests.
//!
//! The engine reads and writes through [`Target`] only, so that every caller and every place behave
//! alike. What a target keeps beside the objects are the [`KeptValues`] and the [`Inventory`].

mod directory;
mod entropy;
mod error;
mod fault;
mod memory;

use std::collections::BTreeMap;
use std::future::Future;

use serde_json::Value;

use crate::inventory::Inventory;
use crate::object::{ObjectId, Policy};
use crate::values::KeptValues;

pub use directory::Directory;
pub use entropy::SystemEntropy;
pub use error::{Class, Error};
pub use fault::Faults;
pub use memory::Memory;

/// An object that is to be created or changed. `Debug` does not show the manifest.
#[derive(Clone, Copy)]
pub struct Write<'a> {
    /// The object.
    pub id: &'a ObjectId,
    /// How far it is ours.
    pub policy: Policy,
    /// Whether it was absent when the plan was made.
    pub create: bool,
    /// The manifest as it shall be.
    pub body: &'a Value,
}

impl std::fmt::Debug for Write<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, policy, create, body: _ } = self;
        write!(f, "Write({id}, {policy:?}, create: {create})")
    }
}

/// Whether a change can be seen already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is made.
    Visible,
    /// It is made by the next commit.
    HeldBack,
}

/// A place that holds objects, values and an inventory.
///
/// Reading needs no lock and changes nothing, not even a time stamp. Changes need the lock and are
/// made in the order in which they are asked for; a target may hold them back until
/// [`commit`](Target::commit) and then makes them visible in that order.
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

    /// The whole manifests of those of the objects that are there.
    ///
    /// # Errors
    /// One of them cannot be read.
    fn observe(
        &self,
        ids: &[ObjectId],
    ) -> impl Future<Output = Result<BTreeMap<ObjectId, Value>, Error>> + Send;

    /// Takes the lock and clears away what a killed run left behind.
    ///
    /// # Errors
    /// Another run holds it, or the place cannot be written to.
    fn lock(&self) -> impl Future<Output = Result<(), Error>> + Send;

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
    /// It cannot be written.
    fn write(&self, write: Write<'_>) -> impl Future<Output = Result<Effect, Error>> + Send;

    /// Deletes an object; one that is not there is no error.
    ///
    /// # Errors
    /// It cannot be deleted.
    fn delete(&self, id: &ObjectId) -> impl Future<Output = Result<Effect, Error>> + Send;

    /// Makes every change so far visible and durable.
    ///
    /// # Errors
    /// A change cannot be made visible; those before it are.
    fn commit(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Gives the lock back and forgets changes that were not committed.
    fn release(&self) -> impl Future<Output = ()> + Send;
}
