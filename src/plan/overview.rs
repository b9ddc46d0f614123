//! A short overview of a plan that deletes: the number of objects of each kind.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Action, Change, Plan, Policy};

/// What a plan deletes, and what it keeps and why, in numbers. [`text`](super::text()) lists each object
/// by name.
pub fn overview(plan: &Plan) -> String {
    let mut out = String::new();
    let deleted = || plan.changes.iter().filter(|change| change.action == Action::Delete);
    let mut components: Vec<(&str, Vec<&Change>)> = Vec::new();
    for change in deleted() {
        match components.iter_mut().find(|(name, _)| *name == change.component) {
            Some((_, changes)) => changes.push(change),
            None => components.push((&change.component, vec![change])),
        }
    }
    let released = plan.changes.iter().filter(|change| change.is_write());
    let released: Vec<&Change> = released.collect();
    // Writing to a string does not fail.
    if !components.is_empty() {
        let _ = writeln!(out, "- delete {}", objects(deleted().count()));
    }
    for (name, changes) in &components {
        let name = if name.is_empty() { "no component" } else { name };
        let _ = writeln!(out, "    {name}: {}", counts(changes));
    }
    if !plan.cascading.is_empty() {
        let _ = writeln!(out, "- delete {}", cascading(plan));
    }
    if !released.is_empty() {
        let what = if released.iter().all(|change| change.policy == Policy::Patch) {
            "remove labels and annotations of ksi from"
        } else {
            "change"
        };
        let _ = writeln!(out, "~ {what} {}: {}", objects(released.len()), kinds(&released));
    }
    for (reason, changes) in kept(plan) {
        let _ = writeln!(out, "= keep {}: {reason}", kinds(&changes));
    }
    let _ = writeln!(out, "Plan: {}", plan.summary());
    out
}

/// The cascading deletes, in numbers.
pub(super) fn cascading(plan: &Plan) -> String {
    let cascading: Vec<&Change> = plan.cascading.iter().collect();
    format!(
        "{} of others, whose CRDs or namespaces are deleted: {}",
        objects(cascading.len()),
        kinds(&cascading)
    )
}

/// The kept objects by reason.
fn kept(plan: &Plan) -> Vec<(String, Vec<&Change>)> {
    let mut kept: Vec<(String, Vec<&Change>)> = Vec::new();
    for change in plan.changes.iter().filter(|change| change.action == Action::Keep) {
        let reason = change.reason.as_deref().unwrap_or("not created by ksi");
        match kept.iter_mut().find(|(known, _)| known == reason) {
            Some((_, changes)) => changes.push(change),
            None => kept.push((reason.to_owned(), vec![change])),
        }
    }
    kept
}

/// `12 ClusterRole, 3 Deployment, 1 Service`: the largest number first.
fn counts(changes: &[&Change]) -> String {
    let parts = by_kind(changes).into_iter().map(|(kind, of)| format!("{} {kind}", of.len()));
    parts.collect::<Vec<_>>().join(", ")
}

/// The same, with the name of an object that is the only one of its kind.
fn kinds(changes: &[&Change]) -> String {
    let parts = by_kind(changes).into_iter().map(|(kind, of)| match of[..] {
        [only] => only.id.to_string(),
        _ => format!("{} {kind}", of.len()),
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn by_kind<'c>(changes: &[&'c Change]) -> Vec<(&'c str, Vec<&'c Change>)> {
    let mut kinds: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        kinds.entry(&change.id.kind).or_default().push(change);
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, changes)| std::cmp::Reverse(changes.len()));
    kinds
}

fn objects(count: usize) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::ObjectId;

    fn change(component: &str, kind: &str, name: &str, action: Action) -> Change {
        let body = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
        Change { action, ..Change::cascading(&ObjectId::of(&body).unwrap(), component) }
    }

    #[test]
    fn many_objects_are_few_lines() {
        let kept = |name| Change {
            reason: Some("deleting it deletes data".into()),
            ..change("redis", "PersistentVolumeClaim", name, Action::Keep)
        };
        let plan = Plan {
            changes: vec![
                kept("a"),
                kept("b"),
                Change {
                    policy: Policy::Patch,
                    ..change("namespaces", "Namespace", "default", Action::Update)
                },
                change("tower", "Service", "tower", Action::Delete),
                change("ks-core", "Role", "a", Action::Delete),
                change("tower", "Role", "b", Action::Delete),
                change("tower", "Role", "c", Action::Delete),
            ],
            cascading: vec![change("crds", "Cluster", "host", Action::Delete)],
        };
        assert_eq!(
            overview(&plan),
            "- delete 4 objects
    tower: 2 Role, 1 Service
    ks-core: 1 Role
- delete 1 object of others, whose CRDs or namespaces are deleted: Cluster/host
~ remove labels and annotations of ksi from 1 object: Namespace/default
= keep 2 PersistentVolumeClaim: deleting it deletes data
Plan: 0 create, 1 update, 0 adopt, 4 delete, 0 conflict, 2 keep, 0 unchanged
"
        );
    }
}
