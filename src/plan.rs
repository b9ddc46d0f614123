//! What would change: desired objects against what is there.
//!
//! [`plan`] is a pure function of what is rendered and what was [`Observed`]; [`text()`] and [`json`]
//! show a plan with every secret hidden; [`record`] says what the inventory holds once the plan is
//! carried out. What is compared depends on the object's policy:
//!
//! - `apply`: what the place foresees, and where it foresees nothing, the whole manifest, without what
//!   servers add and without fields that another hand owns;
//! - `create`: nothing, being there is enough;
//! - `patch`: our labels and annotations only;
//! - `embedded`: the document in the ConfigMap, by key and meaning (see [`merge`]).
//!
//! **Adoption.** An object that is there already is adopted, which people confirm, when something
//! says that it is not ours: an inventory that does not have it, another uid than the one in the
//! inventory, or managedFields in which ksi does not occur. Plain files without an inventory say
//! nothing of the kind and are updated.

mod decide;
mod diff;
mod draft;
mod foreseen;
mod json;
mod labels;
pub mod merge;
mod namespaces;
mod normal;
mod overview;
mod ownership;
mod record;
mod summary;
mod text;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::inventory::{Inventory, PruneOptions};
use crate::object::{Forecast, Object, ObjectId, Policy, order};
use crate::yaml::Path;

pub use diff::{Difference, apply_differences, diff};
pub use json::json;
pub use merge::{Conflict, Winner};
pub use overview::overview;
pub use record::record;
pub use summary::Summary;
pub use text::{TextOptions, text};

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
    /// It stays as it is although that is not what was asked for; the reason says why.
    Keep,
    /// It is there as wanted.
    Unchanged,
    /// Somebody else owns what we want to change.
    Conflict,
}

impl Action {
    /// The word shown to people and programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Adopt => "adopt",
            Self::Delete => "delete",
            Self::Keep => "keep",
            Self::Unchanged => "unchanged",
            Self::Conflict => "conflict",
        }
    }
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
    /// The live object, without what the server adds. Absent where nothing is written.
    pub before: Option<Value>,
    /// The object as it will be written; for a conflict, as it could be written without touching
    /// what is in conflict. Absent where nothing is written.
    pub after: Option<Value>,
    /// What is written where it is not `after`: the fields that are ours, where the place merges them
    /// with those of others.
    pub sent: Option<Value>,
    /// Whether the write takes fields that others own.
    pub force: bool,
    /// The keys that somebody changed after we wrote them. They keep their live values.
    pub conflicts: Vec<Conflict>,
    /// Keys of an embedded document that only the live object has. They stay.
    pub foreign: Vec<Path>,
}

impl Change {
    /// The deletion of an object that is not ours, but of a kind or in a namespace that goes.
    pub fn lost(id: &ObjectId, component: &str) -> Self {
        draft::Draft::new(id, component, Policy::Apply).leave(Action::Delete)
    }

    /// What a write sends; `None` where nothing is written.
    pub fn body(&self) -> Option<&Value> {
        self.sent.as_ref().or(self.after.as_ref())
    }

    /// Whether the object is created or changed.
    pub fn is_write(&self) -> bool {
        matches!(self.action, Action::Create | Action::Update | Action::Adopt)
    }
}

/// All changes in the order in which they are made: creates and updates first, then deletes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// One entry per object, unchanged ones included.
    pub changes: Vec<Change>,
    /// Objects of others that go with the kinds or namespaces that are deleted; the engine looks for them.
    pub lost: Vec<Change>,
}

impl Plan {
    /// Whether anything differs from what is wanted, conflicts included.
    pub fn has_changes(&self) -> bool {
        self.changes.iter().any(|change| !matches!(change.action, Action::Unchanged | Action::Keep))
    }

    /// Whether carrying it out writes or deletes anything.
    pub fn has_writes(&self) -> bool {
        let writes = |action| {
            matches!(action, Action::Create | Action::Update | Action::Adopt | Action::Delete)
        };
        self.changes.iter().any(|change| writes(change.action))
    }

    /// How many objects there are of each action.
    pub fn summary(&self) -> Summary {
        Summary::of(self)
    }
}

/// What is there.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The manifests of those objects that are there: desired ones and those in the inventory.
    pub objects: BTreeMap<ObjectId, Value>,
    /// What the place says about writing the desired ones; nothing where it cannot say.
    pub forecasts: BTreeMap<ObjectId, Forecast>,
    /// What we own there; `None` where nothing was ever recorded.
    pub inventory: Option<Inventory>,
}

/// What the user allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// What may be removed.
    pub prune: PruneOptions,
    /// Whether an empty set of desired objects removes everything, as when uninstalling.
    pub allow_empty: bool,
    /// Who wins where somebody changed what we wrote.
    pub winner: Winner,
    /// Fields that may be taken from whoever owns them: `.spec.replicas`, with everything below it, or
    /// `Deployment/kubesphere-system/tower:.spec.replicas` for one object.
    pub take: Vec<String>,
    /// The namespace that holds ksi's own record, where removing it removes what is in it: it stays for
    /// as long as something that is recorded may still be removed later.
    pub record_namespace: Option<String>,
}

/// Compares what is desired with what is there, without any leave to remove or to overwrite.
pub fn plan(desired: &[Object], observed: &Observed) -> Plan {
    plan_with(desired, observed, &PlanOptions::default())
}

/// Compares what is desired with what is there.
pub fn plan_with(desired: &[Object], observed: &Observed, options: &PlanOptions) -> Plan {
    let mut objects: Vec<&Object> = desired.iter().collect();
    objects.sort_by_cached_key(|object| (order::rank(&object.id), object.id.clone()));
    let mut changes: Vec<_> =
        objects.into_iter().map(|object| decide::desired(object, observed, options)).collect();

    let wanted: BTreeSet<&ObjectId> = desired.iter().map(|object| &object.id).collect();
    let entries = observed.inventory.iter().flat_map(Inventory::entries);
    let mut dropped: Vec<_> = entries
        .filter(|entry| !wanted.contains(&entry.id))
        .filter_map(|entry| {
            let live = observed.objects.get(&entry.id);
            decide::dropped(entry, live, observed, options, desired.is_empty())
        })
        .collect();
    namespaces::keep(&changes, &mut dropped, options);
    // What stays is said before anything is removed.
    dropped.sort_by(|a, b| {
        let removes = |change: &Change| change.action == Action::Delete;
        removes(a).cmp(&removes(b)).then_with(|| order::compare_removal(&a.id, &b.id))
    });
    changes.extend(dropped);
    Plan { changes, lost: Vec::new() }
}
