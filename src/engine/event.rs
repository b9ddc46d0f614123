//! What a run says while it works: the same for terminal, log and JSON.

use serde::Serialize;

use crate::object::ObjectId;
use crate::plan::{Action, Summary};
use crate::target::Class;

/// One thing that happened. As JSON, its `type` is `status`, `apply`, `prune`, `error` or `summary`.
/// Never holds a secret.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Event {
    /// The run has come this far.
    Status {
        /// How far.
        state: Phase,
        /// Details, for people.
        #[serde(skip_serializing_if = "String::is_empty")]
        message: String,
    },
    /// An object was written, or had to be left as it is.
    Apply {
        /// The component that renders it.
        component: String,
        /// The object.
        object: ObjectId,
        /// What was done.
        state: Action,
        /// Why, where the state alone does not say it.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// An object is no longer wanted.
    Prune {
        /// The component that rendered it.
        component: String,
        /// The object.
        object: ObjectId,
        /// What was done.
        state: Pruned,
        /// Why, where the state alone does not say it.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The run stops here.
    Error {
        /// The object at which it stops, where there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        object: Option<ObjectId>,
        /// The kind of error; none for a mistake of ksi's own.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Class>,
        /// What is wrong.
        message: String,
        /// What to do next.
        help: String,
    },
    /// The run is over and everything is as wanted.
    Summary(Summary),
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// It is known what has to be done.
    Planned,
    /// No other run can write now.
    Locked,
    /// New secrets are kept; the message names them.
    ValuesKept,
    /// Everything was written.
    Written,
    /// The inventory says exactly what is ours.
    Recorded,
}

/// What became of an object that is no longer wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Pruned {
    /// It is gone.
    Deleted,
    /// It stays; the reason says why.
    Kept,
}
