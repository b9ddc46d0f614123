//! What is written while new kinds come up: they take their time.

use std::collections::BTreeSet;

use super::parts::Part;
use super::run::Run;
use super::stage::Stage;
use crate::object::{ObjectId, defined_kind};
use crate::plan::{Action, Change};
use crate::target::Target;

/// What may be new before what a component needs is healthy: by itself it runs nothing.
const STAGES: [Stage; 2] = [Stage::Access, Stage::Services];

/// Which objects may be written before all kinds are served.
pub(super) struct Groundwork<'v> {
    /// The kinds that come up, by group and name.
    coming: BTreeSet<(&'v str, &'v str)>,
    /// What is in the place of an object and is being deleted.
    leaving: BTreeSet<&'v ObjectId>,
}

impl<T: Target> Run<'_, T> {
    /// The groundwork of a run; `None` where no kind is new, where nothing runs, or where a namespace or kind
    /// is in conflict: what needs it is left out, and nothing of that may be written early.
    pub(super) fn groundwork(&self, parts: &[Part<'_>]) -> Option<Groundwork<'_>> {
        let founding = parts.iter().flat_map(|part| part.stage(Stage::Foundation));
        let founding: Vec<_> = founding.collect();
        if !self.runs || founding.iter().any(|change| change.action == Action::Conflict) {
            return None;
        }
        let new = founding.iter().filter(|change| change.action == Action::Create);
        let new: BTreeSet<&ObjectId> = new.map(|change| &change.id).collect();
        let desired = &self.planned.desired.objects;
        let kinds = desired.iter().filter(|object| new.contains(&object.id));
        let kinds = kinds.filter_map(|object| defined_kind(&object.body));
        let coming: BTreeSet<(&str, &str)> = kinds.collect();
        let leaving = desired.iter().map(|object| &object.id).filter(|id| self.is_leaving(id));
        (!coming.is_empty()).then(|| Groundwork { coming, leaving: leaving.collect() })
    }
}

impl Groundwork<'_> {
    /// What is new of a component and only read by others. What is there already is changed when its turn
    /// comes: a component that is left out stays as it was.
    pub(super) fn of<'c>(&self, part: &Part<'c>) -> Vec<&'c Change> {
        let changes = STAGES.into_iter().flat_map(|stage| part.stage(stage)).copied();
        let is_first = |change: &&Change| {
            change.action == Action::Create
                && !self.coming.contains(&(change.id.group.as_str(), change.id.kind.as_str()))
                && !self.leaving.contains(&change.id)
        };
        changes.filter(is_first).collect()
    }
}
