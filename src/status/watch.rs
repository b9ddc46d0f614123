//! The objects of an installation, followed as they change.

mod source;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, OptionFuture};
use futures_util::stream::{BoxStream, SelectAll, StreamExt as _};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep};

use self::source::Source;
use super::installed::Installed;
use super::snapshot::{Group, Snapshot, groups, pod_namespaces, versions};
use crate::cluster::{Change, Changes, Cluster, Error, ErrorKind, Selection};
use crate::diagnose;

/// How often what is not watched is read again.
const POLL: Duration = Duration::from_secs(30);
/// Changes come in bursts: a rollout is several objects at once.
const BURST: Duration = Duration::from_millis(200);

/// A [`Snapshot`] that follows the cluster: what changes by itself is watched, what only has to exist is
/// read again from time to time.
pub struct Watch<'c> {
    cluster: &'c Cluster,
    snapshot: Snapshot,
    passive: Vec<Group>,
    /// Groups of kinds that are not served, so that they cannot be watched yet.
    unserved: Vec<Group>,
    sources: Vec<Source>,
    changes: SelectAll<BoxStream<'static, (usize, Change)>>,
    ticks: Interval,
    /// The read that is under way. A caller that stops waiting for a change does not cancel it.
    poll: OptionFuture<BoxFuture<'c, Poll>>,
    is_polling: bool,
    passive_error: Option<String>,
    discovery_error: Option<String>,
}

/// What was read again.
struct Poll {
    passive: Result<Snapshot, Error>,
    /// Watches of kinds that are served by now.
    served: Result<Vec<(Group, Changes)>, Error>,
}

impl<'c> Watch<'c> {
    /// Reads everything, and follows it from then on.
    ///
    /// # Errors
    /// Something cannot be read.
    pub async fn start(cluster: &'c Cluster, installed: &Installed) -> Result<Self, Error> {
        Self::with(cluster, installed, Group::is_passive).await
    }

    /// The same for somebody who follows it for ever: nothing is read again, everything is watched.
    ///
    /// # Errors
    /// Something cannot be read.
    pub async fn start_whole(cluster: &'c Cluster, installed: &Installed) -> Result<Self, Error> {
        Self::with(cluster, installed, |_| false).await
    }

    async fn with(
        cluster: &'c Cluster,
        installed: &Installed,
        is_polled: impl FnMut(&Group) -> bool,
    ) -> Result<Self, Error> {
        let all = groups(installed.ids());
        let namespaces = pod_namespaces(installed);
        let snapshot = Snapshot::of(cluster, &all, &namespaces).await?;
        let (passive, active): (Vec<_>, Vec<_>) = all.into_iter().partition(is_polled);
        let mut ticks = interval_at(Instant::now() + POLL, POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut watch = Self {
            cluster,
            snapshot,
            passive,
            unserved: Vec::new(),
            sources: Vec::new(),
            changes: SelectAll::new(),
            ticks,
            poll: None.into(),
            is_polling: false,
            passive_error: None,
            discovery_error: None,
        };
        for group in active {
            // What cannot be listed cannot be watched.
            if group.ids.iter().all(|id| watch.snapshot.unreadable.contains(id)) {
                continue;
            }
            match cluster.watch(&group.kind, &group.selection).await {
                Ok(changes) => watch.add(Source::of_objects(&group), changes),
                Err(error) if error.kind == ErrorKind::NotServed => watch.unserved.push(group),
                Err(error) => return Err(error),
            }
        }
        for namespace in namespaces {
            let selection = Selection::within(Some(&namespace));
            let changes = cluster.watch(&diagnose::pods(), &selection).await?;
            watch.add(Source::of_pods(namespace), changes);
        }
        Ok(watch)
    }

    /// What is in the cluster, as far as it is known now.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Why the snapshot may be out of date: the error of the first connection that is broken.
    pub fn connection_error(&self) -> Option<&str> {
        let sources = self.sources.iter().map(Source::error);
        let polls = [self.passive_error.as_deref(), self.discovery_error.as_deref()];
        sources.chain(polls).flatten().next()
    }

    /// Returns when something may have changed. May be dropped and called again at any time.
    pub async fn changed(&mut self) {
        tokio::select! {
            Some((at, change)) = self.changes.next(), if !self.changes.is_empty() => {
                self.take(at, change);
                sleep(BURST).await;
                while let Some(Some((at, change))) = self.changes.next().now_or_never() {
                    self.take(at, change);
                }
            }
            Some(poll) = &mut self.poll => {
                self.poll = None.into();
                self.is_polling = false;
                self.finish(poll);
            }
            // A read that takes longer than this is not begun again before its end.
            _ = self.ticks.tick(), if !self.is_polling && self.has_to_poll() => self.start_poll(),
        }
    }

    fn has_to_poll(&self) -> bool {
        !(self.passive.is_empty() && self.unserved.is_empty())
    }

    fn add(&mut self, source: Source, changes: Changes) {
        let at = self.sources.len();
        self.changes.push(changes.map(move |change| (at, change)).boxed());
        self.sources.push(source);
    }

    fn take(&mut self, at: usize, change: Change) {
        if let Some(source) = self.sources.get_mut(at) {
            source.take(change, &mut self.snapshot);
        }
    }

    fn start_poll(&mut self) {
        let (cluster, passive) = (self.cluster, self.passive.clone());
        let unserved = self.unserved.clone();
        let poll = async move {
            let (passive, served) = futures_util::join!(
                async { Snapshot::of(cluster, &passive, &BTreeSet::new()).await },
                served(cluster, unserved),
            );
            Poll { passive, served }
        };
        self.poll = Some(poll.boxed()).into();
        self.is_polling = true;
    }

    /// Takes over what was read. An error leaves what was known.
    fn finish(&mut self, poll: Poll) {
        let Poll { passive, served } = poll;
        match passive {
            Ok(Snapshot { objects, .. }) => {
                self.passive_error = None;
                let ids = self.passive.iter().flat_map(|group| &group.ids);
                ids.for_each(|id| drop(self.snapshot.objects.remove(id)));
                self.snapshot.objects.extend(objects);
            }
            Err(error) => self.passive_error = Some(error.to_string()),
        }
        match served {
            Ok(served) => {
                self.discovery_error = None;
                for (group, changes) in served {
                    self.unserved.retain(|unserved| unserved.ids != group.ids);
                    self.add(Source::of_objects(&group), changes);
                }
            }
            Err(error) => self.discovery_error = Some(error.to_string()),
        }
    }
}

/// Watches those groups that are served by now.
async fn served(cluster: &Cluster, unserved: Vec<Group>) -> Result<Vec<(Group, Changes)>, Error> {
    cluster.discover(versions(&unserved)).await?;
    let mut served = Vec::new();
    for group in unserved {
        if cluster.resource(&group.kind).await?.is_some() {
            let changes = cluster.watch(&group.kind, &group.selection).await?;
            served.push((group, changes));
        }
    }
    Ok(served)
}
