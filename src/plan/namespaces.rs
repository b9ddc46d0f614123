//! Deleting a namespace deletes its content, so it is kept while it contains something that is kept.

use std::collections::BTreeSet;

use super::{Action, Change, Observed, PlanOptions};
use crate::inventory::{is_kept_for_now, missing_consent};
use crate::object::{Contents, ObjectId, Setting};

/// Keeps each namespace with a kept object in it, also of others, and that of ksi's inventory as long as the
/// inventory is needed.
pub(super) fn keep(
    others: &[Change],
    dropped: &mut [Change],
    observed: &Observed,
    options: &PlanOptions,
) {
    let has_inventory =
        |change: &Change| Some(&change.id.name) == options.record_namespace.as_ref();
    let mut kept = Vec::new();
    for (at, namespace) in deleted(dropped) {
        let stays = |change: &&Change| {
            change.action != Action::Delete
                && change.id.namespace.as_ref() == Some(&namespace.id.name)
        };
        let inside = others.iter().chain(dropped.iter()).find(stays);
        // Data of others is deleted no more readily than ours.
        let data = observed
            .contents
            .within(&namespace.id.name)
            .find_map(|id| Some((id, missing_consent(id, options.prune)?)));
        if let Some(inside) = inside {
            kept.push((at, format!("contains {}, which is kept", inside.id)));
        } else if let Some((id, protected)) = data {
            let setting = options.names.of(Setting::Deletion(protected.consent));
            let because = &protected.because;
            kept.push((
                at,
                format!("contains {id} of others; {because}; to delete it, use {setting}"),
            ));
        } else if has_inventory(namespace) {
            let later = |change: &&Change| {
                let live = observed.objects.get(&change.id);
                change.action == Action::Keep && is_kept_for_now(&change.id, live, options.prune)
            };
            let count = dropped.iter().filter(later).count();
            if let Some(first) = dropped.iter().find(later) {
                let more =
                    if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
                let reason = format!(
                    "contains ksi's inventory, which is needed to delete {}{more} later",
                    first.id
                );
                kept.push((at, reason));
            }
        }
    }
    // Another kept namespace is in the inventory, too.
    if let Some((first, _)) = kept.first() {
        let first = dropped[*first].id.clone();
        let record =
            deleted(dropped).find(|(_, namespace)| has_inventory(namespace)).map(|(at, _)| at);
        if let Some(at) = record.filter(|at| kept.iter().all(|(other, _)| other != at)) {
            kept.push((
                at,
                format!("contains ksi's inventory, which is needed to delete {first} later"),
            ));
        }
    }
    for (at, reason) in kept {
        let change = &mut dropped[at];
        change.action = Action::Keep;
        change.reason = Some(reason);
        change.before = None;
    }
}

/// The objects of others in deleted namespaces.
pub(super) fn lost(changes: &[Change], contents: &Contents) -> Vec<Change> {
    let known: BTreeSet<&ObjectId> = changes.iter().map(|change| &change.id).collect();
    let within = deleted(changes).flat_map(|(_, namespace)| {
        contents.within(&namespace.id.name).map(|id| (id, namespace.component.as_str()))
    });
    let lost = within.filter(|(id, _)| !known.contains(id));
    lost.map(|(id, component)| Change::cascading(id, component)).collect()
}

/// Whether a change deletes a namespace.
pub(super) fn is_deleted(change: &Change) -> bool {
    change.action == Action::Delete && change.id.is_namespace()
}

/// The namespaces that would be deleted.
fn deleted(changes: &[Change]) -> impl Iterator<Item = (usize, &Change)> {
    changes.iter().enumerate().filter(|(_, change)| is_deleted(change))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::inventory::{Inventory, Key, PruneOptions};
    use crate::object::{Object, ObjectId, Policy};
    use crate::plan::{Plan, plan_with};

    fn object(api: &str, kind: &str, namespace: Option<&str>, name: &str) -> Object {
        let mut body = json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}});
        if let Some(namespace) = namespace {
            body["metadata"]["namespace"] = namespace.into();
        }
        let id = ObjectId::of(&body).unwrap();
        Object { id, component: "c".into(), policy: Policy::Apply, body }
    }

    /// The plan when nothing is desired any more.
    fn removal(prune: PruneOptions, contents: Contents) -> Plan {
        removal_of(prune, contents, |_| {})
    }

    /// The same after an object was changed.
    fn removal_of(prune: PruneOptions, contents: Contents, change: impl Fn(&mut Object)) -> Plan {
        let crd = "apiextensions.k8s.io/v1";
        let objects = [
            object("v1", "Namespace", None, "data"),
            object("v1", "Namespace", None, "empty"),
            object("v1", "Namespace", None, "record"),
            object("v1", "PersistentVolumeClaim", Some("data"), "claim"),
            object(crd, "CustomResourceDefinition", None, "widgets"),
            object("v1", "Service", Some("record"), "web"),
        ];
        let mut inventory = Inventory::new(Key::new([1; 32]), "0.1.0");
        for object in &objects {
            inventory.insert(inventory.entry(object, None));
        }
        let changed = objects.into_iter().map(|mut object| {
            change(&mut object);
            (object.id, object.body)
        });
        let objects = changed.collect();
        let inventory = Some(inventory);
        let observed = Observed { objects, inventory, contents, ..Observed::default() };
        let options = PlanOptions {
            prune,
            allow_empty: true,
            record_namespace: Some("record".into()),
            ..PlanOptions::default()
        };
        plan_with(&[], &observed, &options)
    }

    /// The action for each namespace.
    fn fate(prune: PruneOptions) -> Vec<(String, Action)> {
        let plan = removal(prune, Contents::default());
        let mut fate: Vec<_> = plan
            .changes
            .iter()
            .filter(|change| change.id.is_namespace())
            .map(|change| (change.id.name.clone(), change.action))
            .collect();
        fate.sort_by(|a, b| a.0.cmp(&b.0));
        fate
    }

    #[test]
    fn a_namespace_stays_for_as_long_as_something_in_it_or_in_the_record_does() {
        let fates = |data, empty, record| {
            [("data", data), ("empty", empty), ("record", record)].map(|(n, a)| (n.to_owned(), a))
        };
        let (keep, delete) = (Action::Keep, Action::Delete);
        let all = PruneOptions { crds: true, data: true, namespaces: true, created: true };
        assert_eq!(fate(all), fates(delete, delete, delete));
        assert_eq!(fate(PruneOptions { data: false, ..all }), fates(keep, delete, keep));
        assert_eq!(fate(PruneOptions { crds: false, ..all }), fates(delete, delete, keep));
        assert_eq!(fate(PruneOptions { namespaces: false, ..all }), fates(keep, keep, keep));
    }

    #[test]
    fn the_inventory_stays_for_what_a_user_keeps_by_an_annotation() {
        let all = PruneOptions { crds: true, data: true, namespaces: true, created: true };
        let keep = |object: &mut Object| {
            if object.id.name == "widgets" {
                object.body["metadata"]["annotations"] = json!({"helm.sh/resource-policy": "keep"});
            }
        };
        let plan = removal_of(all, Contents::default(), keep);
        let kept = plan.changes.iter().filter(|change| change.action == Action::Keep);
        let kept: Vec<_> =
            kept.map(|c| (c.id.name.as_str(), c.reason.as_deref().unwrap())).collect();
        let expected = [
            (
                "record",
                "contains ksi's inventory, which is needed to delete CustomResourceDefinition/widgets later",
            ),
            ("widgets", "annotated with helm.sh/resource-policy=keep"),
        ];
        assert!(expected.iter().all(|one| kept.contains(one)) && kept.len() == 2, "{kept:?}");
    }

    #[test]
    fn what_others_made_in_a_namespace_is_counted_and_their_data_keeps_it() {
        let of_others = |kind, name| object("v1", kind, Some("empty"), name).id;
        let mine = of_others("ConfigMap", "mine");
        let ours = object("v1", "Service", Some("record"), "web").id;
        let elsewhere = object("v1", "Secret", Some("elsewhere"), "x").id;
        let mut contents = Contents {
            objects: [mine.clone(), ours, elsewhere].into(),
            unlisted: ["Widget.test.io/v1".to_owned()].into(),
        };
        let all = PruneOptions { crds: true, data: true, namespaces: true, created: true };
        let lost = |plan: &Plan| plan.cascading.iter().map(|c| c.id.clone()).collect::<Vec<_>>();
        let plan = removal(all, contents.clone());
        assert_eq!(lost(&plan), [mine], "what is ours is in the plan itself");
        assert_eq!(plan.uncounted, ["Widget.test.io/v1"]);

        let claim = of_others("PersistentVolumeClaim", "theirs");
        contents.objects.insert(claim);
        assert_eq!(lost(&removal(all, contents.clone())).len(), 2);
        let plan = removal(PruneOptions { data: false, ..all }, contents);
        assert!(lost(&plan).is_empty());
        let kept = plan.changes.iter().find(|change| change.id.name == "empty").unwrap();
        let reason = kept.reason.as_deref().unwrap();
        assert!(
            reason.starts_with("contains PersistentVolumeClaim/empty/theirs of others"),
            "{reason}"
        );
        let plan = removal(PruneOptions { namespaces: false, ..all }, Contents::default());
        assert!(plan.uncounted.is_empty());
    }
}
