//! What changed from one report to the next, as events. Pure.

use std::collections::BTreeMap;

use super::report::{Report, State};
use crate::engine::{ComponentState, Event};
use crate::object::ObjectId;

/// More objects than these do not fit on a line.
const SHOWN: usize = 3;

/// What has been reported already.
#[derive(Debug, Default)]
pub struct Transitions {
    /// What is awaited, with its component and the reported reason.
    awaited: BTreeMap<ObjectId, (String, String)>,
    /// Components, and whether they were healthy.
    healthy: BTreeMap<String, bool>,
}

impl Transitions {
    /// The events that lead from the last report to this one. What was always healthy is no event; a
    /// component is reported when it becomes healthy.
    pub fn next(&mut self, report: &Report) -> Vec<Event> {
        let mut events = Vec::new();
        let mut awaited = BTreeMap::new();
        for component in &report.components {
            for unhealthy in &component.unhealthy {
                let reason = match unhealthy.state {
                    State::Failed => format!("failed: {}", unhealthy.reason),
                    _ => unhealthy.reason.clone(),
                };
                let reported = self.awaited.get(&unhealthy.object).map(|(_, reason)| reason);
                if reported != Some(&reason) {
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
    pub fn awaited(&self) -> String {
        let reasons =
            self.awaited.iter().map(|(object, (_, reason))| format!("{object} ({reason})"));
        first_of(reasons)
    }

    /// The objects that are awaited, with their components.
    pub fn objects(&self) -> impl Iterator<Item = (&ObjectId, &str)> {
        self.awaited.iter().map(|(object, (component, _))| (object, component.as_str()))
    }
}

/// Some of them on one line.
pub(super) fn first_of(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(SHOWN);
    let mut first: Vec<String> = all.take(SHOWN).collect();
    if more > 0 {
        first.push(format!("and {more} more"));
    }
    first.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::testing;

    #[test]
    fn each_change_is_reported_once() {
        let object = ObjectId::of(&testing::deployment("tower")).unwrap();
        let mut transitions = Transitions::default();
        let reason = "0 of 1 replicas are available".to_owned();
        let waits = testing::report(Some(&reason));
        let component = || "tower".to_owned();
        let wait = Event::Wait { component: component(), object: object.clone(), reason };
        assert_eq!(transitions.next(&waits), [wait]);
        assert_eq!(transitions.next(&waits), []);
        assert_eq!(transitions.awaited(), "Deployment/a/tower (0 of 1 replicas are available)");
        let ready = testing::report(None);
        let healthy = Event::Component {
            name: component(),
            state: ComponentState::Healthy,
            done: 1,
            total: 1,
            reason: None,
        };
        let expected = [Event::Ready { component: component(), object }, healthy];
        assert_eq!(transitions.next(&ready), expected);
        assert_eq!(transitions.next(&ready), []);
        assert_eq!(transitions.awaited(), "");
    }
}
