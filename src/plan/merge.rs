//! The three-way merge of an embedded document: what ksi rendered last, what it renders now, and
//! what is live.
//!
//! Key by key, and by [meaning]: `168h` is `168h0m0s`, `false` is absence. A desired value that
//! states nothing (null, empty text, list or mapping) counts as no value: a template's empty default
//! is no reason to wipe out what somebody set.
//!
//! | base | desired | live | merged |
//! |---|---|---|---|
//! | any | same meaning as live | | live, in its spelling |
//! | any | value | absent or silent | desired: what was taken away is put back |
//! | not known, or has no such key | value | another value | desired: the first run takes over, and so does a key that is new in the configuration |
//! | equals live | value | another value | desired: only we changed it |
//! | differs from live | value | another value | **conflict**: live stays, since somebody changed what we wrote |
//! | equals live | absent | value | removed: it was ours |
//! | otherwise | absent | value | live, as a **foreign** key |
//!
//! Lists are values like any other, except those whose items all have a `name` of their own: these
//! are merged item by item. The result has desired's keys in desired's order, then the foreign ones.

use serde_json::{Map, Value};

pub use crate::inventory::Base;
use crate::inventory::{children, step};
use crate::object::meaning;
use crate::yaml::Path;

/// Who wins where both sides changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Winner {
    /// The live value stays and the conflict is reported.
    #[default]
    Live,
    /// The desired value is taken (`--force-conflicts`).
    Desired,
}

/// A key that somebody changed after we wrote it. The values may be secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// Where: keys, and names for items of lists of named items.
    pub path: Path,
    /// What the configuration wants.
    pub desired: Value,
    /// What is live, and stays.
    pub live: Value,
}

/// The result of a merge.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Merge {
    /// The document to write.
    pub merged: Value,
    /// Keys that somebody changed after we wrote them.
    pub conflicts: Vec<Conflict>,
    /// Keys that only the live document has.
    pub foreign: Vec<Path>,
}

/// Merges; where both sides changed a key, live stays and the conflict is reported.
pub fn merge(base: Option<&Base<'_>>, desired: &Value, live: &Value) -> Merge {
    merge_with(base, desired, live, Winner::Live)
}

/// Merges, with a choice of who wins.
pub fn merge_with(base: Option<&Base<'_>>, desired: &Value, live: &Value, winner: Winner) -> Merge {
    let mut walk = Walk { base, winner, conflicts: Vec::new(), foreign: Vec::new() };
    let merged = walk.merge(&Place::default(), Some(desired), Some(live));
    Merge {
        merged: merged.unwrap_or_else(|| Value::Object(Map::new())),
        conflicts: walk.conflicts,
        foreign: walk.foreign,
    }
}

/// Where the walk is, in the two forms in which places are written.
#[derive(Default)]
struct Place {
    path: Path,
    pointer: String,
}

impl Place {
    fn child(&self, name: &str) -> Self {
        Self { path: self.path.key(name), pointer: step(&self.pointer, name) }
    }
}

struct Walk<'b> {
    base: Option<&'b Base<'b>>,
    winner: Winner,
    conflicts: Vec<Conflict>,
    foreign: Vec<Path>,
}

impl Walk<'_> {
    fn merge(
        &mut self,
        place: &Place,
        desired: Option<&Value>,
        live: Option<&Value>,
    ) -> Option<Value> {
        match (desired.filter(|value| !meaning::is_silent(value)), live) {
            (None, None) => None,
            (None, Some(live)) => self.undesired(place, live),
            (Some(desired), None) => (!meaning::is_empty(desired)).then(|| desired.clone()),
            (Some(desired), Some(live)) => match (children(desired), children(live)) {
                (Some(ours), Some(theirs)) if desired.is_array() == live.is_array() => {
                    let merged = self.parts(place, &ours, &theirs);
                    Some(assemble(merged, desired.is_array()))
                }
                _ => Some(self.leaf(place, desired, live).clone()),
            },
        }
    }

    /// The parts of two mappings (or lists of named items): desired's first, then the foreign ones.
    fn parts(
        &mut self,
        place: &Place,
        desired: &[(&str, &Value)],
        live: &[(&str, &Value)],
    ) -> Vec<(String, Value)> {
        let find = |side: &[(&str, &Value)], name: &str| side.iter().position(|(n, _)| *n == name);
        let mut merged = Vec::with_capacity(live.len().max(desired.len()));
        for (name, ours) in desired {
            let theirs = find(live, name).map(|at| live[at].1);
            let value = self.merge(&place.child(name), Some(ours), theirs);
            merged.extend(value.map(|value| ((*name).to_owned(), value)));
        }
        for (name, theirs) in live.iter().filter(|(name, _)| find(desired, name).is_none()) {
            let value = self.merge(&place.child(name), None, Some(theirs));
            merged.extend(value.map(|value| ((*name).to_owned(), value)));
        }
        merged
    }

    /// A value on both sides.
    fn leaf<'v>(&mut self, place: &Place, desired: &'v Value, live: &'v Value) -> &'v Value {
        if meaning::same(desired, live) {
            return live;
        }
        let changed_by_others = !meaning::is_silent(live)
            && self
                .base
                .is_some_and(|base| base.has(&place.pointer) && !base.holds(&place.pointer, live));
        if !changed_by_others || self.winner == Winner::Desired {
            return desired;
        }
        self.conflicts.push(Conflict {
            path: place.path.clone(),
            desired: desired.clone(),
            live: live.clone(),
        });
        live
    }

    /// A live value that the configuration does not have: removed where it is what we wrote.
    fn undesired(&mut self, place: &Place, live: &Value) -> Option<Value> {
        let Some(parts) = children(live).filter(|parts| !parts.is_empty()) else {
            // An empty value was never recorded as ours, even where it means what was.
            let ours = !meaning::is_silent(live)
                && self.base.is_some_and(|base| base.holds(&place.pointer, live));
            if ours {
                return None;
            }
            if !meaning::is_empty(live) {
                self.foreign.push(place.path.clone());
            }
            return Some(live.clone());
        };
        let mut kept = self.parts(place, &[], &parts);
        if kept.len() < parts.len() && kept.iter().all(|(_, value)| meaning::is_silent(value)) {
            return None;
        }
        // An item of a list of named items is nothing without its name.
        if let Some(name) = live.get("name")
            && kept.len() < parts.len()
            && kept.iter().all(|(key, _)| key != "name")
        {
            kept.insert(0, ("name".to_owned(), name.clone()));
        }
        Some(assemble(kept, live.is_array()))
    }
}

fn assemble(parts: Vec<(String, Value)>, list: bool) -> Value {
    if list {
        Value::Array(parts.into_iter().map(|(_, value)| value).collect())
    } else {
        Value::Object(parts.into_iter().collect())
    }
}

#[cfg(test)]
mod tests;
