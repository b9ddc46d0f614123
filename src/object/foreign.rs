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
