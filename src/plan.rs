//! The plan: desired objects compared with live ones.
//!
//! [`plan`] is a pure function of the rendered objects and of what was [`Observed`]; [`text()`] and
//! [`json`] show a plan with all secrets hidden; [`record`] computes the inventory after the plan has
//! been executed. What is compared depends on the policy of the object:
//!
//! - `apply`: the result of the target's dry run; without one, the whole manifest, except what servers
//!   add and fields that another field manager owns;
//! - `create`: nothing, the object only has to exist;
//! - `patch`: our labels and annotations only;
//! - `embedded`: the document in the ConfigMap, by key and semantic equality (see [`merge`]).
//!
//! **Adoption.** An existing object is adopted, which the user has to confirm, if there is evidence that
//! it is not ours: the inventory does not have it, its uid differs from the one in the inventory, or ksi
//! is not among its field managers. Plain files without an inventory have no such evidence and are
//! updated.

mod decision;
mod diff;
mod draft;
mod dry_run;
mod json;
mod labels;
mod masked;
pub mod merge;
mod namespaces;
mod normal;
mod overview;
mod ownership;
mod record;
mod summary;
mod take;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::inventory::{Inventory, PruneOptions};
use crate::object::{Contents, DryRunResult, Held, Object, ObjectId, Policy, SettingNames, order};
use crate::yaml::Path;

pub use diff::{Difference, apply_differences, diff};
pub use json::{json, json_summary};
pub use merge::{Conflict, Winner};
pub use overview::{kept_help, overview};
pub use record::record;
pub use summary::Summary;
pub use take::{nothing_to_take, takeable, taken_from_us};
pub use text::{TextOptions, replaced, text};

/// The action for one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It does not exist.
    Create,
    /// It exists and differs.
    Update,
    /// It exists, was created by another tool, and becomes ours.
    Adopt,
    /// It is ours and no longer desired.
    Delete,
    /// It stays although it is no longer desired, or differs; the reason says why.
    Keep,
    /// It exists as desired.
    Unchanged,
    /// Another field manager owns what we want to change.
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

/// The planned change of one object, with its state before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The object.
    pub id: ObjectId,
    /// The component that renders it, or rendered it last.
    pub component: String,
    /// How ksi manages it.
    pub policy: Policy,
    /// The action.
    pub action: Action,
    /// The reason, if the action alone does not explain it.
    pub reason: Option<String>,
    /// The live object without what the server adds. Absent if nothing is written.
    pub before: Option<Value>,
    /// The object as it will be written; for a conflict, as it could be written without touching
    /// what is in conflict. Absent if nothing is written, and for a conflict of which taking over fields is no way out.
    pub after: Option<Value>,
    /// The body of the write if it is not `after`: only our fields, if the target merges them with
    /// those of other field managers.
    pub sent: Option<Value>,
    /// Whether the write takes fields from other field managers.
    pub force: bool,
    /// The keys that somebody else changed after we wrote them. They keep their live values.
    pub conflicts: Vec<Conflict>,
    /// Values of others in an embedded document that are replaced: ksi has not written these keys before.
    pub replaced: Vec<Conflict>,
    /// Keys of an embedded document that only the live object has. They are kept.
    pub foreign: Vec<Path>,
}

impl Change {
    /// A change of which the state before and after is not known.
    pub fn bare(id: &ObjectId, component: &str, action: Action) -> Self {
        draft::Draft::new(id, component, Policy::Apply).without_write(action)
    }

    /// The cascading deletion of an object that is not ours: its CRD or its namespace is deleted.
    pub fn cascading(id: &ObjectId, component: &str) -> Self {
        Self::bare(id, component, Action::Delete)
    }

    /// The deletion of a workload of others that ksi replaces.
    pub fn replaced(id: &ObjectId) -> Self {
        let reason = Some("replaced by ksi".to_owned());
        Self { reason, ..Self::bare(id, &id.name, Action::Delete) }
    }

    /// The body of the write; `None` if nothing is written.
    pub fn body(&self) -> Option<&Value> {
        self.sent.as_ref().or(self.after.as_ref())
    }

    /// Whether the object is created or changed.
    pub fn is_write(&self) -> bool {
        matches!(self.action, Action::Create | Action::Update | Action::Adopt)
    }

    /// Whether it is a conflict that ends if ksi takes the fields over. Otherwise its reason says what to do.
    pub fn is_takeable(&self) -> bool {
        self.action == Action::Conflict && self.after.is_some()
    }
}

/// All changes in the order of their execution: creates and updates first, then deletes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// One entry per object, unchanged ones included.
    pub changes: Vec<Change>,
    /// Cascading deletes: objects of others whose namespace is deleted; the engine adds those of a CRD that is.
    pub cascading: Vec<Change>,
    /// The kinds of which there may be objects in deleted namespaces, since they could not be listed.
    pub uncounted: Vec<String>,
    /// Objects whose finalizers are removed, because their controller is deleted. The engine adds them.
    pub released: Vec<Release>,
}

/// An object whose finalizers are removed: their controller does not run any more by then.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// The object.
    pub held: Held,
    /// Whether the controller still runs.
    pub is_running: bool,
}

impl Release {
    /// Whether the controller removes the finalizers if the object is deleted. If not, ksi does before anything
    /// else is deleted.
    pub fn is_handled(&self) -> bool {
        self.is_running && self.held.is_handled
    }
}

impl Plan {
    /// Whether anything differs from the desired state, conflicts included.
    pub fn has_changes(&self) -> bool {
        !self.released.is_empty()
            || self
                .changes
                .iter()
                .any(|change| !matches!(change.action, Action::Unchanged | Action::Keep))
    }

    /// Whether executing it writes or deletes anything.
    pub fn has_writes(&self) -> bool {
        let writes = |action| {
            matches!(action, Action::Create | Action::Update | Action::Adopt | Action::Delete)
        };
        !self.released.is_empty() || self.changes.iter().any(|change| writes(change.action))
    }

    /// The number of objects for each action.
    pub fn summary(&self) -> Summary {
        Summary::of(self)
    }
}

/// The observed state of a target.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The manifests of the live objects: desired ones and those in the inventory.
    pub objects: BTreeMap<ObjectId, Value>,
    /// The dry run results for the desired objects, as far as the target supports dry runs.
    pub dry_runs: BTreeMap<ObjectId, DryRunResult>,
    /// The inventory of the target; `None` if nothing was ever recorded.
    pub inventory: Option<Inventory>,
    /// What is in the namespaces that may be deleted.
    pub contents: Contents,
}

/// What the user has consented to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// What may be deleted.
    pub prune: PruneOptions,
    /// The caller's names of what it could set, for reasons.
    pub names: SettingNames,
    /// Whether an empty set of desired objects deletes everything, as when uninstalling.
    pub allow_empty: bool,
    /// Who wins if somebody else changed what we wrote.
    pub winner: Winner,
    /// Fields that may be taken from other field managers: `.spec.replicas`, with everything below it, or
    /// `Deployment/kubesphere-system/tower:.spec.replicas` for one object.
    pub take: Vec<String>,
    /// The namespace with ksi's inventory, if deleting it deletes its content: it is kept as long as the
    /// inventory has objects that may be deleted later.
    pub record_namespace: Option<String>,
}

/// Plans without any consent to delete protected objects or to overwrite foreign fields.
pub fn plan(desired: &[Object], observed: &Observed) -> Plan {
    plan_with(desired, observed, &PlanOptions::default())
}

/// Compares the desired objects with the observed ones.
pub fn plan_with(desired: &[Object], observed: &Observed, options: &PlanOptions) -> Plan {
    let mut objects: Vec<&Object> = desired.iter().collect();
    objects.sort_by_cached_key(|object| (order::rank(&object.id), object.id.clone()));
    let mut changes: Vec<_> =
        objects.into_iter().map(|object| decision::desired(object, observed, options)).collect();

    let wanted: BTreeSet<&ObjectId> = desired.iter().map(|object| &object.id).collect();
    let entries = observed.inventory.iter().flat_map(Inventory::entries);
    let mut dropped: Vec<_> = entries
        .filter(|entry| !wanted.contains(&entry.id))
        .filter_map(|entry| {
            let live = observed.objects.get(&entry.id);
            decision::dropped(entry, live, observed, options, desired.is_empty())
        })
        .collect();
    namespaces::keep(&changes, &mut dropped, observed, options);
    // Kept objects are listed before anything is deleted.
    dropped.sort_by(|a, b| {
        let removes = |change: &Change| change.action == Action::Delete;
        removes(a).cmp(&removes(b)).then_with(|| order::compare_removal(&a.id, &b.id))
    });
    changes.extend(dropped);
    let cascading = namespaces::lost(&changes, &observed.contents);
    let loses = changes.iter().any(namespaces::is_deleted);
    let unlisted = observed.contents.unlisted.iter().filter(|_| loses);
    let uncounted = unlisted.cloned().collect();
    Plan { changes, cascading, uncounted, ..Plan::default() }
}
