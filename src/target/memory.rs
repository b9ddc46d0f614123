//! A target in memory, for tests of everything that stands on targets.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::{Class, Effect, Error, Faults, Target, Write};
use crate::inventory::Inventory;
use crate::object::ObjectId;
use crate::values::KeptValues;

/// Objects, values and inventory in memory. Changes are visible at once, as in a cluster. `Debug`
/// shows how many objects there are, not what is in them.
#[derive(Default)]
pub struct Memory {
    content: Mutex<Content>,
    faults: Faults,
}

#[derive(Default, Clone)]
struct Content {
    objects: BTreeMap<ObjectId, Value>,
    values: KeptValues,
    inventory: Option<Inventory>,
    locked: bool,
    log: Vec<String>,
}

impl Memory {
    /// A place that holds these objects already.
    pub fn of(objects: impl IntoIterator<Item = Value>) -> Self {
        let memory = Self::default();
        memory.content().objects =
            objects.into_iter().filter_map(|body| Some((ObjectId::of(&body)?, body))).collect();
        memory
    }

    /// The same content under another fault script; as a new process finds it: unlocked, no log.
    #[must_use]
    pub fn restarted(&self, faults: Faults) -> Self {
        let content = Content { locked: false, log: Vec::new(), ..self.content().clone() };
        Self { content: Mutex::new(content), faults }
    }

    /// Every object.
    pub fn objects(&self) -> BTreeMap<ObjectId, Value> {
        self.content().objects.clone()
    }

    /// What was asked for, in order: `write Secret/a/b`, `commit`.
    pub fn log(&self) -> Vec<String> {
        self.content().log.clone()
    }

    /// How many changes were tried.
    pub fn changes(&self) -> usize {
        self.faults.count()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(
        &self,
        action: &'static str,
        place: &str,
        change: impl FnOnce(&mut Content),
    ) -> Result<(), Error> {
        let mut content = self.content();
        content.log.push(format!("{action} {place}"));
        if !content.locked {
            return Err(Error::new(Class::Locked, action, place, "the lock is not held", ""));
        }
        self.faults.step().map_err(|error| Error::io(action, place, &error))?;
        change(&mut content);
        Ok(())
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} objects, {:?})", self.content().objects.len(), self.faults)
    }
}

impl Target for Memory {
    fn place(&self) -> String {
        "memory".into()
    }

    async fn values(&self) -> Result<KeptValues, Error> {
        Ok(self.content().values.clone())
    }

    async fn inventory(&self) -> Result<Option<Inventory>, Error> {
        Ok(self.content().inventory.clone())
    }

    async fn observe(&self, ids: &[ObjectId]) -> Result<BTreeMap<ObjectId, Value>, Error> {
        let content = self.content();
        Ok(ids.iter().filter_map(|id| content.objects.get_key_value(id)).map(owned).collect())
    }

    async fn lock(&self) -> Result<(), Error> {
        let mut content = self.content();
        if content.locked {
            return Err(Error::new(Class::Locked, "lock", "memory", "another run holds it", ""));
        }
        content.locked = true;
        Ok(())
    }

    async fn keep(&self, values: &KeptValues) -> Result<(), Error> {
        self.change("keep", "values", |content| {
            content.values = values.clone();
        })
    }

    async fn record(&self, inventory: &Inventory) -> Result<(), Error> {
        self.change("record", "inventory", |content| {
            content.inventory = Some(inventory.clone());
        })
    }

    async fn write(&self, write: Write<'_>) -> Result<Effect, Error> {
        self.change("write", &write.id.to_string(), |content| {
            content.objects.insert(write.id.clone(), write.body.clone());
        })?;
        Ok(Effect::Visible)
    }

    async fn delete(&self, id: &ObjectId) -> Result<Effect, Error> {
        self.change("delete", &id.to_string(), |content| {
            content.objects.remove(id);
        })?;
        Ok(Effect::Visible)
    }

    async fn commit(&self) -> Result<(), Error> {
        self.content().log.push("commit".into());
        Ok(())
    }

    async fn release(&self) {
        self.content().locked = false;
    }
}

fn owned((id, body): (&ObjectId, &Value)) -> (ObjectId, Value) {
    (id.clone(), body.clone())
}
