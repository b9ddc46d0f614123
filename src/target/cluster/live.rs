//! Live objects: read to assess their health, watched to know when to read again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::{Error, NewKind};
use crate::cluster::{Cluster, Kind, Selection};
use crate::object::ObjectId;

/// From this number of objects of one kind and namespace on, a list is cheaper than single reads.
const WORTH_A_LIST: usize = 4;
/// Changes come in bursts: one read covers a burst.
const BURST: Duration = Duration::from_millis(50);

/// The objects that exist, without managedFields.
pub(super) async fn read(
    cluster: &Cluster,
    ids: &[ObjectId],
) -> Result<BTreeMap<ObjectId, Value>, Error> {
    let mut groups: BTreeMap<(Kind, Option<&str>), BTreeSet<&ObjectId>> = BTreeMap::new();
    for id in ids {
        groups.entry((Kind::of(id), id.namespace.as_deref())).or_default().insert(id);
    }
    let answers = try_join_all(groups.into_iter().map(|((kind, namespace), ids)| async move {
        // CRDs are large, and many belong to others.
        if ids.len() < WORTH_A_LIST || kind.kind == "CustomResourceDefinition" {
            let each = try_join_all(ids.into_iter().map(|id| cluster.get(id))).await?;
            return Ok::<_, Error>(each.into_iter().flatten().collect());
        }
        let mut all = cluster.list(&kind, &Selection::within(namespace)).await?;
        all.retain(|live| ObjectId::of(live).is_some_and(|id| ids.contains(&id)));
        Ok(all)
    }))
    .await?;
    let live = answers.into_iter().flatten().filter_map(|mut live| {
        if let Some(metadata) = live["metadata"].as_object_mut() {
            metadata.remove("managedFields");
        }
        Some((ObjectId::of(&live)?, live))
    });
    Ok(live.collect())
}

/// The CRDs of the kinds that are not served yet: not in discovery, which has established kinds; or, for
/// kinds of objects that the run writes, not listable: of several API servers one may serve a kind before
/// another.
pub(super) async fn unserved(
    cluster: &Cluster,
    kinds: &[NewKind],
) -> Result<BTreeSet<ObjectId>, Error> {
    let name = |new: &NewKind| Kind::new(&new.group, &new.version, &new.kind);
    let mut unknown = BTreeSet::new();
    for new in kinds {
        if cluster.resource(&name(new)).await?.is_none() {
            unknown.insert((new.group.clone(), new.version.clone()));
        }
    }
    if !unknown.is_empty() {
        cluster.discover(unknown).await?;
    }
    let answers = kinds.iter().map(|new| async move {
        let kind = name(new);
        let is_served = match cluster.resource(&kind).await? {
            Some(_) if new.is_used => cluster.is_listed(&kind).await?,
            resource => resource.is_some(),
        };
        Ok::<_, Error>((!is_served).then(|| new.definition.clone()))
    });
    Ok(try_join_all(answers).await?.into_iter().flatten().collect())
}

/// The running watches, one for each kind and namespace.
#[derive(Debug, Default)]
pub(super) struct Watches {
    running: Mutex<BTreeMap<(Kind, Option<String>), AbortHandle>>,
    changed: Arc<Notify>,
}

impl Watches {
    /// Returns when one of the objects may have changed.
    pub(super) async fn changed(&self, cluster: &Cluster, ids: &[ObjectId]) {
        let wanted: BTreeSet<_> =
            ids.iter().map(|id| (Kind::of(id), id.namespace.clone())).collect();
        for (kind, namespace) in wanted {
            self.follow(cluster, kind, namespace).await;
        }
        self.changed.notified().await;
        tokio::time::sleep(BURST).await;
    }

    async fn follow(&self, cluster: &Cluster, kind: Kind, namespace: Option<String>) {
        let key = (kind, namespace);
        if self.running.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&key) {
            return;
        }
        let selection = Selection::within(key.1.as_deref()).metadata();
        // A kind that cannot be watched is still polled.
        let Ok(mut changes) = cluster.watch(&key.0, &selection).await else {
            return;
        };
        let listener = Arc::clone(&self.changed);
        let task = tokio::spawn(async move {
            while changes.next().await.is_some() {
                // Stored if the listener is reading at the moment.
                listener.notify_one();
            }
        });
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.insert(key, task.abort_handle());
    }
}

impl Drop for Watches {
    fn drop(&mut self) {
        let running = self.running.get_mut().unwrap_or_else(PoisonError::into_inner);
        running.values().for_each(AbortHandle::abort);
    }
}
