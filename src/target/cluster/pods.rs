//! The pods of a Deployment that was deleted.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Error;
use crate::cluster::{Cluster, Kind, Selection};
use crate::object::ObjectId;

/// Whether no pod of a Deployment runs any more, also after the Deployment was deleted.
pub(super) async fn are_gone(cluster: &Cluster, deployment: &ObjectId) -> Result<bool, Error> {
    let selection = Selection::within(deployment.namespace.as_deref()).metadata();
    let pods = cluster.list(&Kind::new("", "v1", "Pod"), &selection).await?;
    let now = cluster.server_time();
    Ok(!pods.iter().any(|pod| is_of(pod, &deployment.name) && may_run(pod, now)))
}

/// A `ReplicaSet` has the name of its Deployment and a hash.
fn is_of(pod: &Value, deployment: &str) -> bool {
    let mut owners = pod["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    owners.any(|owner| {
        let name = owner["name"].as_str().unwrap_or_default();
        owner["kind"] == "ReplicaSet"
            && name.rsplit_once('-').is_some_and(|(before, _)| before == deployment)
    })
}

/// The time of deletion is when the pod is killed at the latest: a later one is left by a node that is dead.
fn may_run(pod: &Value, now: Option<OffsetDateTime>) -> bool {
    let end = pod["metadata"]["deletionTimestamp"].as_str();
    let end = end.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    end.zip(now).is_none_or(|(end, now)| now <= end)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_pod_runs_until_it_has_to_end() {
        let pod = |owner: &str, end: Value| {
            json!({"metadata": {"deletionTimestamp": end,
                "ownerReferences": [{"kind": "ReplicaSet", "name": owner}]}})
        };
        assert!(is_of(&pod("web-5d9f8", json!(null)), "web"));
        assert!(!is_of(&pod("web-other-5d9f8", json!(null)), "web"));
        assert!(!is_of(&json!({"metadata": {}}), "web"));
        let now = Some(datetime!(2026-01-01 12:00:00 UTC));
        assert!(may_run(&pod("web-1", json!(null)), now));
        assert!(may_run(&pod("web-1", json!("2026-01-01T12:00:10Z")), now));
        assert!(!may_run(&pod("web-1", json!("2026-01-01T11:59:10Z")), now), "its node is dead");
        assert!(may_run(&pod("web-1", json!("2026-01-01T11:59:10Z")), None));
    }
}
