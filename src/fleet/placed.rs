//! What users placed on a member, and how that ends.

use std::time::Duration;

use super::edit::{Edited, edit};
use super::error::Error;
use super::host::{Host, federated_type_kind, kind_of};
use super::wait::wait_gone;
use super::{Observer, Step};
use crate::cluster::{Cluster, Kind, Selection};
use crate::member::{Placement, placements};

/// What is removed, and what may happen with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removal {
    /// Objects of users that name the member are changed: it is taken out of their placement.
    pub placed: bool,
    /// What was placed on the member is deleted there, too.
    pub delete_objects: bool,
    /// How long each wait may take.
    pub limit: Duration,
}

/// The objects of users that name a member in their placement.
///
/// # Errors
/// There are some, and `removal` does not allow to change them.
pub(super) async fn placed(
    host: &Host,
    member: &str,
    removal: Removal,
) -> Result<Vec<Placement>, Error> {
    let mut kinds = vec![Kind::new("tenant.kubesphere.io", "v1alpha2", "WorkspaceTemplate")];
    for config in host.cluster.list(&federated_type_kind(), &Selection::default()).await? {
        kinds.extend(kind_of(&config["spec"]["federatedType"]));
    }
    let mut all = Vec::new();
    for kind in &kinds {
        let objects = host.cluster.list(kind, &Selection::default()).await?;
        all.extend(placements(&objects, member));
    }
    if !all.is_empty() && !removal.placed {
        let objects = all.iter().map(|placement| placement.id.to_string()).collect();
        return Err(Error::Placed { name: member.to_owned(), objects });
    }
    Ok(all)
}

/// Takes the member out of the placement of an object, as that is now.
pub(super) async fn withdraw(
    host: &Host,
    placement: &Placement,
    member: &str,
    observer: Observer<'_>,
) -> Result<(), Error> {
    let edited = edit(&host.cluster, &placement.id, |live| {
        if let Some(clusters) = live["spec"]["placement"]["clusters"].as_array_mut() {
            clusters.retain(|cluster| cluster["name"] != member);
        }
    });
    if edited.await? == Edited::Written {
        let what = format!("the placement of {}", placement.id);
        observer(Step { verb: "changed", what, place: host.place() });
    }
    Ok(())
}

/// Waits until KubeFed has deleted on the member what an object placed there.
pub(super) async fn gone_from_member(
    host: &Host,
    member: &Cluster,
    placement: &Placement,
    limit: Duration,
) -> Result<(), Error> {
    let target = placement.id.kind.strip_prefix("Federated");
    let Some(kind) = host.types.iter().find(|kind| Some(&*kind.kind) == target) else {
        return Ok(());
    };
    let id = kind.named(placement.id.namespace.as_deref(), &placement.id.name);
    wait_gone(member, &id, limit).await
}
