//! Deletes an object if it is still the observed one.

use serde_json::{Value, json};

use super::identity::Identity;
use super::{Error, ErrorKind};
use crate::cluster::{self, Cluster, Preconditions, Propagation};
use crate::object::{ObjectId, rules};

/// How often the object may change while it is being deleted.
const TRIES: usize = 10;

/// Deletes an object, unless it was never observed.
pub(super) async fn delete(
    cluster: &Cluster,
    id: &ObjectId,
    observed: Option<&Identity>,
) -> Result<(), Error> {
    let Some(observed) = observed else {
        return Ok(());
    };
    for _ in 0..TRIES {
        let Some(live) = cluster.get(id).await? else {
            return Ok(());
        };
        if Identity::of(&live).as_ref().map(|now| &now.uid) != Some(&observed.uid) {
            return Err(changed(id, "somebody else deleted and recreated it"));
        }
        let Some(live) = released(cluster, id, live).await? else {
            return Ok(());
        };
        let preconditions = Preconditions {
            uid: Some(observed.uid.clone()),
            resource_version: Identity::of(&live).and_then(|now| now.resource_version),
        };
        match cluster.delete(id, &preconditions, propagation(id)).await {
            Err(error) if error.kind == cluster::ErrorKind::Changed => {}
            answer => return Ok(answer?),
        }
    }
    Err(changed(id, "it keeps changing while it is being deleted"))
}

/// Deletes the workload with this uid. It is terminating until its pods have ended.
pub(super) async fn delete_with_pods(
    cluster: &Cluster,
    id: &ObjectId,
    uid: &str,
) -> Result<(), Error> {
    let same = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
    match cluster.delete(id, &same, Propagation::Foreground).await {
        Err(error) if error.kind == cluster::ErrorKind::Changed => {
            Err(changed(id, "somebody else deleted and recreated it"))
        }
        answer => Ok(answer?),
    }
}

/// The object with the annotation that makes its controller keep what it created for it; `None` if it no longer
/// exists.
async fn released(cluster: &Cluster, id: &ObjectId, live: Value) -> Result<Option<Value>, Error> {
    let Some(mark) = rules().pruning.releasing.iter().find(|mark| mark.group == id.group) else {
        return Ok(Some(live));
    };
    if live["metadata"]["annotations"][&mark.annotation] == *mark.value {
        return Ok(Some(live));
    }
    let marked = json!({
        // Only this object, not a recreated one.
        "metadata": {
            "uid": live["metadata"]["uid"],
            "annotations": {&mark.annotation: mark.value},
        },
    });
    match cluster.merge(id, &marked, None).await {
        Ok(marked) => Ok(Some(marked)),
        Err(error)
            if matches!(
                error.kind,
                cluster::ErrorKind::NotFound | cluster::ErrorKind::NotServed
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// What happens to the objects that it owns.
fn propagation(id: &ObjectId) -> Propagation {
    if rules().pruning.orphaning.iter().any(|kind| kind.matches(id)) {
        Propagation::Orphan
    } else {
        Propagation::Background
    }
}

fn changed(id: &ObjectId, cause: &str) -> Error {
    let help = "run again to plan for the current state";
    Error::new(ErrorKind::Conflict, "delete", id.to_string(), cause, help)
}
