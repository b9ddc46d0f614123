//! A short overview of a plan that deletes: the number of objects of each kind.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Action, Change, Plan, Policy};
use crate::inventory::{PruneOptions, missing_consent};
use crate::object::{ObjectId, Setting, SettingNames, counted};

/// How many objects of one kind are named.
const NAMED: usize = 5;

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
        let _ = writeln!(out, "- delete {}", counted(deleted().count(), "object"));
    }
    for (name, changes) in &components {
        let name = if name.is_empty() { "no component" } else { name };
        let _ = writeln!(out, "    {name}: {}", counts(changes));
    }
    for line in lost(plan) {
        let _ = writeln!(out, "{line}");
    }
    if !released.is_empty() {
        let what = if released.iter().all(|change| change.policy == Policy::Patch) {
            "remove labels and annotations of ksi from"
        } else {
            "change"
        };
        let _ =
            writeln!(out, "~ {what} {}: {}", counted(released.len(), "object"), kinds(&released));
    }
    for line in releases(plan) {
        let _ = writeln!(out, "~ {line}");
    }
    for (reason, changes) in kept(plan) {
        let _ = writeln!(out, "= keep {}: {reason}", kinds(&changes));
    }
    let _ = writeln!(out, "Plan: {}", plan.summary());
    out
}

/// How to delete what a plan keeps only for lack of consent; `None` if there is nothing of that kind.
pub fn kept_help(plan: &Plan, options: PruneOptions, names: SettingNames) -> Option<String> {
    let mut settings: Vec<&str> = Vec::new();
    let kept = plan.changes.iter().filter(|change| change.action == Action::Keep);
    let kept = kept.filter_map(|change| {
        let protected = missing_consent(&change.id, options)?;
        let setting = names.of(Setting::Deletion(protected.consent));
        if !settings.contains(&setting) {
            settings.push(setting);
        }
        Some(&change.id)
    });
    let kept: Vec<&ObjectId> = kept.collect();
    settings.sort_unstable();
    let what = kinds_of(&kept);
    (!kept.is_empty())
        .then(|| format!("kept {what}; to delete them, run again with {}", settings.join(" ")))
}

/// The cascading deletes: how many there are in each namespace, of each kind, with the first names.
pub(super) fn lost(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    if !plan.cascading.is_empty() {
        let count = counted(plan.cascading.len(), "object");
        lines.push(format!("- delete {count} of others, whose CRDs or namespaces are deleted"));
    }
    let mut places: BTreeMap<Option<&str>, Vec<&ObjectId>> = BTreeMap::new();
    for change in &plan.cascading {
        places.entry(change.id.namespace.as_deref()).or_default().push(&change.id);
    }
    for (place, ids) in places {
        let place = place.map_or("cluster-scoped".to_owned(), |name| format!("namespace {name}"));
        let kinds = by_kind(&ids)
            .into_iter()
            .map(|(kind, of)| format!("{} {kind} ({})", of.len(), names(&of)));
        lines.push(format!("    {place}: {}", kinds.collect::<Vec<_>>().join(", ")));
    }
    if !plan.uncounted.is_empty() {
        let shown = first(plan.uncounted.iter().map(String::as_str));
        lines.push(format!("- not counted, since they cannot be listed: {shown}"));
    }
    lines
}

fn names(ids: &[&ObjectId]) -> String {
    first(ids.iter().map(|id| id.name.as_str()))
}

/// The first few of some names.
fn first<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let shown = names.take(NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// The finalizers that are removed, in numbers: a line for each controller and reason.
pub(super) fn releases(plan: &Plan) -> Vec<String> {
    let mut groups: Vec<(&ObjectId, &str, Vec<&ObjectId>)> = Vec::new();
    for release in &plan.released {
        let controller = &release.held.controller;
        let why = match (release.is_running, release.held.is_handled) {
            (false, _) => "which does not run",
            (true, false) => "which is no longer configured for them",
            (true, true) => "which is deleted",
        };
        let known = groups.iter_mut().find(|group| (group.0, group.1) == (controller, why));
        match known {
            Some((.., ids)) => ids.push(&release.held.id),
            None => groups.push((controller, why, vec![&release.held.id])),
        }
    }
    let lines = groups.into_iter().map(|(controller, why, ids)| {
        format!(
            "remove the finalizers of {controller}, {why}, from {}: {}",
            counted(ids.len(), "object"),
            kinds_of(&ids)
        )
    });
    lines.collect()
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
    let ids: Vec<_> = changes.iter().map(|change| &change.id).collect();
    let parts = by_kind(&ids).into_iter().map(|(kind, of)| format!("{} {kind}", of.len()));
    parts.collect::<Vec<_>>().join(", ")
}

/// The same, with the name of an object that is the only one of its kind.
fn kinds(changes: &[&Change]) -> String {
    kinds_of(&changes.iter().map(|change| &change.id).collect::<Vec<_>>())
}

fn kinds_of(ids: &[&ObjectId]) -> String {
    let parts = by_kind(ids).into_iter().map(|(kind, of)| match of[..] {
        [only] => only.to_string(),
        _ => format!("{} {kind}", of.len()),
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn by_kind<'i>(ids: &[&'i ObjectId]) -> Vec<(&'i str, Vec<&'i ObjectId>)> {
    let mut kinds: BTreeMap<&str, Vec<&ObjectId>> = BTreeMap::new();
    for id in ids {
        kinds.entry(&id.kind).or_default().push(id);
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, ids)| std::cmp::Reverse(ids.len()));
    kinds
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::{Held, rules};
    use crate::plan::Release;

    fn change(component: &str, kind: &str, name: &str, action: Action) -> Change {
        let body = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
        Change::bare(&ObjectId::of(&body).unwrap(), component, action)
    }

    fn inside(name: &str) -> Change {
        let mut change = change("namespaces", "ConfigMap", name, Action::Delete);
        change.id.namespace = Some("ks".to_owned());
        change
    }

    fn held(name: &str) -> Release {
        let live = json!({"apiVersion": "v1", "kind": "Namespace", "metadata":
            {"name": name, "finalizers": ["finalizers.kubesphere.io/namespaces"]}});
        let known = &rules().finalizers[0];
        Release { held: Held::of(&live, known, &known.puts[0]).unwrap(), is_running: true }
    }

    fn unhandled(mut release: Release) -> Release {
        release.held.is_handled = false;
        release
    }

    #[test]
    fn it_is_told_how_to_delete_what_is_kept() {
        let kept = |kind, name| change("c", kind, name, Action::Keep);
        let changes = vec![kept("Namespace", "a"), kept("Namespace", "b"), kept("Secret", "c")];
        let plan = Plan { changes, ..Plan::default() };
        let none = PruneOptions::default();
        let told = kept_help(&plan, none, SettingNames::default()).unwrap();
        assert_eq!(
            told,
            "kept 2 Namespace; to delete them, run again with the consent to delete namespaces"
        );
        let all = PruneOptions { namespaces: true, ..none };
        assert_eq!(kept_help(&plan, all, SettingNames::default()), None);
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
            cascading: [change("crds", "Cluster", "host", Action::Delete)]
                .into_iter()
                .chain(["a", "b", "c", "d", "e", "f", "g"].map(inside))
                .collect(),
            uncounted: vec!["Widget.test.io/v1".to_owned()],
            released: vec![held("a"), held("b"), unhandled(held("c"))],
        };
        assert_eq!(
            overview(&plan),
            "- delete 4 objects
    tower: 2 Role, 1 Service
    ks-core: 1 Role
- delete 8 objects of others, whose CRDs or namespaces are deleted
    cluster-scoped: 1 Cluster (host)
    namespace ks: 7 ConfigMap (a, b, c, d, e and 2 more)
- not counted, since they cannot be listed: Widget.test.io/v1
~ remove labels and annotations of ksi from 1 object: Namespace/default
~ remove the finalizers of Deployment/kubesphere-system/ks-controller-manager, which is deleted, from 2 objects: 2 Namespace
~ remove the finalizers of Deployment/kubesphere-system/ks-controller-manager, which is no longer configured for them, from 1 object: Namespace/c
= keep 2 PersistentVolumeClaim: deleting it deletes data
Plan: 0 create, 1 update, 0 adopt, 4 delete, 0 conflict, 2 keep, 3 release, 0 unchanged
"
        );
    }
}
