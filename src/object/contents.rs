//! What is in namespaces.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{FIELD_MANAGER, ObjectId, rules};

/// What users and controllers made in some namespaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// The objects that no other object in them owns, without what Kubernetes makes itself and what ksi stores.
    pub objects: BTreeSet<ObjectId>,
    /// The kinds that could not be listed, and why.
    pub unlisted: BTreeSet<String>,
}

impl Contents {
    /// The contents from the metadata of all objects.
    pub fn of(live: &[Value], unlisted: BTreeSet<String>) -> Self {
        let uids: BTreeSet<&str> =
            live.iter().filter_map(|one| one["metadata"]["uid"].as_str()).collect();
        let made = live.iter().filter(|one| !is_owned(one, &uids) && !is_own(one));
        let objects = made.filter_map(|one| Some((ObjectId::of(one)?, one)));
        let objects = objects.filter(|(id, one)| !is_generated(id, one)).map(|(id, _)| id);
        Self { objects: objects.collect(), unlisted }
    }

    /// The objects in a namespace.
    pub fn within<'c>(&'c self, namespace: &'c str) -> impl Iterator<Item = &'c ObjectId> {
        self.objects.iter().filter(move |id| id.namespace.as_deref() == Some(namespace))
    }
}

/// Whether an object goes with another one that is listed, as pods go with their Deployment.
fn is_owned(live: &Value, uids: &BTreeSet<&str>) -> bool {
    let mut owners = live["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    owners.any(|owner| owner["uid"].as_str().is_some_and(|uid| uids.contains(uid)))
}

/// Whether ksi wrote it: its inventory, its stored values, its history.
fn is_own(live: &Value) -> bool {
    let mut writers = live["metadata"]["managedFields"].as_array().into_iter().flatten();
    writers.any(|writer| writer["manager"] == FIELD_MANAGER)
}

/// Whether Kubernetes made it without being asked.
fn is_generated(id: &ObjectId, live: &Value) -> bool {
    let known = rules().generated.iter().find(|known| known.kind.matches(id));
    known.is_some_and(|known| {
        let annotations = &live["metadata"]["annotations"];
        let named = known.names.contains(&id.name);
        let marked = known.annotation.as_ref().is_some_and(|name| !annotations[name].is_null());
        named || marked || (known.names.is_empty() && known.annotation.is_none())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_somebody_made_counts() {
        let live = |kind: &str, name: &str, more: Value| {
            let api = match kind {
                "Event" => "events.k8s.io/v1",
                "ReplicaSet" | "Deployment" => "apps/v1",
                "Lease" => "coordination.k8s.io/v1",
                _ => "v1",
            };
            let mut body = json!({"apiVersion": api, "kind": kind,
                "metadata": {"name": name, "namespace": "n", "uid": format!("{kind}-{name}")}});
            for (key, value) in more.as_object().unwrap() {
                body["metadata"][key] = value.clone();
            }
            body
        };
        let owned = |uid: &str| json!({"ownerReferences": [{"uid": uid}]});
        let none = || json!({});
        let all = [
            live("ConfigMap", "kube-root-ca.crt", none()),
            live("ConfigMap", "mine", none()),
            live("Deployment", "shop", none()),
            live("Event", "shop.1", none()),
            live("Lease", "leader", none()),
            live("Pod", "shop-1-a", owned("ReplicaSet-shop-1")),
            live("ReplicaSet", "shop-1", owned("Deployment-shop")),
            live(
                "Secret",
                "default-token-x",
                json!({"annotations": {"kubernetes.io/service-account.name": "default"}}),
            ),
            live("Secret", "ksi-values", json!({"managedFields": [{"manager": "ksi"}]})),
            live("Secret", "of-a-workspace", owned("somewhere-else")),
            live("ServiceAccount", "default", none()),
            live("ServiceAccount", "robot", none()),
        ];
        let contents = Contents::of(&all, BTreeSet::new());
        let names: Vec<String> = contents.objects.iter().map(ToString::to_string).collect();
        let expected = [
            "ConfigMap/n/mine",
            "Secret/n/of-a-workspace",
            "ServiceAccount/n/robot",
            "Deployment/n/shop",
        ];
        assert_eq!(names, expected);
        assert_eq!(contents.within("n").count(), 4);
        assert_eq!(contents.within("m").count(), 0);
    }
}
