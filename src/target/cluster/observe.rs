//! Observes a cluster: one list of metadata per kind and namespace, whole objects only if something changed
//! since our last write.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde_json::Value;

use super::super::{Error, Observation, ids};
use super::dry_run;
use crate::cluster::{Cluster, Kind, Selection};
use crate::inventory::{Entry, Inventory};
use crate::object::{DryRunResult, Object, ObjectId, Policy};

/// Observes the desired objects and those in the inventory, and does dry runs of the desired ones.
pub(super) async fn observe(
    cluster: &Cluster,
    desired: &[Object],
    inventory: Option<&Inventory>,
) -> Result<Observation, Error> {
    let ids = ids(desired, inventory);
    let mut objects = listed(cluster, &ids).await?;
    let inspections = desired.iter().filter_map(|object| {
        let metadata = objects.get(&object.id)?;
        Some(inspect(cluster, object, metadata, inventory))
    });
    let mut dry_runs = BTreeMap::new();
    for (id, live, dry_run) in try_join_all(inspections).await? {
        match live {
            Read::Same => {}
            Read::Whole(live) => {
                objects.insert(id.clone(), live);
            }
            // It was deleted between the list and this.
            Read::Absent => {
                objects.remove(&id);
            }
        }
        if let Some(dry_run) = dry_run {
            dry_runs.insert(id, dry_run);
        }
    }
    Ok(Observation { objects, dry_runs })
}

/// The metadata of those that exist.
async fn listed(
    cluster: &Cluster,
    ids: &BTreeSet<&ObjectId>,
) -> Result<BTreeMap<ObjectId, Value>, Error> {
    let groups = ids.iter().map(|id| (id.group.clone(), id.version.clone()));
    cluster.discover(groups).await?;
    let selection = Selection::default().metadata();
    let namespaces = cluster.list(&Kind::new("", "v1", "Namespace"), &selection).await?;
    let known: BTreeSet<&str> =
        namespaces.iter().filter_map(|live| live["metadata"]["name"].as_str()).collect();
    // Namespaces that do not exist contain nothing: most of them on a new cluster.
    let lists: BTreeSet<_> = ids
        .iter()
        .map(|id| (Kind::of(id), id.namespace.as_deref()))
        .filter(|(_, namespace)| namespace.is_none_or(|name| known.contains(name)))
        .filter(|(kind, _)| !is_namespace(kind))
        .collect();
    let answers = try_join_all(lists.into_iter().map(|(kind, namespace)| async move {
        cluster.list(&kind, &Selection::within(namespace).metadata()).await
    }))
    .await?;
    let found = answers.into_iter().flatten().chain(namespaces).filter_map(|live| {
        let id = ObjectId::of(&live)?;
        ids.contains(&id).then_some((id, live))
    });
    Ok(found.collect())
}

fn is_namespace(kind: &Kind) -> bool {
    kind.group.is_empty() && kind.kind == "Namespace"
}

/// The result of reading one object.
enum Read {
    /// Its metadata is enough.
    Same,
    Whole(Value),
    Absent,
}

async fn inspect(
    cluster: &Cluster,
    object: &Object,
    metadata: &Value,
    inventory: Option<&Inventory>,
) -> Result<(ObjectId, Read, Option<DryRunResult>), Error> {
    let id = object.id.clone();
    let settled = inventory.is_some_and(|i| is_settled(i, i.get(&id), object, metadata));
    if settled {
        return Ok((id, Read::Same, Some(DryRunResult::UpToDate)));
    }
    let secret = id.is_secret();
    let needed = match object.policy {
        Policy::Apply | Policy::Embedded => true,
        // Only Secrets follow the stored values; of others only the existence matters.
        Policy::Create => secret,
        Policy::Patch => false,
    };
    if !needed {
        return Ok((id, Read::Same, None));
    }
    let Some(live) = cluster.get(&id).await? else {
        return Ok((id, Read::Absent, None));
    };
    let dry_run = match object.policy {
        Policy::Apply => dry_run::existing_object(cluster, object, &live).await?,
        _ => None,
    };
    Ok((id, Read::Whole(live), dry_run))
}

/// Whether the object is rendered as before and nobody changed it since.
fn is_settled(inventory: &Inventory, entry: Option<&Entry>, object: &Object, live: &Value) -> bool {
    let Some(entry) = entry.filter(|entry| !entry.is_pending()) else {
        return false;
    };
    object.policy == Policy::Apply
        // Another ksi may own the same fields with other values.
        && inventory.ksi_version == env!("CARGO_PKG_VERSION")
        && entry.uid.as_deref() == live["metadata"]["uid"].as_str()
        // Both are `None` for a ServiceAccount of which ksi owns only the name.
        && entry.owned == inventory.owned(object.policy, live)
        && entry.digest == inventory.digest(&object.body)
}
