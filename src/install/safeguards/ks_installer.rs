//! The installer of KubeSphere 3, which would undo what ksi writes.

use serde_json::Value;

use super::Risk;
use crate::cluster::{Cluster, Error, Kind, Preconditions, Propagation};
use crate::config;
use crate::inventory::Inventory;
use crate::object::{FIELD_MANAGER, ObjectId, is_terminating};

/// A running ks-installer that is not ours.
///
/// # Errors
/// It cannot be read.
pub(super) async fn find(
    cluster: &Cluster,
    inventory: Option<&Inventory>,
) -> Result<Option<Risk>, Error> {
    let kind = Kind::new("apps", "v1", "Deployment");
    let deployment = kind.named(Some(config::NAMESPACE), config::NAME);
    let ours = inventory.is_some_and(|inventory| inventory.get(&deployment).is_some());
    let live = if ours { None } else { cluster.get(&deployment).await? };
    let uid = live.as_ref().and_then(foreign_and_running);
    Ok(uid.map(|uid| Risk::KsInstaller { deployment, uid }))
}

/// Deletes it, if it is still the one that was found.
///
/// # Errors
/// It is not, or we may not.
pub(in crate::install) async fn delete(
    cluster: &Cluster,
    deployment: &ObjectId,
    uid: &str,
) -> Result<(), Error> {
    let same = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
    cluster.delete(deployment, &same, Propagation::Background).await
}

fn foreign_and_running(live: &Value) -> Option<String> {
    let writers = live["metadata"]["managedFields"].as_array().into_iter().flatten();
    let ours = writers.into_iter().any(|entry| entry["manager"] == FIELD_MANAGER);
    let runs = live["spec"]["replicas"].as_u64() != Some(0);
    if ours || is_terminating(live) || !runs {
        return None;
    }
    live["metadata"]["uid"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_installer_counts_that_runs_and_is_not_ours() {
        let deployment = |replicas: Value, manager: &str| {
            json!({"metadata": {"uid": "u", "managedFields": [{"manager": manager}]},
                   "spec": {"replicas": replicas}})
        };
        assert_eq!(foreign_and_running(&deployment(json!(1), "kubectl")), Some("u".into()));
        assert_eq!(foreign_and_running(&deployment(json!(null), "kubectl")), Some("u".into()));
        assert_eq!(foreign_and_running(&deployment(json!(0), "kubectl")), None);
        assert_eq!(foreign_and_running(&deployment(json!(1), "ksi")), None);
    }
}
