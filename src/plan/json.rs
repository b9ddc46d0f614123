//! A plan as JSON.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::{Action, Change, Difference, Plan, diff, masked};
use crate::object::{Masker, ObjectId};
use crate::yaml::Path;

/// The counts of a plan as JSON, and what changes without the differences.
pub fn json_summary(plan: &Plan) -> Value {
    let shown = plan.changes.iter().filter(|change| change.action != Action::Unchanged);
    let changes = shown.map(|change| {
        json!({
            "action": change.action, "component": change.component, "object": object(&change.id),
            "reason": change.reason,
        })
    });
    json!({ "changes": changes.collect::<Vec<_>>(), "summary": plan.summary() })
}

/// A plan as JSON, secrets hidden: `changes` has one entry per object with the paths that differ,
/// `summary` the numbers; `lost` the cascading deletes, `uncounted` the kinds that could not be listed
/// and `released` the objects whose finalizers are removed, if there are any. Paths continue into embedded documents.
pub fn json(plan: &Plan) -> Value {
    let mut masker = Masker::new();
    let changes: Vec<_> = plan.changes.iter().map(|change| one(change, &mut masker)).collect();
    let mut json = json!({ "changes": changes, "summary": plan.summary() });
    if !plan.cascading.is_empty() {
        json["lost"] = plan.cascading.iter().map(|change| object(&change.id)).collect();
    }
    if !plan.uncounted.is_empty() {
        json["uncounted"] = json!(plan.uncounted);
    }
    if !plan.released.is_empty() {
        let released = plan.released.iter().map(|release| {
            json!({"object": object(&release.held.id), "finalizers": release.held.finalizers})
        });
        json["released"] = released.collect();
    }
    json
}

fn one(change: &Change, masker: &mut Masker) -> Value {
    let shown = masked::Masked::of(change, masker);
    let differences = match (shown.before, shown.after) {
        (Some(before), Some(after)) => diff(&before, &after),
        (None, None) => Vec::new(),
        (before, after) => {
            let after = after.map(Cow::into_owned);
            vec![Difference { path: Path::default(), before, after }]
        }
    };
    let id = &change.id;
    let mut entry = Map::new();
    let mut put = |key: &str, value: Value| entry.insert(key.to_owned(), value);
    put("action", json!(change.action));
    put("component", json!(change.component));
    put("policy", json!(change.policy));
    put("object", object(id));
    put("reason", json!(change.reason));
    put("changes", json!(differences));
    if !change.conflicts.is_empty() {
        let conflicts = change.conflicts.iter().map(|conflict| {
            let (desired, live) = masked::conflict(change, conflict, masker);
            json!({"path": conflict.path.to_string(), "desired": desired, "live": live})
        });
        put("conflicts", conflicts.collect());
    }
    if !change.replaced.is_empty() {
        let replaced = change.replaced.iter().map(|one| {
            let (desired, live) = masked::conflict(change, one, masker);
            json!({"path": one.path.to_string(), "desired": desired, "live": live})
        });
        put("replaced", replaced.collect());
    }
    if !change.foreign.is_empty() {
        put("foreign", change.foreign.iter().map(ToString::to_string).collect());
    }
    Value::Object(entry)
}

fn object(id: &ObjectId) -> Value {
    json!({
        "group": id.group, "version": id.version, "kind": id.kind,
        "namespace": id.namespace, "name": id.name,
    })
}
