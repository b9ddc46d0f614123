//! A change of which the action is not decided yet.

use serde_json::Value;

use super::merge::Conflict;
use super::normal::normal;
use super::{Action, Change};
use crate::inventory::Entry;
use crate::object::{Object, ObjectId, Policy};
use crate::yaml::Path;

/// A change of which the action is not decided yet.
pub(super) struct Draft {
    id: ObjectId,
    component: String,
    policy: Policy,
    pub(super) reason: Option<String>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) replaced: Vec<Conflict>,
    pub(super) foreign: Vec<Path>,
}

impl Draft {
    pub(super) fn of(object: &Object) -> Self {
        Self::new(&object.id, &object.component, object.policy)
    }

    pub(super) fn dropped(entry: &Entry) -> Self {
        Self::new(&entry.id, &entry.component, entry.policy)
    }

    pub(super) fn new(id: &ObjectId, component: &str, policy: Policy) -> Self {
        Self {
            id: id.clone(),
            component: component.to_owned(),
            policy,
            reason: None,
            conflicts: Vec::new(),
            replaced: Vec::new(),
            foreign: Vec::new(),
        }
    }

    pub(super) fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    pub(super) fn adopting(mut self, reason: Option<String>) -> Self {
        self.reason = reason;
        self
    }

    pub(super) fn write(self, action: Action, before: Option<&Value>, after: Value) -> Change {
        Change { before: before.map(normal), after: Some(after), ..self.without_write(action) }
    }

    pub(super) fn delete(self, live: &Value) -> Change {
        Change { before: Some(normal(live)), ..self.without_write(Action::Delete) }
    }

    pub(super) fn without_write(self, action: Action) -> Change {
        let Self { id, component, policy, reason, conflicts, replaced, foreign } = self;
        Change {
            id,
            component,
            policy,
            action,
            reason,
            before: None,
            after: None,
            sent: None,
            force: false,
            conflicts,
            replaced,
            foreign,
        }
    }
}
