//! What would change: desired objects against what is there.

use serde::Serialize;
use serde_json::Value;

use crate::object::{ObjectId, Policy};

/// What is to be done with one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is not there.
    Create,
    /// It is there and differs.
    Update,
    /// It is there, made by another tool, and will be ours.
    Adopt,
    /// It is ours and no longer wanted.
    Delete,
    /// It is no longer wanted and stays all the same; the reason says why.
    Keep,
    /// It is there as wanted.
    Unchanged,
    /// Somebody else owns what we want to change.
    Conflict,
}

/// What is to be done with one object, and how it looks before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The object.
    pub id: ObjectId,
    /// The component that renders it, or rendered it last.
    pub component: String,
    /// How far it is ours.
    pub policy: Policy,
    /// What is to be done.
    pub action: Action,
    /// Why, where the action alone does not say it.
    pub reason: Option<String>,
    /// The live object, without what the server adds.
    pub before: Option<Value>,
    /// The object as it will be written.
    pub after: Option<Value>,
}

/// All changes in the order in which they are made: creates and updates first, then deletes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// One entry per object, unchanged ones included.
    pub changes: Vec<Change>,
}

pub mod merge;
