//! The permissions to read, write and delete rendered objects.

use std::collections::BTreeSet;

use super::Right;
use super::plural::Plurals;
use crate::object::{Finalizers, Object, ObjectId, Policy, rules};

const RBAC: &str = "rbac.authorization.k8s.io";

/// The verbs for one object by name. Server-side apply is a PATCH, which names the object it creates.
fn by_name(id: &ObjectId, policy: Policy) -> &'static [&'static str] {
    match policy {
        // Deleting a CRD deletes objects of others, which is left to administrators.
        Policy::Apply if id.is_definition() => &["create", "patch"],
        Policy::Apply => &["create", "patch", "delete"],
        // A Secret follows the stored values. Other objects are created once; a dry run of an apply shows
        // whether the webhook in front of them works.
        Policy::Create if id.is_secret() => &["update", "delete"],
        Policy::Create => &["patch", "delete"],
        Policy::Embedded => &["update", "delete"],
        Policy::Patch => &["patch"],
    }
}

/// The permissions to install and uninstall objects. `among` has the CRDs with their resource names.
pub fn rendered<'o>(
    objects: impl IntoIterator<Item = &'o Object>,
    among: &[Object],
) -> BTreeSet<Right> {
    let plurals = Plurals::of(among);
    let objects: Vec<&Object> = objects.into_iter().collect();
    let releasing = releasing(&objects, among);
    objects.into_iter().flat_map(|object| of_one(object, &plurals)).chain(releasing).collect()
}

/// The permissions to take the finalizers of controllers off whatever has them, when the controllers are
/// uninstalled.
fn releasing(objects: &[&Object], among: &[Object]) -> BTreeSet<Right> {
    let is_rendered = |known: &&Finalizers| {
        let controller = known.controller();
        objects.iter().any(|object| object.id == controller)
    };
    let puts = rules().finalizers.iter().filter(is_rendered).flat_map(|known| &known.puts);
    let resources = puts.flat_map(|put| match put.resource.strip_prefix('*') {
        Some(group) => {
            let defined = among.iter().filter(|object| object.id.is_definition());
            defined.map(|o| o.id.name.as_str()).filter(|name| name.ends_with(group)).collect()
        }
        None => vec![put.resource.as_str()],
    });
    let rights = resources.flat_map(|name| {
        let (resource, group) = name.split_once('.').unwrap_or((name, ""));
        ["list", "patch"].map(|verb| Right {
            group: group.to_owned(),
            resource: resource.to_owned(),
            verb: verb.to_owned(),
            ..Right::default()
        })
    });
    rights.collect()
}

fn of_one(object: &Object, plurals: &Plurals) -> BTreeSet<Right> {
    let Object { id, policy, body, .. } = object;
    let mut rights = BTreeSet::new();
    let all = Right {
        group: id.group.clone(),
        resource: plurals.resource(id),
        namespace: id.namespace.clone(),
        ..Right::default()
    };
    let mut add = |verb: &str, name: Option<&str>| {
        let (verb, name) = (verb.to_owned(), name.map(str::to_owned));
        rights.insert(Right { verb, name, ..all.clone() });
    };
    for verb in ["get", "list", "watch"] {
        add(verb, None);
    }
    for verb in by_name(id, *policy) {
        add(verb, Some(&id.name));
    }
    if matches!(policy, Policy::Create | Policy::Embedded) {
        add("create", None);
    }
    if id.group != RBAC {
        return rights;
    }
    if id.kind.ends_with("Binding") {
        // Binding a role grants its permissions.
        let role = &body["roleRef"];
        let [kind, name] = ["kind", "name"].map(|key| role[key].as_str().unwrap_or_default());
        rights.insert(Right {
            resource: format!("{}s", kind.to_lowercase()),
            verb: "bind".to_owned(),
            name: Some(name.to_owned()),
            ..all
        });
    } else {
        add("escalate", Some(&id.name));
    }
    rights
}

/// The permissions without which a run cannot write these objects, each with whether it is new. Without
/// `watch` a run polls, and `delete` is not needed for objects that are not deleted.
pub fn writing<'o>(
    objects: impl IntoIterator<Item = (&'o Object, bool)>,
    among: &[Object],
) -> BTreeSet<Right> {
    let plurals = Plurals::of(among);
    let each = objects.into_iter().flat_map(|(object, is_new)| {
        of_one(object, &plurals).into_iter().filter(move |right| match right.verb.as_str() {
            "watch" | "delete" => false,
            "create" => is_new,
            "update" => !is_new,
            _ => true,
        })
    });
    each.collect()
}

/// The permissions to delete objects that are no longer rendered.
pub fn deleting<'i>(
    ids: impl IntoIterator<Item = &'i ObjectId>,
    among: &[Object],
) -> BTreeSet<Right> {
    let plurals = Plurals::of(among);
    let right = |id: &ObjectId| Right {
        group: id.group.clone(),
        resource: plurals.resource(id),
        namespace: id.namespace.clone(),
        verb: "delete".to_owned(),
        name: Some(id.name.clone()),
    };
    ids.into_iter().map(right).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object(body: Value, policy: Policy) -> Object {
        Object { id: ObjectId::of(&body).unwrap(), component: "c".into(), policy, body }
    }

    fn words(objects: &[Object]) -> Vec<String> {
        let rights = rendered(objects, objects);
        let shown = rights.iter().filter(|right| !["get", "list", "watch"].contains(&&*right.verb));
        let words = shown.map(|right| {
            let place = right.namespace.as_deref().unwrap_or("-");
            let name = right.name.as_deref().unwrap_or("*");
            format!("{} {} {place} {name}", right.verb, right.full_resource())
        });
        words.collect()
    }

    #[test]
    fn what_is_posted_has_no_name_and_what_is_applied_has() {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "a", "namespace": "n"}});
        assert_eq!(
            words(&[object(map.clone(), Policy::Apply)]),
            ["create configmaps n a", "delete configmaps n a", "patch configmaps n a"]
        );
        assert_eq!(
            words(&[object(map, Policy::Embedded)]),
            ["create configmaps n *", "delete configmaps n a", "update configmaps n a"]
        );
    }

    #[test]
    fn what_others_own_is_never_deleted() {
        let body =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}});
        assert_eq!(words(&[object(body, Policy::Patch)]), ["patch namespaces - default"]);
    }

    #[test]
    fn roles_are_escalated_and_what_is_bound_is_named() {
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": "viewer"}});
        let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "b", "namespace": "n"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "x"}});
        let words = words(&[object(role, Policy::Apply), object(binding, Policy::Apply)]);
        let special: Vec<_> = words
            .iter()
            .filter(|word| word.starts_with("bind") || word.starts_with("escalate"))
            .collect();
        assert_eq!(
            special,
            [
                "escalate clusterroles.rbac.authorization.k8s.io - viewer",
                "bind clusterroles.rbac.authorization.k8s.io n x",
            ]
        );
    }
}
