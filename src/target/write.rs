//! A write and its result.

use serde_json::Value;

use crate::object::{ObjectId, Policy};

/// A request to create or change an object. `Debug` does not show the manifest.
#[derive(Clone, Copy)]
pub struct Write<'a> {
    /// The object.
    pub id: &'a ObjectId,
    /// How ksi manages it.
    pub policy: Policy,
    /// Whether it did not exist when the plan was made.
    pub create: bool,
    /// The manifest, or only our fields if the target merges.
    pub body: &'a Value,
    /// Whether fields of other field managers are taken over.
    pub force: bool,
}

impl std::fmt::Debug for Write<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, policy, create, body: _, force } = self;
        write!(f, "Write({id}, {policy:?}, create: {create}, force: {force})")
    }
}

/// Whether a change is visible already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is visible.
    Visible,
    /// The next commit makes it visible.
    HeldBack,
}

/// The result of a write. `Debug` does not show the manifest.
#[derive(Clone)]
pub struct Written {
    /// Whether it is visible already.
    pub effect: Effect,
    /// The uid of the object, if the target assigns uids.
    pub uid: Option<String>,
    /// The live object after the write, if the target returns it.
    pub live: Option<Value>,
}

impl Written {
    /// A write of which only the effect is known.
    pub fn plain(effect: Effect) -> Self {
        Self { effect, uid: None, live: None }
    }
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Written({:?}, uid: {:?})", self.effect, self.uid)
    }
}
