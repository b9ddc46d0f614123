//! What earlier installations left behind.

use std::collections::BTreeSet;

use super::error::Error;
use crate::check::{self, OrphanedWebhook, ReadError};
use crate::cluster::{Cluster, ErrorKind, Kind, Preconditions, Propagation};
use crate::engine;
use crate::object::{Held, ObjectId};

/// What became of a webhook configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deletion {
    /// It was deleted.
    Deleted(ObjectId),
    /// It was recreated in the meantime, and was not deleted.
    Recreated(ObjectId),
}

/// Webhook configurations of KubeSphere and KubeFed of which no webhook has a backend.
///
/// # Errors
/// What stands behind webhooks cannot be read.
pub async fn orphaned_webhooks(cluster: &Cluster) -> Result<Vec<OrphanedWebhook>, Error> {
    let gathered = check::gather_webhooks(cluster).await;
    let found =
        check::orphaned_webhooks(&gathered).map_err(|ReadError(why)| Error::WebhooksUnread(why))?;
    Ok(found.into_iter().filter(|one| one.ours && one.wholly).collect())
}

/// Deletes the very object that was found.
///
/// # Errors
/// It cannot be deleted.
pub async fn delete(cluster: &Cluster, webhook: &OrphanedWebhook) -> Result<Deletion, Error> {
    let kind = Kind::new("admissionregistration.k8s.io", "v1", &webhook.kind);
    let same = Preconditions { uid: Some(webhook.uid.clone()), resource_version: None };
    let id = kind.named(None, &webhook.name);
    match cluster.delete(&id, &same, Propagation::Background).await {
        Ok(()) => Ok(Deletion::Deleted(id)),
        Err(error) if error.kind == ErrorKind::Changed => Ok(Deletion::Recreated(id)),
        Err(error) => Err(error.into()),
    }
}

/// The objects with finalizers of controllers of KubeSphere and KubeFed that do not exist.
///
/// # Errors
/// They cannot be read.
pub async fn held(cluster: &Cluster) -> Result<Vec<Held>, Error> {
    Ok(check::held(cluster).await?)
}

/// Removes the finalizers of what was found, and reports each object. Others are done also if one fails.
///
/// # Errors
/// They cannot be read, or some cannot be changed: all of these are named.
pub async fn remove_finalizers(
    cluster: &Cluster,
    found: &[Held],
    removed: impl FnMut(&Held),
) -> Result<(), Error> {
    let controllers: BTreeSet<ObjectId> =
        found.iter().map(|held| held.controller.clone()).collect();
    let controllers: Vec<ObjectId> = controllers.into_iter().collect();
    let find = async || {
        let mut held = cluster.held(&controllers).await?;
        // Only what the user has seen.
        held.retain(|held| found.iter().any(|known| known.id == held.id));
        Ok(held)
    };
    let remove = async |held: &Held| match cluster.remove_finalizers(held).await {
        Err(error) if error.kind != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    };
    let failed = engine::remove_finalizers(find, remove, || false, removed).await?;
    let failed: Vec<_> = failed.into_iter().map(|(_, error)| error).collect();
    if failed.is_empty() { Ok(()) } else { Err(Error::Unreleased(failed)) }
}
