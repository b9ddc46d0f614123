//! Stand-in until the inventory of branch `plan` is merged.

use serde::{Deserialize, Serialize};

use crate::object::{ObjectId, Policy};

/// What ksi owns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// One per object.
    pub entries: Vec<Entry>,
}

/// One object that ksi owns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The object.
    pub id: ObjectId,
    /// The component that rendered it.
    pub component: String,
    /// How far it is ours.
    pub policy: Policy,
}
