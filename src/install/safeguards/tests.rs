use serde_json::{Value, json};

use super::*;
use crate::inventory::{Inventory, Key};
use crate::object::{Object, Policy};
use crate::plan::{Change, Observed};

fn object(component: &str, body: Value) -> Object {
    let id = ObjectId::of(&body).unwrap();
    Object { id, component: component.into(), policy: Policy::Apply, body }
}

fn config(role: &str) -> (ObjectId, Value) {
    let text = format!("multicluster:\n  clusterRole: {role}\n");
    let body = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "kubesphere-config", "namespace": "kubesphere-system"},
        "data": {"kubesphere.yaml": text},
    });
    (ObjectId::of(&body).unwrap(), body)
}

#[test]
fn the_role_that_is_installed_is_seen() {
    assert_eq!(installed_role(&Observed::default()), None);
    for (role, expected) in [("host", Role::Host), ("member", Role::Member), ("none", Role::None)] {
        let observed = Observed { objects: [config(role)].into(), ..Observed::default() };
        assert_eq!(installed_role(&observed), Some(expected));
    }
    let mut inventory = Inventory::new(Key::new([1; 32]), "0.1.0");
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}});
    for (component, expected) in [("ks-core", Role::None), ("tower", Role::Host)] {
        inventory.insert(inventory.entry(&object(component, service.clone()), None));
        let inventory = Some(inventory.clone());
        assert_eq!(installed_role(&Observed { inventory, ..Observed::default() }), Some(expected));
    }
}

#[test]
fn only_a_cluster_that_is_alone_changes_its_role_without_consent() {
    let consents = [Consent::RoleChange].into_iter().collect();
    let roles = [Role::Host, Role::Member, Role::None];
    for (before, after) in roles.iter().flat_map(|b| roles.iter().map(move |a| (*b, *a))) {
        let risks = RoleChange { before: Some(before), after }.risks(false, vec!["m1".into()]);
        let free = before == after || before == Role::None;
        let none = Consents::default();
        assert_eq!(unconfirmed(&risks, &none).is_empty(), free, "{before} to {after}");
        assert!(unconfirmed(&risks, &consents).is_empty());
    }
    let change = RoleChange { before: None, after: Role::Host };
    assert_eq!(change.risks(true, Vec::new()), []);
    let members = vec!["m1".to_owned(), "m2".to_owned()];
    let (before, after) = (Role::Host, Role::None);
    let risks = RoleChange { before: Some(before), after }.risks(false, members.clone());
    assert_eq!(risks, [Risk::RoleChange { before, after, members }]);
}

#[test]
fn another_jwt_secret_of_a_host_names_its_members() {
    let change = RoleChange { before: Some(Role::Host), after: Role::Host };
    assert_eq!(change.risks(true, Vec::new()), []);
    let members = vec!["m1".to_owned()];
    let risks = change.risks(true, members.clone());
    assert_eq!(risks, [Risk::JwtSecretChange { members }]);
    assert_eq!(unconfirmed(&risks, &Consents::default()).len(), 1);
    let other = [Consent::RoleChange].into_iter().collect();
    assert_eq!(unconfirmed(&risks, &other).len(), 1);
    let right = [Consent::BreakMembers].into_iter().collect();
    assert_eq!(unconfirmed(&risks, &right), Vec::<&Risk>::new());
}

#[test]
fn deletions_are_grouped_by_the_consent_that_they_need() {
    let delete = |api: &str, kind: &str| {
        let body = json!({"apiVersion": api, "kind": kind, "metadata": {"name": "x"}});
        Change::cascading(&ObjectId::of(&body).unwrap(), "c")
    };
    let changes = vec![
        delete("v1", "ConfigMap"),
        delete("v1", "Namespace"),
        delete("v1", "PersistentVolumeClaim"),
        delete("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ];
    let cascading = vec![delete("test.io/v1", "Widget")];
    let plan = Plan { changes, cascading, ..Plan::default() };
    let risks = of_deletions(&plan);
    let found = risks.iter().map(|risk| match risk {
        Risk::Deletion { consent, objects, cascading } => (*consent, objects.len(), *cascading),
        other => panic!("{other:?}"),
    });
    let expected = [
        (Consent::DeleteCrds, 1, 1),
        (Consent::DeleteData, 1, 0),
        (Consent::DeleteNamespaces, 1, 1),
    ];
    assert_eq!(found.collect::<Vec<_>>(), expected);
    assert_eq!(of_deletions(&Plan::default()), []);
}
