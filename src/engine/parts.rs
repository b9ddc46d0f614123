//! The components of a plan, each with its stages.

use std::collections::{BTreeMap, BTreeSet};

use super::stage::Stage;
use super::{Graph, Planned};
use crate::object::ObjectId;
use crate::plan::{Action, Change};

/// A component with everything that is wanted of it.
pub(super) struct Part<'v> {
    pub(super) name: &'v str,
    /// The components of this run that it waits for.
    pub(super) needs: Vec<&'v str>,
    stages: BTreeMap<Stage, Vec<&'v Change>>,
}

impl<'v> Part<'v> {
    /// The components of a planned, in the order of the graph.
    pub(super) fn all(planned: &'v Planned, graph: &'v Graph) -> Vec<Self> {
        let wanted: BTreeSet<&ObjectId> = planned.desired.objects.iter().map(|o| &o.id).collect();
        let mut parts: Vec<Part<'v>> = Vec::new();
        for change in planned.plan.changes.iter().filter(|change| wanted.contains(&change.id)) {
            let name = change.component.as_str();
            let at = parts.iter().position(|part| part.name == name).unwrap_or_else(|| {
                parts.push(Part { name, needs: Vec::new(), stages: BTreeMap::new() });
                parts.len() - 1
            });
            parts[at].stages.entry(Stage::of(&change.id)).or_default().push(change);
        }
        parts.sort_by_key(|part| graph.place(part.name).unwrap_or(usize::MAX));
        let names: BTreeSet<&str> = parts.iter().map(|part| part.name).collect();
        for part in &mut parts {
            part.needs = graph.needs(part.name).filter(|need| names.contains(need)).collect();
        }
        parts
    }

    /// The objects of a stage in their order.
    pub(super) fn stage(&self, stage: Stage) -> &[&'v Change] {
        self.stages.get(&stage).map_or(&[], Vec::as_slice)
    }

    /// All of its objects.
    pub(super) fn changes(&self) -> impl Iterator<Item = &'v Change> + '_ {
        self.stages.values().flatten().copied()
    }

    /// Whether anything of it is to be written.
    pub(super) fn writes(&self) -> bool {
        self.changes().any(Change::is_write)
    }

    /// The objects of a stage that are or will be as wanted, so that their health is ours to judge.
    pub(super) fn judged(&self, stage: Stage) -> Vec<ObjectId> {
        let ours = |change: &&&Change| !matches!(change.action, Action::Conflict | Action::Keep);
        self.stage(stage).iter().filter(ours).map(|change| change.id.clone()).collect()
    }
}
