//! The installer of KubeSphere 3, which would undo what ksi writes.

use serde_json::Value;

use super::Risk;
use crate::cluster::{Cluster, Error, Kind};
use crate::engine::Replaced;
use crate::inventory::Inventory;
use crate::object::{FIELD_MANAGER, ObjectId, is_terminating};
use crate::{config, deploy};

/// The Deployment of an installer that is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KsInstaller {
    /// It runs.
    Running(Replaced),
    /// It was deleted, and its pods still run.
    Terminating(Replaced),
}

impl KsInstaller {
    /// What the run deletes and awaits.
    pub(super) fn into_replaced(self) -> Replaced {
        match self {
            Self::Running(replaced) | Self::Terminating(replaced) => replaced,
        }
    }

    /// The risk of deleting it.
    pub(super) fn risk(&self) -> Option<Risk> {
        match self {
            Self::Running(Replaced { object, uid }) => {
                Some(Risk::KsInstaller { deployment: object.clone(), uid: uid.clone() })
            }
            Self::Terminating(_) => None,
        }
    }
}

/// The ks-installer that is not ours and could write.
///
/// # Errors
/// It cannot be read.
pub(super) async fn find(
    cluster: &Cluster,
    inventory: Option<&Inventory>,
) -> Result<Option<KsInstaller>, Error> {
    let deployment = deployment();
    let ours = inventory.is_some_and(|inventory| inventory.get(&deployment).is_some());
    let live = if ours { None } else { cluster.get(&deployment).await? };
    Ok(live.as_ref().and_then(|live| foreign_and_running(deployment, live)))
}

/// The controller of ksi, which has the same name, if it runs.
///
/// # Errors
/// It cannot be read.
pub(super) async fn controller(cluster: &Cluster) -> Result<Option<ObjectId>, Error> {
    let deployment = deployment();
    let live = cluster.get(&deployment).await?;
    let runs = |live: &Value| deploy::is_ours(live) && may_run(live) && !is_terminating(live);
    Ok(live.as_ref().is_some_and(runs).then_some(deployment))
}

fn deployment() -> ObjectId {
    Kind::new("apps", "v1", "Deployment").named(Some(config::NAMESPACE), config::NAME)
}

/// Whether it is not scaled to nothing.
fn may_run(live: &Value) -> bool {
    live["spec"]["replicas"].as_u64() != Some(0)
}

fn foreign_and_running(object: ObjectId, live: &Value) -> Option<KsInstaller> {
    let writers = live["metadata"]["managedFields"].as_array().into_iter().flatten();
    let written = writers.into_iter().any(|entry| entry["manager"] == FIELD_MANAGER);
    let ours = written || deploy::is_ours(live);
    let uid = live["metadata"]["uid"].as_str()?.to_owned();
    let replaced = Replaced { object, uid };
    if ours {
        None
    } else if is_terminating(live) {
        Some(KsInstaller::Terminating(replaced))
    } else {
        may_run(live).then_some(KsInstaller::Running(replaced))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_installer_counts_that_may_write_and_is_not_ours() {
        let id = Kind::new("apps", "v1", "Deployment").named(Some("n"), "ks-installer");
        let found = |replicas: Value, manager: &str, deleted: Value| {
            let metadata = json!({
                "uid": "u", "managedFields": [{"manager": manager}], "deletionTimestamp": deleted,
            });
            let live = json!({"metadata": metadata, "spec": {"replicas": replicas}});
            foreign_and_running(id.clone(), &live)
        };
        let replaced = Replaced { object: id.clone(), uid: "u".into() };
        let running = KsInstaller::Running(replaced.clone());
        for replicas in [json!(1), json!(null)] {
            assert_eq!(found(replicas, "kubectl", json!(null)).as_ref(), Some(&running));
        }
        assert_eq!(found(json!(0), "kubectl", json!(null)), None);
        assert_eq!(found(json!(1), "ksi", json!(null)), None);
        let controller =
            json!({"metadata": {"uid": "u", "labels": {"app.kubernetes.io/name": "ksi"}}});
        assert_eq!(foreign_and_running(id.clone(), &controller), None);
        let terminating = found(json!(1), "kubectl", json!("2026-01-01T00:00:00Z")).unwrap();
        assert_eq!(terminating, KsInstaller::Terminating(replaced));
        assert_eq!((terminating.risk(), running.risk().is_some()), (None, true));
    }
}
