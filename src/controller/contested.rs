//! Fields that ksi and another writer turn back again and again. Pure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::drift::Repair;
use crate::object::ObjectId;

/// A field that was turned back so often is left alone.
const TURNS: usize = 3;
/// Within this time.
const WINDOW: Duration = Duration::from_secs(600);

/// A field that is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contest {
    /// The object.
    pub object: ObjectId,
    /// The field, or `the whole object` if somebody deletes it.
    pub field: String,
    /// Who changes it.
    pub manager: String,
}

impl Contest {
    /// What happens, and both ways out.
    pub fn message(&self) -> String {
        let Self { object, field, manager } = self;
        format!(
            "{manager} changed {field} of {object} back {TURNS} times within ten minutes, so ksi leaves it \
             alone: set the value in the ClusterConfiguration, or stop {manager} from writing it and set \
             annotation {} to a new value",
            super::cc::REQUESTED_AT
        )
    }
}

/// What was turned back lately.
#[derive(Debug, Default)]
pub(super) struct Fights(BTreeMap<(ObjectId, String), Fight>);

#[derive(Debug)]
struct Fight {
    manager: String,
    /// When it was turned back, on the clock of the controller.
    turns: VecDeque<Duration>,
    contested: bool,
}

impl Fights {
    /// Notes what was turned back now.
    pub(super) fn note(&mut self, repairs: &[Repair], now: Duration) {
        for repair in repairs {
            for field in repair.keys() {
                let fight = self.0.entry((repair.object.clone(), field)).or_insert_with(|| Fight {
                    manager: String::new(),
                    turns: VecDeque::new(),
                    contested: false,
                });
                fight.manager = repair.by();
                fight.turns.push_back(now);
                while fight.turns.front().is_some_and(|turn| now.saturating_sub(*turn) > WINDOW) {
                    fight.turns.pop_front();
                }
                fight.contested |= fight.turns.len() >= TURNS;
            }
        }
    }

    /// Forgets what is over: no longer different, and not turned back for a while.
    pub(super) fn expire(&mut self, now: Duration, deviates: impl Fn(&ObjectId) -> bool) {
        self.0.retain(|(object, _), fight| {
            let is_recent = |turn: &Duration| now.saturating_sub(*turn) <= WINDOW;
            fight.turns.back().is_some_and(is_recent) || (fight.contested && deviates(object))
        });
    }

    /// Forgets all: the user changed the configuration, or asked for a run.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether an object has a field that is left alone. An apply writes a whole object, so all of it is.
    pub(super) fn is_contested(&self, object: &ObjectId) -> bool {
        self.0.iter().any(|((known, _), fight)| fight.contested && known == object)
    }

    /// The objects of which a field is left alone.
    pub(super) fn objects(&self) -> BTreeSet<ObjectId> {
        let contested = self.0.iter().filter(|(_, fight)| fight.contested);
        contested.map(|((object, _), _)| object.clone()).collect()
    }

    /// What is left alone.
    pub(super) fn contests(&self) -> Vec<Contest> {
        let contested = self.0.iter().filter(|(_, fight)| fight.contested);
        contested
            .map(|((object, field), fight)| Contest {
                object: object.clone(),
                field: field.clone(),
                manager: fight.manager.clone(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::drift::testing::repair;
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_field_is_contested_when_it_was_turned_back_three_times_within_ten_minutes() {
        let mut fights = Fights::default();
        let ours = [repair("tower", ".spec.replicas", "scaler")];
        for minute in [0, 6, 11, 17] {
            fights.note(&ours, MINUTE * minute);
            assert!(fights.contests().is_empty(), "never three within ten minutes: {minute}");
        }
        fights.note(&ours, MINUTE * 18);
        let contests = fights.contests();
        assert_eq!(contests.len(), 1);
        let message = contests[0].message();
        for part in [
            "Deployment/a/tower",
            ".spec.replicas",
            "scaler",
            "ClusterConfiguration",
            "stop scaler",
        ] {
            assert!(message.contains(part), "{message}");
        }
        assert!(fights.is_contested(&ours[0].object));
        assert!(!fights.is_contested(&repair("console", "", "x").object));
    }

    #[test]
    fn other_fields_and_objects_do_not_add_up() {
        let mut fights = Fights::default();
        for (name, field) in [("a", ".x"), ("a", ".y"), ("b", ".x"), ("a", ".x"), ("b", ".x")] {
            fights.note(&[repair(name, field, "m")], MINUTE);
        }
        assert!(fights.contests().is_empty());
    }

    #[test]
    fn a_contest_ends_when_nobody_writes_any_more_and_with_an_edit() {
        let mut fights = Fights::default();
        for _ in 0..3 {
            fights.note(&[repair("a", ".x", "m")], MINUTE);
        }
        fights.expire(MINUTE * 30, |_| true);
        assert_eq!(fights.contests().len(), 1, "it still differs");
        fights.expire(MINUTE * 5, |_| false);
        assert_eq!(fights.contests().len(), 1, "it was turned back a moment ago");
        fights.expire(MINUTE * 30, |_| false);
        assert!(fights.contests().is_empty());
        for _ in 0..3 {
            fights.note(&[repair("a", ".x", "m")], MINUTE);
        }
        fights.clear();
        assert!(fights.contests().is_empty());
    }
}
