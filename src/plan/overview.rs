//! A plan that removes, in few lines: how many objects of which kinds.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Action, Change, Plan, Policy};

/// What a plan removes, and what it leaves and why, by numbers. Each object by its name is in
/// [`text`](super::text()).
pub fn overview(plan: &Plan) -> String {
    let mut out = String::new();
    let goes = || plan.changes.iter().filter(|change| change.action == Action::Delete);
    let mut components: Vec<(&str, Vec<&Change>)> = Vec::new();
    for change in goes() {
        match components.iter_mut().find(|(name, _)| *name == change.component) {
            Some((_, changes)) => changes.push(change),
            None => components.push((&change.component, vec![change])),
        }
    }
    let given_back = plan.changes.iter().filter(|change| change.is_write());
    let given_back: Vec<&Change> = given_back.collect();
    // Writing to a string does not fail.
    if !components.is_empty() {
        let _ = writeln!(out, "- delete {}", objects(goes().count()));
    }
    for (name, changes) in &components {
        let name = if name.is_empty() { "of no component" } else { name };
        let _ = writeln!(out, "    {name}: {}", counts(changes));
    }
    if !plan.lost.is_empty() {
        let _ = writeln!(out, "- delete {}", lost(plan));
    }
    if !given_back.is_empty() {
        let what = if given_back.iter().all(|change| change.policy == Policy::Patch) {
            "take labels and annotations of ksi off"
        } else {
            "change"
        };
        let _ = writeln!(out, "~ {what} {}: {}", objects(given_back.len()), kinds(&given_back));
    }
    for (reason, changes) in kept(plan) {
        let _ = writeln!(out, "= keep {}: {reason}", kinds(&changes));
    }
    let _ = writeln!(out, "Plan: {}", plan.summary());
    out
}

/// Objects of others that go with their kinds or namespaces, by numbers.
pub(super) fn lost(plan: &Plan) -> String {
    let lost: Vec<&Change> = plan.lost.iter().collect();
    format!(
        "{} made by others, of kinds or in namespaces that go: {}",
        objects(lost.len()),
        kinds(&lost)
    )
}

/// What stays, by the reason; where that is about one object only, it is named.
fn kept(plan: &Plan) -> Vec<(String, Vec<&Change>)> {
    let mut kept: Vec<(String, Vec<&Change>)> = Vec::new();
    for change in plan.changes.iter().filter(|change| change.action == Action::Keep) {
        let reason = change.reason.as_deref().unwrap_or("it is not ours");
        match kept.iter_mut().find(|(known, _)| known == reason) {
            Some((_, changes)) => changes.push(change),
            None => kept.push((reason.to_owned(), vec![change])),
        }
    }
    kept
}

/// `12 ClusterRole, 3 Deployment, 1 Service`: the most first.
fn counts(changes: &[&Change]) -> String {
    let words = by_kind(changes).into_iter().map(|(kind, of)| format!("{} {kind}", of.len()));
    words.collect::<Vec<_>>().join(", ")
}

/// The same with the names of what is single.
fn kinds(changes: &[&Change]) -> String {
    let words = by_kind(changes).into_iter().map(|(kind, of)| match of[..] {
        [only] => only.id.to_string(),
        _ => format!("{} {kind}", of.len()),
    });
    words.collect::<Vec<_>>().join(", ")
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
        Change { action, ..Change::lost(&ObjectId::of(&body).unwrap(), component) }
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
            lost: vec![change("crds", "Cluster", "host", Action::Delete)],
        };
        assert_eq!(
            overview(&plan),
            "- delete 4 objects
    tower: 2 Role, 1 Service
    ks-core: 1 Role
- delete 1 object made by others, of kinds or in namespaces that go: Cluster/host
~ take labels and annotations of ksi off 1 object: Namespace/default
= keep 2 PersistentVolumeClaim: deleting it deletes data
Plan: 0 create, 1 update, 0 adopt, 4 delete, 0 conflict, 2 keep, 0 unchanged
"
        );
    }
}
