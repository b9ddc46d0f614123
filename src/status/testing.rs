//! Installations for tests.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::about::About;
use super::installed::{Installed, InstalledComponent};
use super::report::{Report, State, Unhealthy};
use super::snapshot::Snapshot;
use crate::inventory::{Inventory, Key};
use crate::object::{Object, ObjectId, Policy};

pub(crate) fn deployment(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "a", "generation": 1,
            "creationTimestamp": "2026-11-21T16:15:00Z"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}},
    })
}

pub(crate) fn available(name: &str) -> Value {
    let mut body = deployment(name);
    body["status"] = json!({
        "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
        "availableReplicas": 1, "conditions": [
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
        ],
    });
    body
}

pub(crate) fn service(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "a"},
        "spec": {"type": "ClusterIP", "clusterIP": "10.0.0.1"},
    })
}

/// One component `tower` that holds these.
pub(crate) fn installed(bodies: &[Value]) -> Installed {
    let mut inventory = Inventory::new(Key::new([7; 32]), "0.1.0");
    for body in bodies {
        let object = Object {
            id: ObjectId::of(body).unwrap(),
            component: "tower".into(),
            policy: Policy::Apply,
            body: body.clone(),
        };
        inventory.insert(inventory.entry(&object, None));
    }
    let entries = inventory.entries().to_vec();
    let components = vec![InstalledComponent { name: "tower".into(), description: "", entries }];
    Installed { inventory, written: None, components }
}

/// A report of one Deployment that waits for something, or not.
pub(crate) fn report(reason: Option<&str>) -> Report {
    let live = available("tower");
    let live =
        Snapshot { objects: [(ObjectId::of(&live).unwrap(), live)].into(), ..Snapshot::default() };
    let now = OffsetDateTime::parse("2026-11-21T16:20:00Z", &Rfc3339).unwrap();
    let mut report = Report::new(&installed(&[deployment("tower")]), &live, &About::default(), now);
    if let Some(reason) = reason {
        let component = &mut report.components[0];
        component.state = State::Progressing;
        component.unhealthy = vec![Unhealthy {
            object: ObjectId::of(&deployment("tower")).unwrap(),
            state: State::Progressing,
            reason: reason.to_owned(),
        }];
        report.state = State::Progressing;
    }
    report
}
