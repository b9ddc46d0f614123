//! Deletes one object, if it is still the one that was looked at.

use serde_json::{Value, json};

use super::identity::Identity;
use super::{Error, ErrorKind};
use crate::cluster::{self, Cluster, Preconditions, Propagation};
use crate::object::{ObjectId, rules};

/// How often its status may change while we delete it.
const TRIES: usize = 10;

/// Asks for the deletion of an object. Nothing is deleted that was never observed.
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
            return Err(changed(id, "it was deleted and made again by somebody else"));
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
    Err(changed(id, "it changes faster than it can be deleted"))
}

/// The object with the mark by which its controller leaves what it made of it; `None` when it is gone.
async fn released(cluster: &Cluster, id: &ObjectId, live: Value) -> Result<Option<Value>, Error> {
    let Some(mark) = rules().pruning.releasing.iter().find(|mark| mark.group == id.group) else {
        return Ok(Some(live));
    };
    if live["metadata"]["annotations"][&mark.annotation] == *mark.value {
        return Ok(Some(live));
    }
    let marked = json!({
        // Not the one that somebody made in its place.
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

/// What becomes of the objects that it owns.
fn propagation(id: &ObjectId) -> Propagation {
    if rules().pruning.orphaning.iter().any(|kind| kind.matches(id)) {
        Propagation::Orphan
    } else {
        Propagation::Background
    }
}

fn changed(id: &ObjectId, cause: &str) -> Error {
    let help = "run again to see a plan for what is there now";
    Error::new(ErrorKind::Conflict, "delete", id.to_string(), cause, help)
}
