//! What is decided on one object.

use serde_json::json;

use super::super::{Plan, plan, plan_with, record};
use super::*;
use crate::inventory::{Key, PruneOptions};
use crate::object::ObjectId;
use crate::plan::{TextOptions, Winner, text};
use crate::yaml::Path;

fn object(api: &str, kind: &str, policy: Policy, mut rest: Value) -> Object {
    rest["apiVersion"] = json!(api);
    rest["kind"] = json!(kind);
    rest["metadata"]["name"] = json!("x");
    Object { id: ObjectId::of(&rest).unwrap(), component: "c".into(), policy, body: rest }
}

fn deployment(replicas: u32) -> Object {
    object("apps/v1", "Deployment", Policy::Apply, json!({"spec": {"replicas": replicas}}))
}

fn config(text: &str) -> Object {
    object("v1", "ConfigMap", Policy::Embedded, json!({"data": {"kubesphere.yaml": text}}))
}

fn namespace(labels: &Value) -> Object {
    let body = json!({"metadata": {"labels": labels}, "spec": {"never": "ours"}});
    object("v1", "Namespace", Policy::Patch, body)
}

fn recorded(objects: &[&Object]) -> Inventory {
    let mut inventory = Inventory::new(Key::new([5; 32]), "0.1.0");
    for object in objects {
        inventory.insert(inventory.entry(object, None));
    }
    inventory
}

fn seen(objects: &[(&Object, Value)], inventory: Option<Inventory>) -> Observed {
    let objects = objects.iter().map(|(object, live)| (object.id.clone(), live.clone())).collect();
    Observed { objects, inventory, ..Observed::default() }
}

fn only(plan: &Plan) -> &Change {
    let [change] = &plan.changes[..] else { panic!("{:?}", plan.changes) };
    change
}

fn decided(desired: &[Object], observed: &Observed) -> (Action, Option<String>) {
    let plan = plan(desired, observed);
    let change = only(&plan);
    (change.action, change.reason.clone())
}

#[test]
fn whole_manifests_are_compared_without_what_servers_add() {
    let wanted = deployment(2);
    assert_eq!(decided(std::slice::from_ref(&wanted), &Observed::default()).0, Action::Create);
    let mut live = wanted.body.clone();
    live["metadata"]["resourceVersion"] = json!("7");
    live["status"] = json!({"replicas": 2});
    let same = seen(&[(&wanted, live)], None);
    assert_eq!(decided(std::slice::from_ref(&wanted), &same), (Action::Unchanged, None));
    let other = seen(&[(&wanted, deployment(3).body)], None);
    assert_eq!(decided(std::slice::from_ref(&wanted), &other), (Action::Update, None));
}

#[test]
fn what_is_being_deleted_is_made_anew() {
    let wanted = deployment(2);
    let mut live = wanted.body.clone();
    live["metadata"]["deletionTimestamp"] = json!("2027-01-15T08:00:00Z");
    let observed = seen(&[(&wanted, live)], Some(recorded(&[&wanted])));
    assert_eq!(decided(std::slice::from_ref(&wanted), &observed), (Action::Create, None));
}

#[test]
fn what_another_tool_made_is_adopted() {
    let wanted = deployment(2);
    let made_by = |manager: &str| {
        let mut live = wanted.body.clone();
        live["metadata"]["uid"] = json!("u1");
        live["metadata"]["managedFields"] = json!([
            {"manager": manager}, {"manager": "kube-controller-manager", "subresource": "status"}
        ]);
        live
    };
    let decide = |live: Value, inventory: Option<Inventory>| {
        decided(std::slice::from_ref(&wanted), &seen(&[(&wanted, live)], inventory))
    };
    let adopted = |reason: &str| (Action::Adopt, Some(reason.to_owned()));
    assert_eq!(decide(made_by("helm"), None), adopted("managed by helm"));
    assert_eq!(decide(made_by("helm"), Some(recorded(&[]))), adopted("managed by helm"));
    let unknown = adopted("already exists and is not in the inventory");
    assert_eq!(decide(wanted.body.clone(), Some(recorded(&[]))), unknown);
    assert_eq!(decide(made_by("ksi"), None).0, Action::Unchanged);
    assert_eq!(decide(made_by("ksi"), Some(recorded(&[&wanted]))).0, Action::Unchanged);
    // Ours, but others took every field: written again, without asking.
    assert_eq!(decide(made_by("kubectl-edit"), Some(recorded(&[&wanted]))).0, Action::Update);
    // Deleted and made again: another object.
    let mut inventory = recorded(&[]);
    inventory.insert(inventory.entry(&wanted, Some("u0".into())));
    assert_eq!(decide(made_by("ksi"), Some(inventory)).0, Action::Adopt);
    // Announced by a run that was killed: a file is ours, what a tool made is not.
    let announced = recorded(&[]).intent([&wanted]);
    assert_eq!(decide(wanted.body.clone(), Some(announced.clone())).0, Action::Unchanged);
    assert_eq!(decide(made_by("helm"), Some(announced)).0, Action::Adopt);
}

#[test]
fn what_is_created_once_is_never_compared() {
    let wanted = object("v1", "Secret", Policy::Create, json!({"data": {"a": "MQ=="}}));
    let live = object("v1", "Secret", Policy::Create, json!({"data": {"a": "Mg=="}})).body;
    let observed = seen(&[(&wanted, live)], Some(recorded(&[])));
    assert_eq!(decided(&[wanted], &observed), (Action::Unchanged, None));
}

#[test]
fn what_belongs_to_the_host_is_left_to_it() {
    let wanted = deployment(2);
    let mut live = deployment(3).body;
    live["metadata"]["labels"] = json!({"kubefed.io/managed": "true"});
    let observed = seen(&[(&wanted, live)], None);
    assert_eq!(decided(&[wanted], &observed).0, Action::Keep);
}

#[test]
fn replicas_that_somebody_scales_are_left_out() {
    let wanted = deployment(2);
    let mut live = deployment(9).body;
    live["spec"]["paused"] = json!(true);
    live["metadata"]["managedFields"] = json!([
        {"manager": "ksi", "fieldsV1": {}},
        {"manager": "kubectl", "subresource": "scale", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
    ]);
    let plan = plan(std::slice::from_ref(&wanted), &seen(&[(&wanted, live)], None));
    assert_eq!(only(&plan).action, Action::Update);
    assert_eq!(only(&plan).after.as_ref().unwrap()["spec"], json!({}));
}

#[test]
fn only_labels_are_put_on_what_is_not_ours_and_given_back() {
    let wanted = namespace(&json!({"workspace": "system"}));
    // Not there, as in a directory: a part that cannot take the object over.
    let plan_absent = plan(std::slice::from_ref(&wanted), &Observed::default());
    let partial = only(&plan_absent).after.clone().unwrap();
    let expected = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "x", "labels": {"workspace": "system"}},
    });
    assert_eq!(partial, expected);
    // There: ours is merged in, the rest stays.
    let live = json!({
        "apiVersion": "v1", "kind": "Namespace", "spec": {"finalizers": ["kubernetes"]},
        "metadata": {"name": "x", "uid": "u", "labels": {"theirs": "1"}},
    });
    let put = plan(std::slice::from_ref(&wanted), &seen(&[(&wanted, live.clone())], None));
    let after = only(&put).after.clone().unwrap();
    assert_eq!(after["metadata"]["labels"], json!({"theirs": "1", "workspace": "system"}));
    assert_eq!(after["spec"], json!({"finalizers": ["kubernetes"]}));
    let inventory = recorded(&[&wanted]);
    let observed = seen(&[(&wanted, after.clone())], Some(inventory.clone()));
    assert_eq!(decided(std::slice::from_ref(&wanted), &observed).0, Action::Unchanged);
    // Another hand changed it: a conflict, unless we are told to take it.
    let mut changed = after.clone();
    changed["metadata"]["labels"]["workspace"] = json!("mine");
    let observed = seen(&[(&wanted, changed)], Some(inventory.clone()));
    assert_eq!(decided(std::slice::from_ref(&wanted), &observed).0, Action::Conflict);
    let options = PlanOptions { winner: Winner::Desired, ..PlanOptions::default() };
    let forced = plan_with(std::slice::from_ref(&wanted), &observed, &options);
    assert_eq!(only(&forced).action, Action::Update);
    // One label less, and then none: ours go, theirs stay.
    let fewer = namespace(&json!({}));
    let observed = seen(&[(&wanted, after.clone())], Some(inventory.clone()));
    let plan_fewer = plan(&[fewer], &observed);
    let labels = |plan: &Plan, at: usize| {
        plan.changes[at].after.as_ref().unwrap()["metadata"]["labels"].clone()
    };
    assert_eq!(labels(&plan_fewer, 0), json!({"theirs": "1"}));
    let dropped = plan(&[deployment(1)], &observed);
    assert_eq!(dropped.changes[1].action, Action::Update);
    assert_eq!(labels(&dropped, 1), json!({"theirs": "1"}));
    assert!(record(&inventory, &[deployment(1)], &dropped, &observed).get(&wanted.id).is_none());
}

#[test]
fn a_document_of_the_same_meaning_is_not_written() {
    let wanted = config("a: 168h\nb: false\nc: 1\n");
    let mut live = config("c: 1\na: 168h0m0s\nforeign: 2\n").body;
    live["metadata"]["labels"] = json!({"theirs": "1"});
    for inventory in [None, Some(recorded(&[&wanted]))] {
        let plan =
            plan(std::slice::from_ref(&wanted), &seen(&[(&wanted, live.clone())], inventory));
        assert_eq!(only(&plan).action, Action::Unchanged);
        assert_eq!(only(&plan).foreign, [Path::keys("foreign")]);
    }
}

#[test]
fn a_document_is_merged_into_what_is_there() {
    let (old, wanted) = (config("a: 1\nb: 1\n"), config("a: 2\n"));
    let mut live = config("foreign: 3\nb: 1\na: 1\n").body;
    live["data"]["other"] = json!("theirs");
    let observed = seen(&[(&old, live)], Some(recorded(&[&old])));
    let plan = plan(&[wanted], &observed);
    assert_eq!(only(&plan).action, Action::Update);
    let data = &only(&plan).after.as_ref().unwrap()["data"];
    assert_eq!(*data, json!({"kubesphere.yaml": "a: 2\nforeign: 3\n", "other": "theirs"}));
}

#[test]
fn values_that_a_first_run_replaces_are_shown_masked() {
    let wanted = config("logging: {host: a, password: CANARY1, indexPrefix: x}\n");
    let live = config("logging: {host: b, password: CANARY2, indexPrefix: x}\nmore: 1\n").body;
    let first = plan(std::slice::from_ref(&wanted), &seen(&[(&wanted, live.clone())], None));
    let lines = super::super::replaced(&first);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].starts_with("logging.host in ConfigMap/")
            && lines[0].ends_with(r#"is "b", and the configuration replaces it with "a""#),
        "{lines:?}"
    );
    let shown = format!("{lines:?}{}", crate::plan::json(&first));
    assert!(!shown.contains("CANARY"), "{shown}");
    // What ksi wrote itself it may replace without a word.
    let old = config("logging: {host: b, password: CANARY2, indexPrefix: x}\n");
    let later = plan(&[wanted], &seen(&[(&old, live)], Some(recorded(&[&old]))));
    assert!(only(&later).replaced.is_empty());
}

#[test]
fn a_changed_key_is_a_conflict_that_shows_both_values_masked() {
    let wanted = config("address: a\nldap: {managerPassword: CANARY1}\nport: 1\n");
    let live = config("address: b\nldap: {managerPassword: CANARY2}\nport: 1\n").body;
    let observed = seen(&[(&wanted, live)], Some(recorded(&[&wanted])));
    let plan = plan(std::slice::from_ref(&wanted), &observed);
    assert_eq!(only(&plan).action, Action::Conflict);
    let expected = "! conflict ConfigMap/x (c): changed by somebody else after ksi wrote it: address, ldap.managerPassword
  address: keeping \"b\"; the configuration has \"a\"
  ldap.managerPassword: keeping \"*** (#2)\"; the configuration has \"*** (#1)\"

Plan: 0 create, 0 update, 0 adopt, 0 delete, 1 conflict, 0 unchanged
";
    assert_eq!(text(&plan, TextOptions::default()), expected);
    let json = crate::plan::json(&plan);
    assert!(!json.to_string().contains("CANARY"), "{json:#}");
    assert_eq!(json["changes"][0]["conflicts"][0]["path"], "address");
    // What was not written is not recorded as written: the conflict stays until somebody decides.
    let inventory = observed.inventory.clone().unwrap();
    assert_eq!(record(&inventory, &[wanted], &plan, &observed), inventory);
}

#[test]
fn a_document_that_cannot_be_read_is_not_overwritten() {
    let wanted = config("a: 1\n");
    let observed = seen(&[(&wanted, config("a: [hunter2").body)], None);
    let plan = plan(std::slice::from_ref(&wanted), &observed);
    assert_eq!(only(&plan).action, Action::Conflict);
    assert!(!text(&plan, TextOptions::default()).contains("hunter2"));
}

#[test]
fn only_what_is_in_the_inventory_is_removed_and_never_everything() {
    let (kept, gone, foreign) = (
        deployment(1),
        object("v1", "Service", Policy::Apply, json!({})),
        object("v1", "ConfigMap", Policy::Apply, json!({})),
    );
    let crd =
        object("apiextensions.k8s.io/v1", "CustomResourceDefinition", Policy::Apply, json!({}));
    let objects = [&kept, &gone, &foreign, &crd].map(|o| (o, o.body.clone()));
    let inventory = recorded(&[&kept, &gone, &crd]);
    let observed = seen(&objects, Some(inventory.clone()));
    let actions = |plan: &Plan| plan.changes.iter().map(|c| c.action).collect::<Vec<_>>();
    let plan_rest = plan(std::slice::from_ref(&kept), &observed);
    assert_eq!(actions(&plan_rest), [Action::Unchanged, Action::Keep, Action::Delete]);
    assert_eq!(plan_rest.changes[2].id, gone.id);
    let next = record(&inventory, std::slice::from_ref(&kept), &plan_rest, &observed);
    assert!(next.get(&gone.id).is_none() && next.get(&crd.id).is_some());
    // The flag opens the guard.
    let prune = PruneOptions { crds: true, ..PruneOptions::default() };
    let options = PlanOptions { prune, ..PlanOptions::default() };
    let all = plan_with(std::slice::from_ref(&kept), &observed, &options);
    assert_eq!(actions(&all), [Action::Unchanged, Action::Delete, Action::Delete]);
    // Nothing rendered removes nothing, unless that is what is wanted.
    assert_eq!(actions(&plan(&[], &observed)), [Action::Keep; 3]);
    let options = PlanOptions { allow_empty: true, ..PlanOptions::default() };
    let uninstall = plan_with(&[], &observed, &options);
    assert_eq!(actions(&uninstall), [Action::Keep, Action::Delete, Action::Delete]);
}

#[test]
fn what_kubefed_distributes_stays_unless_it_goes_with_its_own_host() {
    let labelled = |kind: &str, name: &str, labels: Value| {
        let metadata =
            json!({"name": name, "namespace": "kube-federation-system", "labels": labels});
        let body = json!({"apiVersion": "apps/v1", "kind": kind, "metadata": metadata});
        let id = ObjectId::of(&body).unwrap();
        Object { id, component: "c".into(), policy: Policy::Apply, body }
    };
    let federated = labelled("DaemonSet", "a", json!({"kubefed.io/managed": "true"}));
    let kubefed = labelled("Deployment", "kubefed-controller-manager", json!({}));
    let uninstall = PlanOptions { allow_empty: true, ..PlanOptions::default() };
    let fate = |recorded_objects: &[&Object], options: &PlanOptions| {
        let objects: Vec<_> = recorded_objects.iter().map(|o| (*o, o.body.clone())).collect();
        let observed = seen(&objects, Some(recorded(recorded_objects)));
        let wanted = std::slice::from_ref(&kubefed);
        let wanted = if options.allow_empty { &[] } else { wanted };
        let plan = plan_with(wanted, &observed, options);
        plan.changes.iter().find(|change| change.id == federated.id).unwrap().action
    };
    assert_eq!(fate(&[&federated], &uninstall), Action::Keep, "a member");
    assert_eq!(fate(&[&federated, &kubefed], &PlanOptions::default()), Action::Keep);
    assert_eq!(fate(&[&federated, &kubefed], &uninstall), Action::Delete, "a host");
}
