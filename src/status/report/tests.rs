use serde_json::json;
use time::format_description::well_known::Rfc3339;

use super::*;
use crate::status::testing::{available, deployment, installed, service};

fn now() -> OffsetDateTime {
    OffsetDateTime::parse("2026-11-21T16:20:00Z", &Rfc3339).unwrap()
}

fn live(objects: impl IntoIterator<Item = Value>) -> Snapshot {
    let named = |body: Value| (ObjectId::of(&body).unwrap(), body);
    let objects = objects.into_iter().map(named).collect();
    Snapshot { objects, ..Snapshot::default() }
}

fn shown(installed: &Installed, live: &Snapshot) -> Report {
    Report::new(installed, live, &About::default(), now())
}

#[test]
fn a_component_is_as_its_worst_object() {
    let installed = installed(&[deployment("tower"), service("tower")]);
    let report = shown(&installed, &live([available("tower"), service("tower")]));
    assert_eq!(report.state, State::Healthy);
    assert_eq!(report.components[0].workloads, Count { ready: 1, total: 1 });
    assert_eq!(report.components[0].objects, Count { ready: 2, total: 2 });
    assert_eq!(report.components[0].age_seconds, Some(300));
    let report = shown(&installed, &live([deployment("tower"), service("tower")]));
    assert_eq!(report.state, State::Progressing);
    assert_eq!(report.components[0].workloads, Count { ready: 0, total: 1 });
    let report = shown(&installed, &live([service("tower")]));
    assert_eq!(report.state, State::Missing);
    assert_eq!(report.components[0].unhealthy[0].reason, "not found");
}

#[test]
fn the_version_is_that_of_the_image() {
    let mut api = available("ks-apiserver");
    let image = |image: &str| json!([{"name": "a", "image": image}]);
    for (name, expected) in [
        ("r.local:5000/kubesphere/ks-apiserver:v3.4.1", Some("v3.4.1")),
        ("r/ks-apiserver:v3.4.1@sha256:abc", Some("v3.4.1")),
        ("r.local:5000/ks-apiserver", None),
    ] {
        api["spec"]["template"]["spec"]["containers"] = image(name);
        let report = shown(&installed(&[api.clone()]), &live([api.clone()]));
        assert_eq!(report.kubesphere.as_deref(), expected, "{name}");
    }
}

#[test]
fn tower_is_evaluated_with_what_is_known_of_the_cluster() {
    let mut tower = service("tower");
    tower["spec"] = json!({"type": "LoadBalancer", "clusterIP": "10.0.0.1",
        "ports": [{"port": 8080, "nodePort": 30721}]});
    let installed = installed(&[tower.clone()]);
    let about = About { node_address: Some("192.0.2.1".into()), ..About::default() };
    let found = Report::new(&installed, &live([tower.clone()]), &about, now()).tower;
    assert_eq!(found, Some(health::tower(&tower, None, Some("192.0.2.1"))));
    let about = About { publish_address: Some("https://t:443".into()), ..About::default() };
    let found = Report::new(&installed, &live([tower.clone()]), &about, now()).tower;
    assert_eq!(found, Some(health::tower(&tower, Some("https://t:443"), None)));
}

#[test]
fn what_others_changed_is_told() {
    let mut body = available("tower");
    body["metadata"]["uid"] = json!("u1");
    body["metadata"]["managedFields"] = json!([
        {"manager": "ksi", "operation": "Apply", "fieldsV1": {"f:spec": {}}, "time": "10:00:00"}
    ]);
    let mut installed = installed(&[body.clone()]);
    let entry = &mut installed.components[0].entries[0];
    entry.uid = Some("u1".into());
    entry.note(&installed.inventory, &body);
    assert_eq!(shown(&installed, &live([body.clone()])).drift, []);
    let mut again = body.clone();
    again["metadata"]["managedFields"][0]["time"] = "10:00:01".into();
    let drift = shown(&installed, &live([again.clone()])).drift;
    assert!(drift[0].reason.contains("written again as ksi"), "{drift:?}");
    // Early versions did not record the time.
    installed.components[0].entries[0].written = None;
    assert_eq!(shown(&installed, &live([again])).drift, []);
    let mut taken = body.clone();
    taken["metadata"]["managedFields"][0]["fieldsV1"] = json!({});
    let reason = |body: Value| shown(&installed, &live([body])).drift[0].reason.clone();
    assert!(reason(taken.clone()).starts_with("field managers changed: ksi no longer has"));
    let other =
        json!({"manager": "helm", "time": "10:00:02", "fieldsV1": {"f:spec": {"f:replicas": {}}}});
    taken["metadata"]["managedFields"].as_array_mut().unwrap().push(other);
    assert_eq!(reason(taken), "field managers changed: helm has .spec.replicas");
    body["metadata"]["uid"] = json!("u2");
    assert!(shown(&installed, &live([body])).drift[0].reason.contains("recreated"));
}

#[test]
fn pods_in_trouble_are_those_of_our_workloads() {
    let installed = installed(&[deployment("tower")]);
    let mut live = live([deployment("tower")]);
    for (name, app) in [("tower-x", "tower"), ("other-x", "other")] {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "a", "labels": {"app": app}},
            "status": {"phase": "Pending", "containerStatuses": [{"name": "c", "restartCount": 0,
                "state": {"waiting": {"reason": "ImagePullBackOff", "message": "m"}}}]},
        });
        live.pods.insert(ObjectId::of(&pod).unwrap(), pod);
    }
    let troubles = shown(&installed, &live).troubles;
    assert_eq!(troubles.len(), 1);
    assert_eq!(troubles[0].trouble.object.name, "tower-x");
    let text = crate::status::table(
        &shown(&installed, &live),
        now(),
        crate::status::TableOptions { colour: false, width: 80 },
    );
    assert!(text.contains("next: "), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}
