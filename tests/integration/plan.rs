//! What holds for every plan, whatever the objects are.
#![allow(clippy::unwrap_used)] // In the helpers of tests, which clippy does not take for tests.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ksi::inventory::{Base, Inventory, Key, PruneOptions, leaves};
use ksi::object::{Object, ObjectId, Policy, embedded, order, semantic};
use ksi::plan::merge::merge;
use ksi::plan::{
    Action, Observed, Plan, PlanOptions, TextOptions, apply_differences, diff, json, plan,
    plan_with, record, text,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3_i64).prop_map(Value::from),
        prop::sample::select(vec![
            "", "a", "168h", "168h0m0s", "0s", "x: y", "# no", "yes", "l1\nl2"
        ])
        .prop_map(Value::from),
    ]
}

/// Few keys and values, so that two of them often meet.
fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            mapping(inner.clone()),
            // Lists of named items, which are merged by name.
            btree_map("[ab]", inner, 0..3).prop_map(|items| {
                let item = |(name, inner)| json!({"name": name, "inner": inner});
                items.into_iter().map(item).collect()
            }),
        ]
    })
}

fn mapping(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    btree_map("[a-d]", inner, 0..4)
        .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>()))
}

fn document() -> impl Strategy<Value = Value> {
    mapping(value())
}

fn key() -> Key {
    Key::new([9; 32])
}

/// An object of any policy, with one of few names.
fn object() -> impl Strategy<Value = Object> {
    let kinds = vec![
        ("v1", "Namespace", Policy::Patch),
        ("v1", "Secret", Policy::Create),
        ("v1", "ConfigMap", Policy::Embedded),
        ("v1", "Service", Policy::Apply),
        ("apps/v1", "Deployment", Policy::Apply),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", Policy::Apply),
        ("unheard.of/v1", "Anything", Policy::Apply),
    ];
    let labels = btree_map("[ab]", "[xy]", 0..3);
    (prop::sample::select(kinds), "[pq]", document(), labels).prop_map(
        |((api, kind, policy), name, document, labels)| {
            let mut body = json!({
                "apiVersion": api, "kind": kind, "metadata": {"name": name, "labels": labels},
            });
            if policy == Policy::Embedded {
                embedded::write(&mut body, &document);
            } else {
                body["spec"] = document;
            }
            let id = ObjectId::of(&body).unwrap();
            Object { id, component: "c".into(), policy, body }
        },
    )
}

fn objects() -> impl Strategy<Value = Vec<Object>> {
    vec(object(), 0..8).prop_map(|mut objects| {
        order::sort(&mut objects);
        objects.dedup_by(|a, b| a.id == b.id);
        objects
    })
}

/// Objects that are there, some of which an earlier run may have recorded.
fn observed() -> impl Strategy<Value = Observed> {
    let live = vec((object(), any::<bool>()), 0..8);
    (live, objects(), any::<bool>()).prop_map(|(live, recorded, known)| {
        let mut objects = BTreeMap::new();
        for (object, annotated) in live {
            let mut body = object.body;
            if annotated {
                body["metadata"]["annotations"] = json!({"theirs": "1"});
            }
            objects.insert(object.id, body);
        }
        let mut inventory = Inventory::new(key(), "0.1.0");
        for object in &recorded {
            inventory.insert(inventory.entry(object, None));
        }
        Observed { objects, inventory: known.then_some(inventory), ..Observed::default() }
    })
}

/// What is there once a plan is carried out.
fn carried_out(plan: &Plan, desired: &[Object], observed: &Observed) -> Observed {
    let mut objects = observed.objects.clone();
    for change in &plan.changes {
        match change.action {
            Action::Create | Action::Update | Action::Adopt => {
                objects.insert(change.id.clone(), change.after.clone().unwrap());
            }
            Action::Delete => {
                objects.remove(&change.id);
            }
            Action::Keep | Action::Unchanged | Action::Conflict => {}
        }
    }
    let before = observed.inventory.clone().unwrap_or_else(|| Inventory::new(key(), "0.1.0"));
    let inventory = Some(record(&before, desired, plan, observed));
    Observed { objects, inventory, ..Observed::default() }
}

fn ids(plan: &Plan, wanted: &[Action]) -> Vec<ObjectId> {
    let matching = plan.changes.iter().filter(|change| wanted.contains(&change.action));
    matching.map(|change| change.id.clone()).collect()
}

proptest! {
    #[test]
    fn applying_a_difference_gives_the_other_value(a in value(), b in value()) {
        let mut patched = a.clone();
        apply_differences(&mut patched, &diff(&a, &b));
        prop_assert_eq!(&patched, &b);
        prop_assert!(diff(&b, &b).is_empty());
    }

    #[test]
    fn the_order_of_objects_does_not_depend_on_the_order_of_the_input(
        (sorted, mut shuffled) in objects().prop_flat_map(|o| (Just(o.clone()), Just(o).prop_shuffle()))
    ) {
        order::sort(&mut shuffled);
        prop_assert_eq!(&shuffled, &sorted);
        for pair in sorted.windows(2) {
            let place = |object: &Object| (order::rank(&object.id), object.id.clone());
            prop_assert!(place(&pair[0]) < place(&pair[1]));
            prop_assert!(order::rank(&pair[0].id) <= order::rank(&pair[1].id));
        }
    }

    #[test]
    fn nothing_is_removed_that_is_not_in_the_inventory(desired in objects(), observed in observed()) {
        let plan = plan(&desired, &observed);
        for id in ids(&plan, &[Action::Delete]) {
            prop_assert!(observed.inventory.as_ref().is_some_and(|i| i.get(&id).is_some()), "{id}");
            prop_assert!(desired.iter().all(|object| object.id != id), "{id}");
        }
        if desired.is_empty() {
            prop_assert!(!plan.has_changes());
        }
    }

    #[test]
    fn nothing_is_removed_whose_uid_is_not_in_the_inventory(
        desired in objects(), mut observed in observed(), uids in vec((0..4_u8, 0..4_u8), 8),
    ) {
        let all = PruneOptions { crds: true, data: true, namespaces: true, created: true };
        let options = PlanOptions { prune: all, allow_empty: true, ..PlanOptions::default() };
        // 0: a uid that nobody recorded, or no uid recorded.
        let mut uids = uids.into_iter().cycle();
        if let Some(inventory) = &mut observed.inventory {
            for mut entry in inventory.entries().to_vec() {
                let (recorded, _) = uids.next().unwrap();
                entry.uid = (recorded > 0).then(|| format!("u{recorded}"));
                inventory.insert(entry);
            }
        }
        for body in observed.objects.values_mut() {
            body["metadata"]["uid"] = json!(format!("u{}", uids.next().unwrap().1));
        }
        let plan = plan_with(&desired, &observed, &options);
        for id in ids(&plan, &[Action::Delete]) {
            let entry = observed.inventory.as_ref().and_then(|inventory| inventory.get(&id));
            let uid = entry.and_then(|entry| entry.uid.as_deref());
            prop_assert_eq!(uid, observed.objects[&id]["metadata"]["uid"].as_str());
        }
    }

    #[test]
    fn every_desired_object_is_planned_once(desired in objects(), observed in observed()) {
        let plan = plan(&desired, &observed);
        let mut planned: Vec<_> = plan.changes.iter().map(|change| &change.id).collect();
        planned.sort();
        prop_assert!(planned.windows(2).all(|pair| pair[0] != pair[1]));
        prop_assert!(desired.iter().all(|object| planned.contains(&&object.id)));
        for change in &plan.changes {
            let written = matches!(change.action, Action::Create | Action::Update | Action::Adopt);
            prop_assert!(!written || change.after.is_some());
            if change.action == Action::Update {
                prop_assert!(change.before != change.after);
            }
        }
    }

    #[test]
    fn a_second_plan_has_nothing_to_do(desired in objects(), observed in observed()) {
        let first = plan(&desired, &observed);
        let observed = carried_out(&first, &desired, &observed);
        let second = plan(&desired, &observed);
        let work = [Action::Create, Action::Update, Action::Adopt, Action::Delete];
        prop_assert_eq!(ids(&second, &work), []);
        let conflicts = [Action::Conflict];
        prop_assert_eq!(ids(&second, &conflicts), ids(&first, &conflicts));
        let inventory = observed.inventory.clone().unwrap();
        prop_assert_eq!(&record(&inventory, &desired, &second, &observed), &inventory);
    }

    #[test]
    fn a_merge_is_done_after_one_time(
        base in prop::option::of(document()), desired in document(), live in document()
    ) {
        let inventory = Inventory::new(key(), "0.1.0");
        let hashes = base.as_ref().map(|base| inventory.base_of(base));
        let base = hashes.as_ref().map(|hashes| Base::new(&inventory.key, hashes));
        let first = merge(base.as_ref(), &desired, &live);
        let second = merge(base.as_ref(), &desired, &first.merged);
        // As texts: the order of keys must not wander either.
        prop_assert_eq!(second.merged.to_string(), first.merged.to_string());
        prop_assert_eq!(second.conflicts, first.conflicts);
    }

    #[test]
    fn a_first_merge_has_all_that_is_desired_and_a_merge_with_itself_changes_nothing(
        desired in document(), live in document()
    ) {
        let first = merge(None, &desired, &live);
        prop_assert!(first.conflicts.is_empty());
        let merged: BTreeMap<_, _> = leaves(&first.merged).into_iter().collect();
        for (pointer, value) in leaves(&desired).iter().filter(|(_, value)| !semantic::is_empty(value)) {
            prop_assert!(merged.get(pointer).is_some_and(|m| semantic::same(m, value)), "{pointer}");
        }
        let again = merge(None, &desired, &desired);
        prop_assert!(semantic::same(&again.merged, &desired), "{}", again.merged);
        // Whoever renders what is there already changes nothing.
        let same = merge(None, &first.merged, &first.merged);
        prop_assert!(semantic::same(&same.merged, &first.merged));
    }

    #[test]
    fn what_only_others_wrote_survives_a_merge(desired in document(), theirs in value().prop_filter("says something", |v| !semantic::is_empty(v))) {
        let inventory = Inventory::new(key(), "0.1.0");
        let hashes = inventory.base_of(&desired);
        let base = Base::new(&inventory.key, &hashes);
        let mut live = desired.clone();
        live["foreign"] = theirs.clone();
        let result = merge(Some(&base), &desired, &live);
        prop_assert_eq!(&result.merged["foreign"], &theirs);
        prop_assert!(!result.foreign.is_empty());
    }

    #[test]
    fn no_secret_is_ever_shown(
        old in "CANARY[!-~]{6,20}", new in "CANARY[!-~ ]{6,20}", shape in document(), same in any::<bool>()
    ) {
        let new = if same { old.clone() } else { new };
        let before = secretive(&old, &shape);
        let after = secretive(&new, &shape);
        let mut recorded = Inventory::new(key(), "0.1.0");
        // Another base: conflicts show values too.
        for object in secretive("CANARY of the last run", &shape) {
            recorded.insert(recorded.entry(&object, None));
        }
        let live: BTreeMap<_, _> = before.iter().map(|o| (o.id.clone(), o.body.clone())).collect();
        for observed in [
            Observed::default(),
            Observed { objects: live.clone(), ..Observed::default() },
            Observed { objects: live, inventory: Some(recorded), ..Observed::default() },
        ] {
            for desired in [&after[..], &after[..1]] {
                let plan = plan(desired, &observed);
                let shown = text(&plan, TextOptions { context: 100, ..TextOptions::default() })
                    + &json(&plan).to_string();
                prop_assert!(!shown.contains("CANARY"), "{shown}");
                for secret in [&old, &new] {
                    prop_assert!(!shown.contains(&BASE64_STANDARD.encode(secret)), "{shown}");
                }
            }
        }
    }
}

/// Objects of every kind that hold a secret, with other things around it.
fn secretive(secret: &str, shape: &Value) -> Vec<Object> {
    let encoded = BASE64_STANDARD.encode(secret);
    let document = json!({
        "authentication": {
            "jwtSecret": secret, "more": shape,
            "oauthOptions": {"clients": [{"name": "kubesphere", "secret": secret, "x": shape}]},
        },
        "ldap": {"managerPassword": secret, "host": "h"},
        "cache": {"options": {"password": secret}},
        "s3": {"secretAccessKey": secret}, "openpitrix": {"s3": {"secretAccessKey": secret}},
        "devops": {"password": secret}, "sonarQube": {"token": secret},
        "unheardOf": [{"adminPassword": secret}], "shape": shape,
    });
    let mut config = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    embedded::write(&mut config, &document);
    let applied = json!({"kubectl.kubernetes.io/last-applied-configuration": secret});
    let list = [
        (Policy::Embedded, config),
        (
            Policy::Apply,
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "broken"},
                "data": {"kubesphere.yaml": format!("[}} {secret}")}}),
        ),
        (
            Policy::Apply,
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"annotations": applied},
                "data": {"token": encoded}, "stringData": {"plain": secret}, "shape": shape}),
        ),
        (
            Policy::Apply,
            json!({"apiVersion": "iam.kubesphere.io/v1alpha2", "kind": "User",
                "spec": {"password": secret, "shape": shape}}),
        ),
        (
            Policy::Apply,
            json!({"apiVersion": "cluster.kubesphere.io/v1alpha1", "kind": "Cluster",
                "spec": {"connection": {"token": secret, "kubeconfig": encoded}}}),
        ),
        (
            Policy::Apply,
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": {
                "containers": [{
                    "args": [format!("--token={secret}"), "--password", secret],
                    "env": [{"name": "ADMIN_PASSWORD", "value": secret}],
                }],
            }}}}),
        ),
        (
            Policy::Apply,
            json!({"apiVersion": "installer.kubesphere.io/v1alpha1", "kind": "ClusterConfiguration",
                "spec": {"authentication": {"adminPassword": secret, "jwtSecret": secret}}}),
        ),
    ];
    list.into_iter()
        .map(|(policy, mut body)| {
            if body["metadata"]["name"].is_null() {
                body["metadata"]["name"] = json!("x");
            }
            let id = ObjectId::of(&body).unwrap();
            Object { id, component: "c".into(), policy, body }
        })
        .collect()
}
