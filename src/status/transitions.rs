//! What changed from one report to the next, as events. Pure.

use std::collections::BTreeMap;

use super::report::{Report, State};
use crate::engine::{ComponentState, Event};
use crate::health::Cause;
use crate::object::ObjectId;

/// More objects than these do not fit on a line.
const SHOWN: usize = 3;

/// What has been reported already.
#[derive(Debug, Default)]
pub struct Transitions {
    /// What is awaited.
    awaited: BTreeMap<ObjectId, Awaited>,
    /// Components, and whether they were healthy.
    healthy: BTreeMap<String, bool>,
}

/// An object that is awaited.
#[derive(Debug)]
struct Awaited {
    component: String,
    /// As it was reported, like its cause.
    reason: String,
    cause: Option<Cause>,
}

impl Transitions {
    /// The events that lead from the last report to this one. What was always healthy is no event; a
    /// component is reported when it becomes healthy.
    pub fn next(&mut self, report: &Report, causes: &BTreeMap<ObjectId, Cause>) -> Vec<Event> {
        let mut events = Vec::new();
        let mut awaited = BTreeMap::new();
        for component in &report.components {
            for unhealthy in &component.unhealthy {
                let reason = match unhealthy.state {
                    State::Failed => format!("failed: {}", unhealthy.reason),
                    _ => unhealthy.reason.clone(),
                };
                let before = self.awaited.get(&unhealthy.object);
                let known = before.and_then(|before| before.cause.as_ref());
                let is_known = before.is_some_and(|before| before.reason == reason);
                // A cause that is gone is no news: a program that crashes runs in between.
                let cause = match (known, causes.get(&unhealthy.object)) {
                    (Some(known), Some(cause)) if known.is_like(cause) => Some(known),
                    (known, cause) => cause.or(known),
                }
                .cloned();
                if !is_known || cause.as_ref() != known {
                    events.push(Event::Wait {
                        component: component.name.clone(),
                        object: unhealthy.object.clone(),
                        reason: reason.clone(),
                        cause: cause.clone().map(Box::new),
                    });
                }
                let component = component.name.clone();
                awaited.insert(unhealthy.object.clone(), Awaited { component, reason, cause });
            }
        }
        for (object, Awaited { component, .. }) in &self.awaited {
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
        let reasons = self.awaited.iter().map(|(object, awaited)| match &awaited.cause {
            Some(cause) => format!("{object} ({}; {})", awaited.reason, cause.reason),
            None => format!("{object} ({})", awaited.reason),
        });
        first_of(reasons)
    }

    /// The objects that are awaited, with their components.
    pub fn objects(&self) -> impl Iterator<Item = (&ObjectId, &str)> {
        self.awaited.iter().map(|(object, awaited)| (object, awaited.component.as_str()))
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
    use crate::health::Passing;
    use crate::status::testing;

    #[test]
    fn each_change_is_reported_once() {
        let object = ObjectId::of(&testing::deployment("tower")).unwrap();
        let mut transitions = Transitions::default();
        let reason = "0 of 1 replicas are available".to_owned();
        let waits = testing::report(Some(&reason));
        let component = || "tower".to_owned();
        let none = BTreeMap::new();
        let wait = |cause| Event::Wait {
            component: component(),
            object: object.clone(),
            reason: reason.clone(),
            cause,
        };
        assert_eq!(transitions.next(&waits, &none), [wait(None)]);
        assert_eq!(transitions.next(&waits, &none), []);
        assert_eq!(transitions.awaited(), "Deployment/a/tower (0 of 1 replicas are available)");
        let cause = |reason: &str| Cause {
            object: object.clone(),
            reason: reason.to_owned(),
            message: "m".to_owned(),
            next_step: "n".to_owned(),
            passing: Passing::Possible,
        };
        let caused = |reason: &str| BTreeMap::from([(object.clone(), cause(reason))]);
        let pull = wait(Some(Box::new(cause("ErrImagePull"))));
        assert_eq!(transitions.next(&waits, &caused("ErrImagePull")), [pull]);
        assert_eq!(transitions.next(&waits, &caused("ImagePullBackOff")), []);
        assert_eq!(transitions.next(&waits, &none), []);
        assert!(transitions.awaited().ends_with("available; ErrImagePull)"));
        let ready = testing::report(None);
        let healthy = Event::Component {
            name: component(),
            state: ComponentState::Healthy,
            done: 1,
            total: 1,
            reason: None,
        };
        let expected = [Event::Ready { component: component(), object: object.clone() }, healthy];
        assert_eq!(transitions.next(&ready, &none), expected);
        assert_eq!(transitions.next(&ready, &none), []);
        assert_eq!(transitions.awaited(), "");
    }
}
