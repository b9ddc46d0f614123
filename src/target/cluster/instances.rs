//! Lists all objects of CRDs.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde_json::Value;

use super::Error;
use crate::cluster::{Cluster, Kind, Selection};
use crate::object::ObjectId;

/// The metadata of all objects of these CRDs, by CRD.
pub(super) async fn instances(
    cluster: &Cluster,
    definitions: &[ObjectId],
) -> Result<BTreeMap<ObjectId, Vec<Value>>, Error> {
    if definitions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let named = definitions.iter().filter_map(|id| {
        let (plural, group) = id.name.split_once('.')?;
        Some((id, plural, group))
    });
    let named: Vec<_> = named.collect();
    let wanted: BTreeSet<&str> = named.iter().map(|(_, _, group)| *group).collect();
    let served = cluster.read_path("/apis").await?;
    cluster.discover(versions(&served, &wanted)).await?;
    let lists = named.into_iter().map(|(id, plural, group)| async move {
        let kinds = cluster.kinds_of(group, plural);
        Ok::<_, Error>((id.clone(), list(cluster, &kinds).await?))
    });
    Ok(try_join_all(lists).await?.into_iter().collect())
}

/// The versions in which groups are served.
fn versions(served: &Value, wanted: &BTreeSet<&str>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for group in served["groups"].as_array().into_iter().flatten() {
        let name = group["name"].as_str().unwrap_or_default();
        let versions = group["versions"].as_array().into_iter().flatten();
        for version in versions.filter(|_| wanted.contains(name)) {
            if let Some(version) = version["version"].as_str() {
                found.push((name.to_owned(), version.to_owned()));
            }
        }
    }
    found
}

/// All objects of a kind, in the first version that can be read: others may need a conversion webhook that no
/// longer exists.
async fn list(cluster: &Cluster, kinds: &[Kind]) -> Result<Vec<Value>, Error> {
    let mut refused = None;
    for kind in kinds {
        match cluster.list(kind, &Selection::default().metadata()).await {
            Ok(all) => return Ok(all),
            Err(error) => {
                refused.get_or_insert(error);
            }
        }
    }
    refused.map_or(Ok(Vec::new()), |error| Err(error.into()))
}
