//! Deletes one object, if it is still the one that is ours.

use super::identity::Identity;
use super::{Class, Error};
use crate::cluster::{Cluster, Preconditions, Problem, Propagation};
use crate::object::ObjectId;

/// How often its status may change while we delete it.
const TRIES: usize = 10;

/// Asks for the deletion of an object. Nothing is deleted that was never looked at.
pub(super) async fn delete(
    cluster: &Cluster,
    id: &ObjectId,
    seen: Option<&Identity>,
) -> Result<(), Error> {
    let Some(seen) = seen else {
        return Ok(());
    };
    for _ in 0..TRIES {
        let Some(live) = cluster.get(id).await? else {
            return Ok(());
        };
        let now = Identity::of(&live);
        if now.as_ref().map(|now| &now.uid) != Some(&seen.uid) {
            return Err(changed(id, "it was deleted and made again by somebody else"));
        }
        let preconditions = Preconditions {
            uid: Some(seen.uid.clone()),
            resource_version: now.and_then(|now| now.resource_version),
        };
        match cluster.delete(id, &preconditions, Propagation::Background).await {
            Err(error) if error.problem == Problem::Changed => {}
            answer => return Ok(answer?),
        }
    }
    Err(changed(id, "it changes faster than it can be deleted"))
}

fn changed(id: &ObjectId, cause: &str) -> Error {
    let help = "run again to see a plan for what is there now";
    Error::new(Class::Conflict, "delete", id.to_string(), cause, help)
}
