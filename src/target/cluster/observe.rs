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
        && entry.is_last_writer(inventory, live)
        && entry.digest == inventory.digest(&object.body)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::tests::server::{Server, block_on};
    use crate::inventory::Key;

    const CONFIG_MAP: &str = "/configmaps/a";

    fn wanted() -> Object {
        let body = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "a", "namespace": "default"}, "data": {"a": "1"},
        });
        let id = ObjectId::of(&body).unwrap();
        Object { id, component: "c".into(), policy: Policy::Apply, body }
    }

    fn live(time: &str) -> Value {
        let mut live = wanted().body;
        live["metadata"]["managedFields"] = json!([
            {"manager": "ksi", "operation": "Apply", "time": time, "fieldsV1": {"f:data": {"f:a": {}}}},
            {"manager": "others", "operation": "Update", "time": time, "fieldsV1": {}},
        ]);
        live
    }

    /// How many dry runs a cluster takes in which an object is as it was written, and then changed.
    fn dry_runs(change: impl FnOnce(&mut Value), record: impl FnOnce(&mut Entry)) -> usize {
        let server = Server::start();
        block_on(async {
            let cluster = server.connect().await;
            let namespace =
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}});
            cluster.create(&namespace, false).await.unwrap();
            let written = cluster.create(&live("10:00:00"), false).await.unwrap();
            let mut inventory = Inventory::new(Key::new([1; 32]), env!("CARGO_PKG_VERSION"));
            let uid = written["metadata"]["uid"].as_str().map(str::to_owned);
            let mut entry = inventory.entry(&wanted(), uid);
            entry.note(&inventory, &written);
            record(&mut entry);
            inventory.insert(entry);
            server.change(CONFIG_MAP, change);
            let observed = observe(&cluster, &[wanted()], Some(&inventory)).await.unwrap();
            assert_eq!(observed.dry_runs.len(), 1);
            server.count("PATCH", CONFIG_MAP)
        })
    }

    #[test]
    fn an_object_costs_a_request_only_after_somebody_wrote_it_as_ksi_or_took_a_field() {
        let time = |at: usize, time: &'static str| {
            move |live: &mut Value| live["metadata"]["managedFields"][at]["time"] = time.into()
        };
        let status = |live: &mut Value| live["status"] = json!({"phase": "Active"});
        assert_eq!(dry_runs(status, |_| {}), 0);
        assert_eq!(dry_runs(time(1, "10:00:07"), |_| {}), 0, "others write what is theirs");
        assert_eq!(dry_runs(time(0, "10:00:07"), |_| {}), 1, "the same fields, other values");
        let taken = |live: &mut Value| live["metadata"]["managedFields"][0]["fieldsV1"] = json!({});
        assert_eq!(dry_runs(taken, |_| {}), 1);
        assert_eq!(dry_runs(|_| {}, |early| early.written = None), 1, "an early version wrote it");
    }
}
