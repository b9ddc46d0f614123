//! What changed from one look to the next, as events. Pure.

use std::collections::BTreeMap;

use crate::cli::status::report::{Report, State};
use crate::engine::{ComponentState, Event};
use crate::object::ObjectId;

/// What was told already.
#[derive(Debug, Default)]
pub(in crate::cli) struct Progress {
    /// What is awaited, with its component and the reason that was told.
    awaited: BTreeMap<ObjectId, (String, String)>,
    /// Components, and whether they were told to be healthy.
    healthy: BTreeMap<String, bool>,
}

impl Progress {
    /// The events that lead from the last look to this one. What was always healthy is no event; a
    /// component is told when it becomes healthy.
    pub(in crate::cli) fn changes(&mut self, report: &Report) -> Vec<Event> {
        let mut events = Vec::new();
        let mut awaited = BTreeMap::new();
        for component in &report.components {
            for unhealthy in &component.unhealthy {
                let reason = match unhealthy.state {
                    State::Failed => format!("failed: {}", unhealthy.reason),
                    _ => unhealthy.reason.clone(),
                };
                let told = self.awaited.get(&unhealthy.object).map(|(_, told)| told);
                if told != Some(&reason) {
                    events.push(Event::Wait {
                        component: component.name.clone(),
                        object: unhealthy.object.clone(),
                        reason: reason.clone(),
                    });
                }
                awaited.insert(unhealthy.object.clone(), (component.name.clone(), reason));
            }
        }
        for (object, (component, _)) in &self.awaited {
            if !awaited.contains_key(object) {
                events.push(Event::Ready { component: component.clone(), object: object.clone() });
            }
        }
        for component in &report.components {
            let healthy = component.state == State::Healthy;
            let before = self.healthy.insert(component.name.clone(), healthy);
            if before == Some(false) && healthy {
                let total = component.objects.total;
                events.push(Event::Component {
                    name: component.name.clone(),
                    state: ComponentState::Healthy,
                    done: total,
                    total,
                    reason: None,
                });
            }
        }
        self.awaited = awaited;
        events
    }

    /// What is awaited now, one line.
    pub(in crate::cli) fn awaited(&self) -> String {
        const MOST: usize = 3;
        let all = self.awaited.len();
        let mut first: Vec<String> = self
            .awaited
            .iter()
            .take(MOST)
            .map(|(object, (_, reason))| format!("{object} ({reason})"))
            .collect();
        if all > MOST {
            first.push(format!("and {} more", all - MOST));
        }
        first.join(", ")
    }

    /// The objects that are awaited, with their components.
    pub(in crate::cli) fn objects(&self) -> impl Iterator<Item = (&ObjectId, &str)> {
        self.awaited.iter().map(|(object, (component, _))| (object, component.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::status::report::testing;

    #[test]
    fn each_change_is_told_once() {
        let mut progress = Progress::default();
        let waits = testing::report(Some("0 of 1 replicas are available"));
        let told: Vec<_> =
            progress.changes(&waits).iter().filter_map(crate::ui::event_line).collect();
        let expected = "waiting for Deployment/a/tower (tower): 0 of 1 replicas are available";
        assert_eq!(told, [expected]);
        assert_eq!(progress.changes(&waits), []);
        assert_eq!(progress.awaited(), "Deployment/a/tower (0 of 1 replicas are available)");
        let ready = testing::report(None);
        let told: Vec<_> =
            progress.changes(&ready).iter().filter_map(crate::ui::event_line).collect();
        assert_eq!(told, ["ready Deployment/a/tower (tower)", "tower is healthy (1 of 1)"]);
        assert_eq!(progress.changes(&ready), []);
        assert_eq!(progress.awaited(), "");
    }
}
