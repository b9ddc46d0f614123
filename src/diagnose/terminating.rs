//! What a terminating object waits for.

use serde_json::Value;

use super::finding::{self, Finding};
use crate::cluster::{Cluster, Kind, Selection};
use crate::health;
use crate::object::ObjectId;

/// Objects of one kind usually wait for the same controller, so only the first ones are named.
const NAMED: usize = 3;

/// What blocks the deletion of an object: its finalizers, the conditions in its status, and for a CRD the
/// objects of its kind.
pub(super) async fn finding(cluster: &Cluster, id: &ObjectId, live: &Value) -> Finding {
    let of_kind = match id.kind.as_str() {
        "CustomResourceDefinition" => blocking_objects(cluster, live).await,
        _ => Vec::new(),
    };
    let inside = id.is_namespace() || !of_kind.is_empty();
    let message = match of_kind.len() {
        0 => health::assess(live).reason().unwrap_or("is being deleted").to_owned(),
        count => {
            let more =
                if count > NAMED { format!(" and {} more", count - NAMED) } else { String::new() };
            let first: Vec<_> = of_kind.into_iter().take(NAMED).collect();
            format!("is being deleted: waiting for {}{more}", first.join(", "))
        }
    };
    finding::terminating(id, &message, inside)
}

/// The objects of a CRD that finalizers block.
async fn blocking_objects(cluster: &Cluster, definition: &Value) -> Vec<String> {
    let spec = &definition["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let versions = spec["versions"].as_array().into_iter().flatten();
    let Some(version) = versions.into_iter().find(|version| version["served"] == true) else {
        return Vec::new();
    };
    let kind = Kind {
        group: text(&spec["group"]),
        version: text(&version["name"]),
        kind: text(&spec["names"]["kind"]),
    };
    let all = cluster.list(&kind, &Selection::default().metadata()).await.unwrap_or_default();
    all.iter().filter_map(with_finalizers).collect()
}

/// `User/admin (finalizer a.b/c)`; `None` if there are no finalizers.
fn with_finalizers(live: &Value) -> Option<String> {
    let finalizers = live["metadata"]["finalizers"].as_array()?;
    let names: Vec<_> = finalizers.iter().filter_map(Value::as_str).collect();
    let label = match names.len() {
        0 => return None,
        1 => "finalizer",
        _ => "finalizers",
    };
    Some(format!("{} ({label} {})", ObjectId::of(live)?, names.join(", ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_are_named_with_their_finalizers() {
        let user = |finalizers: Value| {
            json!({
                "apiVersion": "iam.kubesphere.io/v1alpha2", "kind": "User",
                "metadata": {"name": "admin", "finalizers": finalizers},
            })
        };
        assert_eq!(with_finalizers(&user(Value::Null)), None);
        assert_eq!(with_finalizers(&user(json!([]))), None);
        assert_eq!(with_finalizers(&user(json!(["a/b"]))).unwrap(), "User/admin (finalizer a/b)");
        let both = with_finalizers(&user(json!(["a/b", "c/d"]))).unwrap();
        assert_eq!(both, "User/admin (finalizers a/b, c/d)");
    }
}
