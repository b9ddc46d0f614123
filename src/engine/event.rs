//! What a run says while it works: the same for terminal, log and JSON.

use serde::Serialize;

use crate::object::ObjectId;
use crate::plan::{Action, Summary};
use crate::target::{ErrorKind, Finding};

/// One thing that happened. As JSON, its `type` is the name in lowercase: `status`, `apply`, `wait`.
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
    /// A check before the first write found something.
    Check {
        /// The name of the check.
        id: &'static str,
        /// Whether nothing is written because of it.
        state: Found,
        /// What was found.
        message: String,
        /// What to do next.
        help: String,
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
    /// How a component is doing. Told where something runs.
    Component {
        /// The component.
        name: String,
        /// How it is doing.
        state: ComponentState,
        /// How many of its objects are as wanted.
        done: usize,
        /// How many objects it has.
        total: usize,
        /// What is awaited, or why it is not done.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// An object is awaited; told again when the reason changes.
    Wait {
        /// Its component.
        component: String,
        /// The object.
        object: ObjectId,
        /// What is awaited.
        reason: String,
    },
    /// An object that was awaited is healthy.
    Ready {
        /// Its component.
        component: String,
        /// The object.
        object: ObjectId,
    },
    /// What is wrong with an object that did not become healthy.
    Finding {
        /// The component of that object.
        component: String,
        /// What is wrong.
        #[serde(flatten)]
        finding: Finding,
    },
    /// The place warns of something.
    Warning {
        /// Of what.
        message: String,
    },
    /// Something went wrong: with one object, after which others go on, or with the run, which ends.
    Error {
        /// The object, where it is about one.
        #[serde(skip_serializing_if = "Option::is_none")]
        object: Option<ObjectId>,
        /// The kind of error; none for a mistake of ksi's own.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<ErrorKind>,
        /// What is wrong.
        message: String,
        /// What to do next.
        help: String,
    },
    /// The run is over and everything is as wanted.
    Summary(Summary),
}

/// What a check before the first write found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Found {
    /// Somebody should look.
    Warning,
    /// The run would fail, or do harm.
    Error,
}

/// How a component is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ComponentState {
    /// It waits for others.
    Waiting,
    /// Its objects are written.
    Applying,
    /// It is looked at until it is healthy.
    Checking,
    /// Everything of it is as wanted, and healthy.
    Healthy,
    /// Everything of it is written; nobody looked whether it is healthy.
    Done,
    /// Something of it is not as wanted.
    Failed,
    /// Nothing of it was written, since it needs another one that failed.
    Skipped,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// It is known what has to be done.
    Planned,
    /// Another run may hold the lock; the message says so.
    Locking,
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
