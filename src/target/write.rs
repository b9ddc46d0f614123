//! One write, and what came of it.

use serde_json::Value;

use crate::object::{ObjectId, Policy};

/// An object that is to be created or changed. `Debug` does not show the manifest.
#[derive(Clone, Copy)]
pub struct Write<'a> {
    /// The object.
    pub id: &'a ObjectId,
    /// How far it is ours.
    pub policy: Policy,
    /// Whether it was absent when the plan was made.
    pub create: bool,
    /// What is written: the whole manifest, or our fields only where the place merges.
    pub body: &'a Value,
    /// Whether fields that others own are taken.
    pub force: bool,
}

impl std::fmt::Debug for Write<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, policy, create, body: _, force } = self;
        write!(f, "Write({id}, {policy:?}, create: {create}, force: {force})")
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

/// What came of a write. `Debug` does not show the manifest.
#[derive(Clone)]
pub struct Written {
    /// Whether it can be seen already.
    pub effect: Effect,
    /// The object's uid, where the place gives uids.
    pub uid: Option<String>,
    /// The object as it is now, where the place tells.
    pub live: Option<Value>,
}

impl Written {
    /// A write of which the place tells nothing more.
    pub fn plain(effect: Effect) -> Self {
        Self { effect, uid: None, live: None }
    }
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Written({:?}, uid: {:?})", self.effect, self.uid)
    }
}
