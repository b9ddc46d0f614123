//! What is decided when the place foresees a write.

use serde_json::json;

use super::*;
use crate::inventory::{Inventory, Key};
use crate::object::{ObjectId, Policy};
use crate::plan::{Observed, plan_with, record};

fn wanted() -> Object {
    let body = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "namespace": "n"},
        "spec": {"replicas": 2, "paused": false},
    });
    let id = ObjectId::of(&body).unwrap();
    Object { id, component: "c".into(), policy: Policy::Apply, body }
}

/// Live as this manager left it, with defaults of the server.
fn live(manager: &str, replicas: u32) -> Value {
    let mut live = wanted().body;
    live["spec"] = json!({"replicas": replicas, "paused": false, "minReadySeconds": 0});
    live["metadata"]["uid"] = json!("u1");
    live["metadata"]["managedFields"] =
        json!([{"manager": manager, "operation": "Apply", "fieldsV1": {"f:spec": {}}}]);
    live
}

fn inventory() -> Inventory {
    let mut inventory = Inventory::new(Key::new([1; 32]), "0.1.0");
    inventory.insert(inventory.entry(&wanted(), Some("u1".into())));
    inventory
}

fn decide(
    live: Value,
    result: DryRunResult,
    inventory: Option<Inventory>,
    options: &PlanOptions,
) -> Change {
    let id = wanted().id;
    let observed = Observed {
        objects: [(id.clone(), live)].into(),
        dry_runs: [(id, result)].into(),
        inventory,
        ..Observed::default()
    };
    plan_with(&[wanted()], &observed, options).changes.remove(0)
}

fn conflict(fields: &[(&str, &str)], forced: Option<Value>) -> DryRunResult {
    let field = |(manager, field): &(&str, &str)| FieldConflict {
        manager: (*manager).into(),
        field: (*field).into(),
    };
    DryRunResult::Conflict { fields: fields.iter().map(field).collect(), forced }
}

#[test]
fn the_place_knows_better_than_a_comparison() {
    let decide = |live, result| decide(live, result, Some(inventory()), &PlanOptions::default());
    assert_eq!(decide(live("ksi", 7), DryRunResult::UpToDate).action, Action::Unchanged);
    // What the server adds is no difference.
    let same = decide(live("ksi", 2), DryRunResult::Changes(live("ksi", 2)));
    assert_eq!(same.action, Action::Unchanged);
    let change = decide(live("ksi", 3), DryRunResult::Changes(live("ksi", 2)));
    assert_eq!((change.action, change.force), (Action::Update, false));
    assert_eq!(change.after.as_ref().unwrap()["spec"]["minReadySeconds"], 0);
    assert_eq!(change.sent, Some(wanted().body));
    // Others took every field and left the values.
    let lost = decide(live("kubectl-edit", 2), DryRunResult::Changes(live("ksi", 2)));
    assert_eq!(lost.action, Action::Update);
    let refused = decide(live("ksi", 3), DryRunResult::Rejected("no".into()));
    assert_eq!(refused.action, Action::Conflict);
    assert_eq!(refused.reason.unwrap(), "rejected by the API server: no");
}

#[test]
fn fields_of_others_are_left_unless_they_may_be_taken() {
    let other = ("kubectl-scale", ".spec.replicas");
    let third = ("flux", ".spec.template.spec.containers[name=\"a\"].image");
    let decide = |fields: &[(&str, &str)], options: &PlanOptions| {
        let result = conflict(fields, Some(live("ksi", 2)));
        decide(live("ksi", 9), result, Some(inventory()), options)
    };
    let left = decide(&[other, third], &PlanOptions::default());
    assert_eq!((left.action, left.force), (Action::Conflict, false));
    let reason = "field manager conflict: .spec.replicas (kubectl-scale), \
                  .spec.template.spec.containers[name=\"a\"].image (flux)";
    assert_eq!(left.reason.unwrap(), reason);
    assert_eq!(left.before.unwrap()["spec"]["replicas"], 9);
    assert_eq!(left.after.unwrap()["spec"]["replicas"], 2);

    let winner = PlanOptions { winner: Winner::Desired, ..PlanOptions::default() };
    let forced = decide(&[other, third], &winner);
    assert_eq!((forced.action, forced.force), (Action::Update, true));
    assert_eq!(forced.sent, Some(wanted().body));
    let take = |fields: &[&str]| PlanOptions {
        take: fields.iter().map(|field| (*field).to_owned()).collect(),
        ..PlanOptions::default()
    };
    for (taken, action) in [
        (take(&[".spec.replicas"]), Action::Conflict),
        (take(&[".spec.replicas", ".spec.template"]), Action::Update),
        (
            take(&["Deployment/n/x:.spec.replicas", ".spec.template.spec.containers"]),
            Action::Update,
        ),
        (take(&["Deployment/n/y:.spec.replicas", ".spec.template"]), Action::Conflict),
        (take(&[".spec.rep", ".spec.template"]), Action::Conflict),
    ] {
        assert_eq!(decide(&[other, third], &taken).action, action, "{taken:?}");
    }
}

#[test]
fn what_was_written_as_ksi_by_other_means_than_apply_is_taken_back() {
    let result = conflict(&[("ksi", ".spec.replicas")], Some(live("ksi", 2)));
    let edited = decide(live("ksi", 9), result, Some(inventory()), &PlanOptions::default());
    assert_eq!((edited.action, edited.force), (Action::Update, true));
    assert_eq!(edited.reason.unwrap(), "takes ownership of .spec.replicas (ksi)");
}

#[test]
fn what_was_installed_by_hand_or_by_ks_installer_is_adopted_by_force() {
    let fields = [("kubectl-client-side-apply", ".spec.replicas"), ("helm", ".spec.paused")];
    let adopt = |fields: &[(&str, &str)], inventory: Option<Inventory>| {
        let result = conflict(fields, Some(live("ksi", 2)));
        decide(live("helm", 9), result, inventory, &PlanOptions::default())
    };
    let adopted = adopt(&fields, None);
    assert_eq!((adopted.action, adopted.force), (Action::Adopt, true));
    assert_eq!(adopted.reason.unwrap(), "managed by helm");
    // Somebody among them does not install: a person decides.
    let mixed = adopt(&[fields[0], ("my-operator", ".spec.paused")], None);
    assert_eq!(mixed.action, Action::Conflict);
    assert_eq!(mixed.reason.unwrap(), "field manager conflict: .spec.paused (my-operator)");
    // Ours already: what kubectl changed since is a conflict like any other.
    assert_eq!(adopt(&fields, Some(inventory())).action, Action::Conflict);
    // Not even force helps.
    let result = conflict(&fields, None);
    let refused = decide(live("helm", 9), result, None, &PlanOptions::default());
    assert_eq!((refused.action, refused.after), (Action::Conflict, None));
    // Nobody is in the way.
    let result = DryRunResult::Changes(live("ksi", 2));
    let calm = decide(live("helm", 2), result, None, &PlanOptions::default());
    assert_eq!((calm.action, calm.force), (Action::Adopt, false));
}

#[test]
fn what_is_not_written_is_recorded_as_it_is() {
    let id = wanted().id;
    let known = inventory();
    let observed = Observed {
        objects: [(id.clone(), live("ksi", 2))].into(),
        dry_runs: [(id.clone(), DryRunResult::UpToDate)].into(),
        inventory: Some(known.clone()),
        ..Observed::default()
    };
    let plan = plan_with(&[wanted()], &observed, &PlanOptions::default());
    let recorded = record(&known, &[wanted()], &plan, &observed);
    let entry = recorded.get(&id).unwrap();
    assert_eq!(entry.uid.as_deref(), Some("u1"));
    assert!(entry.owned.is_some() && entry.is_last_writer(&known, &live("ksi", 2)));
}

#[test]
fn what_a_killed_run_wrote_is_known_before_it_is_removed() {
    let id = wanted().id;
    let mut known = Inventory::new(Key::new([1; 32]), "0.1.0").intent([&wanted()]);
    let other = Object { id: ObjectId { name: "y".into(), ..id.clone() }, ..wanted() };
    for action in [Action::Keep, Action::Delete] {
        let observed = Observed {
            objects: [(id.clone(), live("ksi", 2))].into(),
            inventory: Some(known.clone()),
            ..Observed::default()
        };
        let desired = std::slice::from_ref(&other);
        let plan = plan_with(desired, &observed, &PlanOptions::default());
        let dropped = plan.changes.iter().find(|change| change.id == id).unwrap();
        assert_eq!(dropped.action, action, "{:?}", dropped.reason);
        known = record(&known, desired, &plan, &observed);
    }
    assert!(known.get(&id).is_none());
}
