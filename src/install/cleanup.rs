//! What earlier installations left behind.

use super::error::Error;
use crate::check::{self, OrphanedWebhook, ReadError};
use crate::cluster::{Cluster, ErrorKind, Kind, Preconditions, Propagation};
use crate::object::ObjectId;

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
