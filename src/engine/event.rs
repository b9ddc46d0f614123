//! The events of a run: the same for terminal, log and JSON.

use serde::Serialize;

use crate::health::Cause;
use crate::object::ObjectId;
use crate::plan::{Action, Summary};
use crate::target::{ErrorKind, Finding};

/// An event. In JSON, its `type` is the name in lowercase: `status`, `apply`, `wait`. Never contains a
/// secret.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Event {
    /// The run has reached a phase.
    Status {
        /// The phase.
        state: Phase,
        /// Details, for people.
        #[serde(skip_serializing_if = "String::is_empty")]
        message: String,
    },
    /// A preflight check found something.
    Check {
        /// The name of the check.
        id: &'static str,
        /// How severe it is. After an error nothing is written.
        state: Found,
        /// What was found.
        message: String,
        /// What to do next.
        help: String,
    },
    /// An object was written, or was not because of a conflict.
    Apply {
        /// The component that renders it.
        component: String,
        /// The object.
        object: ObjectId,
        /// What was done.
        state: Action,
        /// Why, if the state alone does not show it.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// An object is no longer desired.
    Prune {
        /// The component that rendered it.
        component: String,
        /// The object.
        object: ObjectId,
        /// What was done.
        state: Pruned,
        /// Why, if the state alone does not show it.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The state of a component, on targets that run workloads.
    Component {
        /// The component.
        name: String,
        /// Its state.
        state: ComponentState,
        /// How many of its objects are up to date.
        done: usize,
        /// How many objects it has.
        total: usize,
        /// What it waits for, or why it failed or was skipped.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The run waits for an object; reported again when the reason changes.
    Wait {
        /// Its component.
        component: String,
        /// The object.
        object: ObjectId,
        /// What it waits for.
        reason: String,
        /// Why that takes so long, as its pods show it.
        #[serde(skip_serializing_if = "Option::is_none")]
        cause: Option<Box<Cause>>,
    },
    /// An object that was awaited is healthy.
    Ready {
        /// Its component.
        component: String,
        /// The object.
        object: ObjectId,
    },
    /// Why an object did not become healthy.
    Finding {
        /// The component of that object.
        component: String,
        /// The finding.
        #[serde(flatten)]
        finding: Finding,
    },
    /// The API server stopped answering, or answers again. Meanwhile requests are retried.
    Connection {
        /// Which of both.
        state: ConnectionState,
        /// Why, and until when requests are retried.
        message: String,
    },
    /// A warning of the target.
    Warning {
        /// The warning.
        message: String,
    },
    /// An error: of one object, after which others continue, or of the run, which ends.
    Error {
        /// The object, if the error is about one.
        #[serde(skip_serializing_if = "Option::is_none")]
        object: Option<ObjectId>,
        /// The kind of error; none for a bug in ksi.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<ErrorKind>,
        /// What is wrong.
        message: String,
        /// What to do next.
        help: String,
    },
    /// The run has succeeded.
    Summary(Summary),
}

/// Whether the API server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ConnectionState {
    /// It does not.
    Lost,
    /// It does again.
    Restored,
}

/// What a preflight check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Found {
    /// A possible problem.
    Warning,
    /// The run would fail or do harm.
    Error,
}

/// The state of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ComponentState {
    /// It waits for its dependencies.
    Waiting,
    /// Its objects are being written.
    Applying,
    /// The run waits until it is healthy.
    Checking,
    /// It is up to date and healthy.
    Healthy,
    /// It is written; its health was not checked.
    Done,
    /// An object could not be written or is not healthy.
    Failed,
    /// Everything is written but objects in conflict; in JSON a failure like others.
    #[serde(rename = "failed")]
    Conflict,
    /// It was not written, because a dependency failed or the run timed out.
    Skipped,
}

/// The phases of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// The plan is made.
    Planned,
    /// The run waits for the lock; the message says why.
    Locking,
    /// The run holds the lock.
    Locked,
    /// New secrets are stored; the message names them.
    #[serde(rename = "valuesKept")]
    ValuesStored,
    /// All desired objects are written.
    Written,
    /// The inventory has the result.
    Recorded,
}

/// What was done with an object that is no longer desired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Pruned {
    /// It is deleted.
    Deleted,
    /// It is kept; the reason says why.
    Kept,
    /// It is not ours and stays; finalizers are removed from it, which the reason names.
    Released,
}
