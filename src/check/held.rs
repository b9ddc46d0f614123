//! Objects with finalizers of controllers that do not exist.

use futures_util::future::try_join_all;

use crate::cluster::{Cluster, Error};
use crate::object::{Finalizers, Held, ObjectId, kubesphere, rules};

/// The objects with finalizers of controllers that do not exist: they can never be deleted.
///
/// # Errors
/// They cannot be read.
pub async fn held(cluster: &Cluster) -> Result<Vec<Held>, Error> {
    cluster.held(&absent(cluster).await?).await
}

/// The same on a cluster that may be in use: as long as KubeSphere runs, what others may have left of it is not
/// searched for among all Secrets.
pub(super) async fn held_in_use(cluster: &Cluster) -> Result<Vec<Held>, Error> {
    let absent = absent(cluster).await?;
    let runs = !absent.iter().any(|id| id.name == kubesphere::CONTROLLER_MANAGER);
    let of_secrets = |known: &Finalizers| known.puts.iter().any(|put| put.resource == "secrets");
    let costly: Vec<ObjectId> =
        rules().finalizers.iter().filter(|k| of_secrets(k)).map(Finalizers::controller).collect();
    let searched: Vec<ObjectId> =
        absent.into_iter().filter(|id| !runs || !costly.contains(id)).collect();
    cluster.held(&searched).await
}

/// The controllers that do not exist.
async fn absent(cluster: &Cluster) -> Result<Vec<ObjectId>, Error> {
    let controllers: Vec<ObjectId> =
        rules().finalizers.iter().map(Finalizers::controller).collect();
    let live = try_join_all(controllers.iter().map(|id| cluster.get(id))).await?;
    let absent = controllers.into_iter().zip(live).filter(|(_, live)| live.is_none());
    Ok(absent.map(|(id, _)| id).collect())
}
