//! The prerequisites of components: namespaces and CRDs, for all components at once.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::component_plan::ComponentPlan;
use super::run::Run;
use super::stage::Stage;
use crate::object::{ObjectId, defined_kind, is_terminating};
use crate::target::{NewKind, Target};

impl<T: Target> Run<'_, T> {
    /// Waits until the namespaces and CRDs of all components are usable. `writes` has the result of writing
    /// them, for each component.
    pub(super) async fn prerequisites(
        &self,
        components: &[ComponentPlan<'_>],
        writes: &[impl Future<Output = bool> + Clone],
    ) {
        let used: BTreeSet<(&str, &str)> = components
            .iter()
            .flat_map(ComponentPlan::changes)
            .filter(|change| change.is_write())
            .map(|change| (change.id.group.as_str(), change.id.kind.as_str()))
            .collect();
        let one = async |(component, written): (&ComponentPlan<'_>, &_)| {
            let answer = if Clone::clone(written).await {
                self.usable(component, &used).await
            } else {
                Err(self.why_not_written(component))
            };
            if let Err(why) = answer {
                self.component_ended(component.name, self.failed_or_stopped(why));
            }
        };
        join_all(components.iter().zip(writes).map(one)).await;
    }

    /// Waits until the namespaces and CRDs of a component are usable. Discovery is more reliable than the
    /// status of a CRD, and cheaper: some CRDs are large.
    async fn usable(
        &self,
        component: &ComponentPlan<'_>,
        used: &BTreeSet<(&str, &str)>,
    ) -> Result<(), String> {
        let mut awaited: BTreeSet<ObjectId> =
            component.awaited(Stage::Prerequisites).into_iter().collect();
        let definitions = self.planned.desired.objects.iter();
        let definitions = definitions
            .filter(|object| defined_kind(&object.body).is_some() && awaited.contains(&object.id));
        let mut kinds = Vec::new();
        // A terminating CRD is still served, so its own status is checked.
        for definition in definitions.filter(|definition| !self.is_terminating_now(&definition.id))
        {
            let is_used = |group: &str, kind: &str| used.contains(&(group, kind));
            kinds.extend(NewKind::all_of(definition, is_used));
        }
        for kind in &kinds {
            awaited.remove(&kind.definition);
        }
        let others: Vec<ObjectId> = awaited.into_iter().collect();
        self.served(component.name, kinds, self.count(component)).await?;
        self.healthy(component.name, &others, self.count(component)).await
    }

    /// Whether an object was terminating when it was written, or else when it was observed.
    pub(super) fn is_terminating_now(&self, id: &ObjectId) -> bool {
        let written = self.written.borrow();
        let live = written.get(id).and_then(|written| written.live.as_ref());
        let live = live.or_else(|| self.planned.observed.objects.get(id));
        live.is_some_and(is_terminating)
    }
}
