//! Live objects: read to assess their health, watched to know when to read again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::{Error, NewKind};
use crate::cluster::{Change, Cluster, Kind, Selection};
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
    /// How often each object has changed. Many wait for changes, each of its own objects.
    changes: Arc<watch::Sender<BTreeMap<ObjectId, u64>>>,
    /// The same when each object was last read.
    read: Mutex<BTreeMap<ObjectId, u64>>,
}

impl Watches {
    /// Objects are about to be read: what changed before is no news any more.
    pub(super) fn note_read(&self, ids: &[ObjectId]) {
        let changes = self.changes.borrow();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            read.insert(id.clone(), changes.get(id).copied().unwrap_or_default());
        }
    }

    /// Returns when one of the objects may have changed since it was last read.
    pub(super) async fn changed(&self, cluster: &Cluster, ids: &[ObjectId]) {
        let wanted: BTreeSet<_> =
            ids.iter().map(|id| (Kind::of(id), id.namespace.clone())).collect();
        for (kind, namespace) in wanted {
            self.follow(cluster, kind, namespace).await;
        }
        self.any_changed(ids).await;
        tokio::time::sleep(BURST).await;
    }

    async fn any_changed(&self, ids: &[ObjectId]) {
        let has_changed = |changes: &BTreeMap<ObjectId, u64>| {
            let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            ids.iter().any(|id| changes.get(id) > read.get(id))
        };
        // The sender lives as long as this does.
        let _ = self.changes.subscribe().wait_for(has_changed).await;
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
        let counts = Arc::clone(&self.changes);
        let task = tokio::spawn(async move {
            while let Some(change) = changes.next().await {
                if let Change::Applied(body) | Change::Deleted(body) = change
                    && let Some(id) = ObjectId::of(&body)
                {
                    count(&counts, id);
                }
            }
        });
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        // Another component may have begun the same meanwhile.
        if let Some(other) = running.insert(key, task.abort_handle()) {
            other.abort();
        }
    }
}

fn count(changes: &watch::Sender<BTreeMap<ObjectId, u64>>, id: ObjectId) {
    changes.send_modify(|changes| *changes.entry(id).or_default() += 1);
}

impl Drop for Watches {
    fn drop(&mut self) {
        let running = self.running.get_mut().unwrap_or_else(PoisonError::into_inner);
        running.values().for_each(AbortHandle::abort);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn all_who_wait_hear_of_a_change_of_their_objects_and_of_no_other() {
        let id = |name| Kind::new("apps", "v1", "Deployment").named(Some("a"), name);
        let (watches, one, two) = (Watches::default(), [id("one")], [id("two")]);
        let has_changed = |ids| watches.any_changed(ids).now_or_never().is_some();
        watches.note_read(&one);
        watches.note_read(&two);
        assert!(!has_changed(&one) && !has_changed(&two));
        let waiting =
            futures_util::future::join(watches.any_changed(&one), watches.any_changed(&one));
        let mut waiting = std::pin::pin!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        count(&watches.changes, id("one"));
        waiting.await;
        assert!(has_changed(&one), "it was not read yet");
        assert!(!has_changed(&two));
        watches.note_read(&one);
        assert!(!has_changed(&one));
    }
}
