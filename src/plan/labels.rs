//! Our labels and annotations on objects that are not ours.

use serde_json::{Map, Value};

use super::merge::{Conflict, Winner};
use crate::inventory::{Base, step};
use crate::yaml::Path;

const FIELDS: [&str; 2] = ["labels", "annotations"];

/// The live object with our labels and annotations, and the conflicts.
pub(super) struct Patched {
    pub(super) body: Value,
    pub(super) conflicts: Vec<Conflict>,
}

/// Sets our labels and annotations and removes those that are no longer desired. A value that somebody
/// else changed after we wrote it is a conflict.
pub(super) fn patch(
    desired: &Value,
    live: &Value,
    base: Option<&Base<'_>>,
    winner: Winner,
) -> Patched {
    let mut body = live.clone();
    let mut conflicts = Vec::new();
    for field in FIELDS {
        let wanted = desired["metadata"][field].as_object();
        for (name, value) in wanted.into_iter().flatten() {
            let pointer = pointer(field, name);
            let current = &body["metadata"][field][name];
            let changed = base
                .is_some_and(|base| base.has(&pointer) && !base.holds_exactly(&pointer, current));
            if current == value {
                continue;
            }
            if changed && !current.is_null() && winner == Winner::Live {
                conflicts.push(Conflict {
                    path: Path::keys("metadata").key(field).key(name),
                    desired: value.clone(),
                    live: current.clone(),
                });
            } else {
                if !body["metadata"][field].is_object() {
                    body["metadata"][field] = Value::Object(Map::new());
                }
                body["metadata"][field][name] = value.clone();
            }
        }
        let names: Vec<_> = live["metadata"][field].as_object().into_iter().flatten().collect();
        for (name, value) in names {
            let pointer = pointer(field, name);
            if wanted.is_none_or(|wanted| !wanted.contains_key(name))
                && base.is_some_and(|base| base.holds_exactly(&pointer, value))
                && let Some(entries) = body["metadata"][field].as_object_mut()
            {
                entries.shift_remove(name);
            }
        }
    }
    Patched { body, conflicts }
}

/// The body of the write if the object itself does not exist, as in a directory: its identity, our labels
/// and annotations, and nothing that would make it ours.
pub(super) fn partial(desired: &Value) -> Value {
    part(desired, &["name", "namespace", "labels", "annotations"])
}

/// Only the identity of the object: applying it owns no fields.
pub(super) fn identity(body: &Value) -> Value {
    part(body, &["name", "namespace"])
}

fn part(body: &Value, metadata: &[&str]) -> Value {
    let copy = |from: &Value, fields: &[&str]| {
        let present = fields.iter().filter_map(|f| Some(((*f).to_owned(), from.get(*f)?.clone())));
        Value::Object(present.collect())
    };
    let mut part = copy(body, &["apiVersion", "kind"]);
    part["metadata"] = copy(&body["metadata"], metadata);
    part
}

fn pointer(field: &str, name: &str) -> String {
    step(&format!("/metadata/{field}"), name)
}
