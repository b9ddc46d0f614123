//! Fields that are taken from other field managers.

use serde_json::Value;

use super::{Observed, Plan};
use crate::inventory::Entry;
use crate::object::{DryRunResult, FieldConflict, Object, ObjectId, Policy};

/// Whether the user consented to take a field: this one or one above it, of this object or of all.
pub(super) fn is_taken(id: &ObjectId, field: &str, take: &[String]) -> bool {
    take.iter().filter_map(|taken| of_object(id, taken)).any(|taken| {
        let below = field.strip_prefix(taken);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

/// The first of these fields that no desired object has, neither in conflict nor taken already.
pub fn nothing_to_take<'t>(
    take: &'t [String],
    desired: &[Object],
    observed: &Observed,
) -> Option<&'t String> {
    take.iter().find(|taken| {
        let one = std::slice::from_ref(*taken);
        let in_conflict =
            conflicts(observed).any(|(id, conflict)| is_taken(id, &conflict.field, one));
        let has = |object: &Object| {
            of_object(&object.id, taken).is_some_and(|field| has_field(&object.body, field))
        };
        !in_conflict && !desired.iter().any(has)
    })
}

/// The fields that could be taken, as `OBJECT:FIELD (owned by MANAGER)`.
pub fn takeable(observed: &Observed) -> Vec<String> {
    let all = conflicts(observed);
    all.map(|(id, conflict)| format!("{id}:{} (owned by {})", conflict.field, conflict.manager))
        .collect()
}

/// The fields that others took from ksi and that can be taken back, as `OBJECT:FIELD`: those of objects that it wrote
/// before, unless `is_left` to the others.
pub fn taken_from_us(
    plan: &Plan,
    observed: &Observed,
    is_left: impl Fn(&ObjectId) -> bool,
) -> Vec<String> {
    let Some(inventory) = &observed.inventory else { return Vec::new() };
    let is_written = |entry: &Entry| entry.policy == Policy::Apply && !entry.is_pending();
    let ours = plan
        .changes
        .iter()
        .filter(|change| change.is_takeable() && inventory.get(&change.id).is_some_and(is_written));
    let ours: Vec<&ObjectId> = ours.map(|change| &change.id).filter(|id| !is_left(id)).collect();
    let taken = conflicts(observed).filter(|(id, _)| ours.contains(id));
    taken.map(|(id, conflict)| format!("{id}:{}", conflict.field)).collect()
}

fn conflicts(observed: &Observed) -> impl Iterator<Item = (&ObjectId, &FieldConflict)> {
    observed.dry_runs.iter().flat_map(|(id, result)| {
        let fields = match result {
            DryRunResult::Conflict { fields, .. } => &fields[..],
            _ => &[],
        };
        fields.iter().map(move |field| (id, field))
    })
}

/// The field of this object that is meant; `None` if it is one of another object.
fn of_object<'t>(id: &ObjectId, taken: &'t str) -> Option<&'t str> {
    match taken.strip_prefix(&format!("{id}:")) {
        Some(field) => Some(field),
        None => taken.starts_with('.').then_some(taken),
    }
}

/// Whether a body has a field such as `.spec.containers[name="a"].image`. A key may contain dots.
fn has_field(body: &Value, field: &str) -> bool {
    if field.is_empty() {
        return true;
    }
    match body {
        Value::Array(items) => {
            let rest = field.starts_with('[').then(|| field.split_once(']')).flatten();
            rest.is_some_and(|(_, rest)| items.iter().any(|item| has_field(item, rest)))
        }
        Value::Object(map) => field.strip_prefix('.').is_some_and(|path| {
            map.iter().any(|(key, value)| {
                let rest = path.strip_prefix(key.as_str());
                rest.is_some_and(|rest| {
                    (rest.is_empty() || rest.starts_with(['.', '['])) && has_field(value, rest)
                })
            })
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_found_below_lists_and_keys_with_dots() {
        let body = json!({
            "metadata": {"annotations": {"a.b/c": "1"}},
            "spec": {"containers": [{"name": "a", "image": "i"}], "replicas": 1},
        });
        for field in [
            ".spec",
            ".spec.replicas",
            ".metadata.annotations.a.b/c",
            ".spec.containers",
            ".spec.containers[name=\"a\"].image",
            ".spec.containers[name=\"a\"]",
        ] {
            assert!(has_field(&body, field), "{field}");
        }
        for field in ["spec", ".spec.replica", ".spec.replicas.x", ".spec.containers.image", ".b"] {
            assert!(!has_field(&body, field), "{field}");
        }
    }
}
