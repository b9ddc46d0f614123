use serde_json::json;

use super::*;
use crate::inventory::Key;
use crate::object::{Object, Policy};

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
fn only_a_cluster_that_is_alone_changes_its_role_without_leave() {
    let no = GuardArgs::default();
    let yes = GuardArgs { allow_role_change: true, ..no };
    let roles = [Role::Host, Role::Member, Role::None];
    for (before, after) in roles.iter().flat_map(|b| roles.iter().map(move |a| (*b, *a))) {
        let turn = Turn { before: Some(before), after, jwt_secret: false };
        let free = before == after || before == Role::None;
        assert_eq!(turn.refusals(&[], no).is_empty(), free, "{before} to {after}");
        assert!(turn.refusals(&["m1".into()], yes).is_empty());
    }
    let turn = Turn { before: None, after: Role::Host, jwt_secret: true };
    assert!(turn.refusals(&[], no).is_empty());
    let turn = Turn { before: Some(Role::Host), after: Role::None, jwt_secret: false };
    let refusals = turn.refusals(&["m1".into(), "m2".into()], no);
    assert!(refusals[0].contains("lose their host: m1, m2"), "{refusals:?}");
    assert!(refusals[0].contains("--allow-role-change"), "{refusals:?}");
}

#[test]
fn another_jwt_secret_of_a_host_names_its_members() {
    let no = GuardArgs::default();
    let turn = Turn { before: Some(Role::Host), after: Role::Host, jwt_secret: true };
    assert!(turn.refusals(&[], no).is_empty());
    let members = ["m1".to_owned()];
    assert!(turn.refusals(&members, no)[0].contains("members until they get it too: m1"));
    assert!(turn.refusals(&members, GuardArgs { yes_break_members: true, ..no }).is_empty());
}

#[test]
fn an_installer_counts_that_runs_and_is_not_ours() {
    let deployment = |replicas: Value, manager: &str| {
        json!({"metadata": {"uid": "u", "managedFields": [{"manager": manager}]},
               "spec": {"replicas": replicas}})
    };
    assert_eq!(foreign_and_running(&deployment(json!(1), "kubectl")), Some("u".into()));
    assert_eq!(foreign_and_running(&deployment(json!(null), "kubectl")), Some("u".into()));
    assert_eq!(foreign_and_running(&deployment(json!(0), "kubectl")), None);
    assert_eq!(foreign_and_running(&deployment(json!(1), "ksi")), None);
}
