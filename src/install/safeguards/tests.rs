use serde_json::{Value, json};

use super::*;
use crate::inventory::{Inventory, Key};
use crate::object::{Object, Policy};
use crate::plan::{Change, Observed};
use crate::values::Given;

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
    let named = |api: &str, kind: &str| json!({"apiVersion": api, "kind": kind, "metadata": {"name": "tower"}});
    let kept = object("tower", named("v1", "Secret"));
    let runs = object("tower", named("apps/v1", "Deployment"));
    for (object, expected) in [(kept, Role::None), (runs, Role::Host)] {
        inventory.insert(inventory.entry(&object, None));
        let inventory = Some(inventory.clone());
        let objects = [config("none"), (object.id, object.body)].into();
        let observed = Observed { objects, inventory, ..Observed::default() };
        assert_eq!(installed_role(&observed), Some(expected));
    }
    // Recorded, and gone since.
    let observed = Observed { inventory: Some(inventory), ..Observed::default() };
    assert_eq!(installed_role(&observed), Some(Role::None));
}

fn known(texts: &[(&str, &str)]) -> StoredValues {
    StoredValues(texts.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect())
}

#[test]
fn another_jwt_secret_is_one_that_replaces_the_one_in_use() {
    let of = |secret: &str| {
        let (id, mut body) = config("host");
        body["data"]["kubesphere.yaml"] =
            json!(format!("authentication:\n  jwtSecret: \"{secret}\"\n"));
        (id, body)
    };
    let change = |before: Option<&str>, after: &str, action| {
        let (id, after) = of(after);
        let before = before.map(|text| of(text).1);
        Plan {
            changes: vec![Change {
                policy: Policy::Embedded,
                before,
                after: Some(after),
                ..Change::bare(&id, "ks-core", action)
            }],
            ..Plan::default()
        }
    };
    let none = known(&[]);
    let other = known(&[("jwtSecret", "stored")]);
    assert!(changes_jwt_secret(&change(Some("live"), "new", Action::Update), &none));
    assert!(!changes_jwt_secret(&change(Some("live"), "live", Action::Update), &other));
    // Somebody else's is left alone.
    assert!(!changes_jwt_secret(&change(Some("live"), "new", Action::Conflict), &none));
    // The ConfigMap is lost, or new.
    assert!(changes_jwt_secret(&change(None, "new", Action::Create), &other));
    assert!(!changes_jwt_secret(&change(None, "stored", Action::Create), &other));
    assert!(!changes_jwt_secret(&change(None, "new", Action::Create), &none));
    assert!(!changes_jwt_secret(&Plan::default(), &other));
}

#[test]
fn values_are_lost_that_were_there_once() {
    let given = Given { tower: true, ..Given::default() };
    let mut inventory = Inventory::new(Key::new([1; 32]), "0.1.0");
    let recorded = |inventory: &Inventory| Observed {
        inventory: Some(inventory.clone()),
        ..Observed::default()
    };
    assert_eq!(lost_values(&recorded(&inventory), &given, &known(&[])), [""; 0]);
    for component in ["ks-core", "tower"] {
        let body = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": component}});
        inventory.insert(inventory.entry(&object(component, body), None));
    }
    let observed = recorded(&inventory);
    assert_eq!(lost_values(&observed, &given, &known(&[])), ["jwtSecret", "towerCA"]);
    let stored = known(&[("jwtSecret", "s"), ("towerCA.crt", "c"), ("towerCA.key", "k")]);
    assert_eq!(lost_values(&observed, &given, &stored), [""; 0]);
    let given = Given { jwt_secret: Some("s"), tower: false, ..given };
    assert_eq!(lost_values(&observed, &given, &known(&[])), [""; 0]);
}

#[test]
fn only_a_cluster_that_is_alone_changes_its_role_without_consent() {
    let consents = [Consent::RoleChange].into_iter().collect();
    let roles = [Role::Host, Role::Member, Role::None];
    for (before, after) in roles.iter().flat_map(|b| roles.iter().map(move |a| (*b, *a))) {
        let risks = RoleChange { before: Some(before), after }
            .risks(false, &Members::Known(vec!["m1".into()]));
        let free = before == after || before == Role::None;
        let none = Consents::default();
        assert_eq!(unconfirmed(&risks, &none).is_empty(), free, "{before} to {after}");
        assert!(unconfirmed(&risks, &consents).is_empty());
    }
    let change = RoleChange { before: None, after: Role::Host };
    assert_eq!(change.risks(true, &Members::Known(Vec::new())), []);
    let members = vec!["m1".to_owned(), "m2".to_owned()];
    let (before, after) = (Role::Host, Role::None);
    let risks =
        RoleChange { before: Some(before), after }.risks(false, &Members::Known(members.clone()));
    assert_eq!(risks, [Risk::RoleChange { before, after, members }]);
}

#[test]
fn another_jwt_secret_of_a_host_names_its_members() {
    let change = RoleChange { before: Some(Role::Host), after: Role::Host };
    assert_eq!(change.risks(true, &Members::Known(Vec::new())), []);
    let members = vec!["m1".to_owned()];
    let risks = change.risks(true, &Members::Known(members.clone()));
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
        Change::bare(&ObjectId::of(&body).unwrap(), "c", Action::Delete)
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
