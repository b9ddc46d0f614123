//! The plan of one component, by stages.

use std::collections::{BTreeMap, BTreeSet};

use super::stage::Stage;
use super::{Graph, Planned};
use crate::object::ObjectId;
use crate::plan::{Action, Change};

/// The changes of the desired objects of a component.
pub(super) struct ComponentPlan<'v> {
    pub(super) name: &'v str,
    /// The components of this run that it depends on.
    pub(super) needs: Vec<&'v str>,
    stages: BTreeMap<Stage, Vec<&'v Change>>,
}

impl<'v> ComponentPlan<'v> {
    /// The component plans, in the order of the graph.
    pub(super) fn all(planned: &'v Planned, graph: &'v Graph) -> Vec<Self> {
        let wanted: BTreeSet<&ObjectId> = planned.desired.objects.iter().map(|o| &o.id).collect();
        let mut components: Vec<ComponentPlan<'v>> = Vec::new();
        for change in planned.plan.changes.iter().filter(|change| wanted.contains(&change.id)) {
            let name = change.component.as_str();
            let at = components.iter().position(|component| component.name == name).unwrap_or_else(
                || {
                    components.push(ComponentPlan {
                        name,
                        needs: Vec::new(),
                        stages: BTreeMap::new(),
                    });
                    components.len() - 1
                },
            );
            components[at].stages.entry(Stage::of(&change.id)).or_default().push(change);
        }
        components.sort_by_key(|component| graph.place(component.name).unwrap_or(usize::MAX));
        let names: BTreeSet<&str> = components.iter().map(|component| component.name).collect();
        for component in &mut components {
            component.needs =
                graph.needs(component.name).filter(|need| names.contains(need)).collect();
        }
        components
    }

    /// The changes of a stage, in order.
    pub(super) fn stage(&self, stage: Stage) -> &[&'v Change] {
        self.stages.get(&stage).map_or(&[], Vec::as_slice)
    }

    /// All changes.
    pub(super) fn changes(&self) -> impl Iterator<Item = &'v Change> + '_ {
        self.stages.values().flatten().copied()
    }

    /// Whether it has writes.
    pub(super) fn writes(&self) -> bool {
        self.changes().any(Change::is_write)
    }

    /// The objects of a stage whose health the run waits for: all that it manages.
    pub(super) fn awaited(&self, stage: Stage) -> Vec<ObjectId> {
        let ours = |change: &&&Change| !matches!(change.action, Action::Conflict | Action::Keep);
        self.stage(stage).iter().filter(ours).map(|change| change.id.clone()).collect()
    }
}
