//! The three-way merge of an embedded document: base (what ksi rendered last), desired (what it renders
//! now) and live.
//!
//! Values are merged key by key and compared by [semantic equality](semantic): `168h` equals `168h0m0s`,
//! `false` equals an absent key. An empty desired value (null, empty string, list or mapping) counts as
//! absent: the empty default of a template is no reason to remove what somebody set.
//!
//! | base | desired | live | merged |
//! |---|---|---|---|
//! | any | semantically equal to live | | live, in its spelling |
//! | any | value | absent or empty | desired: a removed value is restored |
//! | unknown, or without this key | value | another value | desired: on the first run, and for a key that is new in the configuration |
//! | equals live | value | another value | desired: only we changed it |
//! | differs from live | value | another value | **conflict**: live is kept, since somebody changed what we wrote |
//! | equals live | absent | value | removed: it was ours |
//! | otherwise | absent | value | live, as a **foreign** key |
//!
//! Lists are merged as a whole, except those whose items all have a unique `name`: these are merged
//! item by item. The result has the desired keys in their order, then the foreign ones.

use serde_json::{Map, Value};

pub use crate::inventory::Base;
use crate::inventory::{children, step};
use crate::object::semantic;
use crate::yaml::Path;

/// Who wins if both sides changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Winner {
    /// The live value is kept and the conflict is reported.
    #[default]
    Live,
    /// The desired value is written.
    Desired,
}

/// A key with two values: somebody else changed it after we wrote it, or had it before. The values may be secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// Its path: keys, and names for items of lists of named items.
    pub path: Path,
    /// The value in the configuration.
    pub desired: Value,
    /// The live value.
    pub live: Value,
}

/// The result of a merge.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Merge {
    /// The document to write.
    pub merged: Value,
    /// Keys that somebody else changed after we wrote them.
    pub conflicts: Vec<Conflict>,
    /// Live values that a first write replaces: ksi has not written these keys before.
    pub replaced: Vec<Conflict>,
    /// Keys that only the live document has.
    pub foreign: Vec<Path>,
}

/// Merges; if both sides changed a key, live is kept and the conflict is reported.
pub fn merge(base: Option<&Base<'_>>, desired: &Value, live: &Value) -> Merge {
    merge_with(base, desired, live, Winner::Live)
}

/// Merges, with a choice of who wins.
pub fn merge_with(base: Option<&Base<'_>>, desired: &Value, live: &Value, winner: Winner) -> Merge {
    let mut walk =
        Walk { base, winner, conflicts: Vec::new(), replaced: Vec::new(), foreign: Vec::new() };
    let merged = walk.merge(&Position::default(), Some(desired), Some(live));
    Merge {
        merged: merged.unwrap_or_else(|| Value::Object(Map::new())),
        conflicts: walk.conflicts,
        replaced: walk.replaced,
        foreign: walk.foreign,
    }
}

/// The position of the walk, as path and as JSON pointer.
#[derive(Default)]
struct Position {
    path: Path,
    pointer: String,
}

impl Position {
    fn child(&self, name: &str) -> Self {
        Self { path: self.path.key(name), pointer: step(&self.pointer, name) }
    }
}

struct Walk<'b> {
    base: Option<&'b Base<'b>>,
    winner: Winner,
    conflicts: Vec<Conflict>,
    replaced: Vec<Conflict>,
    foreign: Vec<Path>,
}

impl Walk<'_> {
    fn merge(
        &mut self,
        place: &Position,
        desired: Option<&Value>,
        live: Option<&Value>,
    ) -> Option<Value> {
        match (desired.filter(|value| !semantic::is_unset(value)), live) {
            (None, None) => None,
            (None, Some(live)) => self.undesired(place, live),
            (Some(desired), None) => (!semantic::is_empty(desired)).then(|| desired.clone()),
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
        place: &Position,
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
    fn leaf<'v>(&mut self, place: &Position, desired: &'v Value, live: &'v Value) -> &'v Value {
        if semantic::same(desired, live) {
            return live;
        }
        if semantic::is_unset(live) {
            return desired;
        }
        let difference =
            || Conflict { path: place.path.clone(), desired: desired.clone(), live: live.clone() };
        let Some(base) = self.base.filter(|base| base.has(&place.pointer)) else {
            self.replaced.push(difference());
            return desired;
        };
        if base.holds(&place.pointer, live) || self.winner == Winner::Desired {
            return desired;
        }
        self.conflicts.push(difference());
        live
    }

    /// A live value that the configuration does not have: removed if it is what we wrote.
    fn undesired(&mut self, place: &Position, live: &Value) -> Option<Value> {
        let Some(parts) = children(live).filter(|parts| !parts.is_empty()) else {
            // An empty value was never recorded as ours, even if it is semantically equal.
            let ours = !semantic::is_unset(live)
                && self.base.is_some_and(|base| base.holds(&place.pointer, live));
            if ours {
                return None;
            }
            if !semantic::is_empty(live) {
                self.foreign.push(place.path.clone());
            }
            return Some(live.clone());
        };
        let mut remaining = self.parts(place, &[], &parts);
        if remaining.len() < parts.len()
            && remaining.iter().all(|(_, value)| semantic::is_unset(value))
        {
            return None;
        }
        // An item of a list of named items needs its name.
        if let Some(name) = live.get("name")
            && remaining.len() < parts.len()
            && remaining.iter().all(|(key, _)| key != "name")
        {
            remaining.insert(0, ("name".to_owned(), name.clone()));
        }
        Some(assemble(remaining, live.is_array()))
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
