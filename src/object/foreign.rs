//! Fields that other field managers own, according to the object itself.

use serde_json::Value;

use super::{FIELD_MANAGER, ObjectId, PathPattern, Segment, rules};

/// The fields of a live object that ksi owns: `fieldsV1` of our entry in its managedFields. `None` if
/// there is none.
pub fn owned_fields(live: &Value) -> Option<&Value> {
    own_entry(live).map(|entry| &entry["fieldsV1"])
}

/// When the API server recorded the last write as ksi of a live object, in whole seconds: `time` of our entry in its
/// managedFields. An apply that changes no value and no owned field leaves it as it is, and so do writes of others
/// (`managedfieldsupdater.go` of `k8s.io/apimachinery`).
pub fn written_at(live: &Value) -> Option<&str> {
    own_entry(live).and_then(|entry| entry["time"].as_str())
}

fn own_entry(live: &Value) -> Option<&Value> {
    let entries = live["metadata"]["managedFields"].as_array()?;
    let ours = |entry: &&Value| {
        entry["manager"] == FIELD_MANAGER
            && entry["operation"] == "Apply"
            && entry["subresource"].as_str().is_none_or(str::is_empty)
    };
    entries.iter().find(ours)
}

/// The fields that another field manager owns and that ksi therefore does not apply.
pub fn foreign_fields(id: &ObjectId, live: &Value) -> Vec<&'static PathPattern> {
    let metadata = &live["metadata"];
    let entries = metadata["managedFields"].as_array().map_or(&[][..], Vec::as_slice);
    rules()
        .foreign_fields
        .iter()
        .filter(|field| field.kind.matches(id))
        .filter(|field| {
            let annotated = field
                .annotation
                .as_ref()
                .is_some_and(|name| !metadata["annotations"][name].is_null());
            annotated
                || entries.iter().any(|entry| {
                    let by_manager =
                        field.managers.iter().any(|name| entry["manager"] == name.as_str());
                    let by_subresource = field
                        .subresource
                        .as_ref()
                        .is_some_and(|name| entry["subresource"] == name.as_str());
                    (by_manager || by_subresource)
                        && owns(&entry["fieldsV1"], field.path.segments())
                })
        })
        .map(|field| &field.path)
        .collect()
}

/// Fields that others have changed since ksi last did, by field manager: `(kubectl-edit, [.spec.replicas])`. The
/// status counts for nobody.
pub fn changed_by_others(live: &Value) -> Vec<(&str, Vec<String>)> {
    let entries = live["metadata"]["managedFields"].as_array().map_or(&[][..], Vec::as_slice);
    let is_ours = |entry: &&Value| entry["manager"] == FIELD_MANAGER;
    let since = entries.iter().filter(is_ours).filter_map(|entry| entry["time"].as_str()).max();
    let changed = entries.iter().filter(|entry| {
        let is_later = entry["time"].as_str() >= since;
        !is_ours(entry) && is_later && entry["subresource"].as_str().is_none_or(str::is_empty)
    });
    let named = changed.filter_map(|entry| {
        let mut fields = Vec::new();
        leaves(&entry["fieldsV1"], "", &mut fields);
        Some((entry["manager"].as_str()?, fields))
    });
    named.collect()
}

/// The paths of the leaves of a `fieldsV1` set.
fn leaves(fields: &Value, path: &str, found: &mut Vec<String>) {
    let inner = fields.as_object().into_iter().flatten().filter(|(key, _)| *key != ".");
    let mut is_leaf = true;
    for (key, fields) in inner {
        is_leaf = false;
        let path = match key.split_once(':') {
            Some(("f", name)) if name.contains(['.', '/']) => format!("{path}[{name}]"),
            Some(("f", name)) => format!("{path}.{name}"),
            Some((_, item)) => format!("{path}[{item}]"),
            None => path.to_owned(),
        };
        leaves(fields, &path, found);
    }
    if is_leaf && !path.is_empty() {
        found.push(path.to_owned());
    }
}

/// Whether a `fieldsV1` set contains a field: `f:key` for keys, `k:{…}` for list items.
fn owns(fields: &Value, path: &[Segment]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return true;
    };
    match first {
        Segment::Key(key) => {
            fields.get(format!("f:{key}")).is_some_and(|fields| owns(fields, rest))
        }
        Segment::Any => fields
            .as_object()
            .is_some_and(|fields| fields.values().any(|fields| owns(fields, rest))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn live(managed_fields: &Value) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "a", "managedFields": managed_fields},
        })
    }

    #[test]
    fn who_changed_what_after_ksi() {
        let at = |manager: &str, time: &str, fields: Value| json!({"manager": manager, "time": time, "fieldsV1": fields});
        let mut status = at("kubelet", "2026-11-21T12:00:00Z", json!({"f:status": {}}));
        status["subresource"] = json!("status");
        let live = live(&json!([
            at("ksi", "2026-11-21T10:00:00Z", json!({"f:spec": {"f:paused": {}}})),
            at("old", "2026-11-21T09:00:00Z", json!({"f:spec": {"f:paused": {}}})),
            at(
                "kubectl-edit",
                "2026-11-21T11:00:00Z",
                json!({
                    "f:metadata": {"f:labels": {".": {}, "f:a.b/c": {}}},
                    "f:spec": {"f:replicas": {}, "f:containers": {"k:{\"name\":\"a\"}": {"f:image": {}}}},
                })
            ),
            status,
        ]));
        let mut found = changed_by_others(&live);
        found[0].1.sort();
        let fields = [
            ".metadata.labels[a.b/c]",
            ".spec.containers[{\"name\":\"a\"}].image",
            ".spec.replicas",
        ];
        assert_eq!(found, [("kubectl-edit", fields.map(str::to_owned).to_vec())]);
    }

    #[test]
    fn replicas_belong_to_who_scales() {
        let fields = json!({"f:spec": {"f:replicas": {}}});
        let scaled = live(&json!([
            {"manager": "ksi", "fieldsV1": {"f:spec": {"f:template": {}}}},
            {"manager": "kube-controller-manager", "subresource": "scale", "fieldsV1": fields},
        ]));
        let id = ObjectId::of(&scaled).unwrap();
        assert_eq!(foreign_fields(&id, &scaled).len(), 1);
        let ours = live(&json!([{"manager": "ksi", "fieldsV1": fields}]));
        assert!(foreign_fields(&id, &ours).is_empty());
        assert!(foreign_fields(&id, &live(&json!(null))).is_empty());
    }

    #[test]
    fn a_ca_bundle_belongs_to_its_injector() {
        let bundle =
            json!({"f:webhooks": {"k:{\"name\":\"a.b\"}": {"f:clientConfig": {"f:caBundle": {}}}}});
        let webhook = |metadata: &Value| {
            json!({
                "apiVersion": "admissionregistration.k8s.io/v1", "metadata": metadata,
                "kind": "ValidatingWebhookConfiguration",
            })
        };
        let injected = webhook(&json!({"name": "a", "managedFields": [
            {"manager": "cert-manager-cainjector", "fieldsV1": bundle}
        ]}));
        let id = ObjectId::of(&injected).unwrap();
        assert_eq!(foreign_fields(&id, &injected).len(), 1);
        let annotated =
            json!({"name": "a", "annotations": {"cert-manager.io/inject-ca-from": "a/b"}});
        assert_eq!(foreign_fields(&id, &webhook(&annotated)).len(), 1);
        let ours = json!({"name": "a", "managedFields": [{"manager": "ksi", "fieldsV1": bundle}]});
        assert!(foreign_fields(&id, &webhook(&ours)).is_empty());
    }
}
