//! Objects that can be written before new kinds are served, which takes a while.

use std::collections::BTreeSet;

use super::component_plan::ComponentPlan;
use super::run::Run;
use super::stage::Stage;
use crate::object::{ObjectId, defined_kind};
use crate::plan::{Action, Change};
use crate::target::Target;

/// The stages whose new objects can be written before the dependencies are healthy: they run nothing.
const STAGES: [Stage; 2] = [Stage::Access, Stage::Services];

/// What decides which objects can be written early.
pub(super) struct EarlyWrites<'v> {
    /// The kinds that this run adds, by group and name.
    new_kinds: BTreeSet<(&'v str, &'v str)>,
    /// Desired objects that are terminating.
    terminating: BTreeSet<&'v ObjectId>,
}

impl<T: Target> Run<'_, T> {
    /// The early writes of a run; `None` if no kind is new, if the target runs no workloads, or if a namespace
    /// or CRD is in conflict: then components are skipped, and nothing of them may be written early.
    pub(super) fn early_writes(&self, components: &[ComponentPlan<'_>]) -> Option<EarlyWrites<'_>> {
        let prerequisites =
            components.iter().flat_map(|component| component.stage(Stage::Prerequisites));
        let prerequisites: Vec<_> = prerequisites.collect();
        if !self.runs || prerequisites.iter().any(|change| change.action == Action::Conflict) {
            return None;
        }
        let new = prerequisites.iter().filter(|change| change.action == Action::Create);
        let new: BTreeSet<&ObjectId> = new.map(|change| &change.id).collect();
        let desired = &self.planned.desired.objects;
        let kinds = desired.iter().filter(|object| new.contains(&object.id));
        let kinds = kinds.filter_map(|object| defined_kind(&object.body));
        let new_kinds: BTreeSet<(&str, &str)> = kinds.collect();
        let terminating =
            desired.iter().map(|object| &object.id).filter(|id| self.is_terminating_now(id));
        (!new_kinds.is_empty())
            .then(|| EarlyWrites { new_kinds, terminating: terminating.collect() })
    }
}

impl EarlyWrites<'_> {
    /// The early writes of a component: only new objects. Existing ones are changed in their stage, so that a
    /// skipped component stays unchanged.
    pub(super) fn of<'c>(&self, component: &ComponentPlan<'c>) -> Vec<&'c Change> {
        let changes = STAGES.into_iter().flat_map(|stage| component.stage(stage)).copied();
        let is_first = |change: &&Change| {
            change.action == Action::Create
                && !self.new_kinds.contains(&(change.id.group.as_str(), change.id.kind.as_str()))
                && !self.terminating.contains(&change.id)
        };
        changes.filter(is_first).collect()
    }
}
