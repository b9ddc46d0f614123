//! Following the objects of an installation.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::FutureExt as _;
use futures_util::stream::{BoxStream, SelectAll, StreamExt as _};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep};

use super::{Group, Live, groups, pod_namespaces, read_groups};
use crate::cli::installed::Installed;
use crate::cluster::{Change, Cluster, Error, Kind, Problem, Selection};
use crate::diagnose;
use crate::object::ObjectId;

/// How often what is not watched is read again: all it does is to be there.
const AGAIN: Duration = Duration::from_secs(30);
/// Changes come in bursts: a rollout is several objects at once.
const BURST: Duration = Duration::from_millis(200);

/// Objects that are followed.
pub(in crate::cli) struct Follow<'c> {
    cluster: &'c Cluster,
    /// As far as it is known now.
    pub(in crate::cli) live: Live,
    /// What is wrong with the connection, while it is broken.
    pub(in crate::cli) broken: Option<String>,
    still: Vec<Group>,
    /// Kinds that are not served, so that they cannot be watched yet.
    unserved: Vec<Group>,
    watched: Vec<Watched>,
    changes: SelectAll<BoxStream<'static, (usize, Change)>>,
    again: Interval,
}

/// One watch.
struct Watched {
    pods: bool,
    kind: Kind,
    namespace: Option<String>,
    ids: BTreeSet<ObjectId>,
    /// What was told since the watch began anew; what is not told by its end is gone.
    told: Option<BTreeSet<ObjectId>>,
}

impl<'c> Follow<'c> {
    /// Reads everything, and watches it from then on.
    ///
    /// # Errors
    /// Something cannot be read.
    pub(in crate::cli) async fn start(
        cluster: &'c Cluster,
        installed: &Installed,
    ) -> Result<Self, Error> {
        let all = groups(installed.ids());
        let namespaces = pod_namespaces(installed);
        let live = read_groups(cluster, &all, &namespaces).await?;
        let (still, moving): (Vec<_>, Vec<_>) = all.into_iter().partition(Group::is_still);
        let mut again = interval_at(Instant::now() + AGAIN, AGAIN);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut follow = Self {
            cluster,
            live,
            broken: None,
            still,
            unserved: Vec::new(),
            watched: Vec::new(),
            changes: SelectAll::new(),
            again,
        };
        follow.watch_groups(moving).await?;
        for namespace in namespaces {
            let selection = Selection::within(Some(&namespace));
            follow.watch(&diagnose::pods(), &selection, BTreeSet::new(), true).await?;
        }
        Ok(follow)
    }

    async fn watch_groups(&mut self, groups: Vec<Group>) -> Result<(), Error> {
        for group in groups {
            let Group { kind, selection, ids } = group.clone();
            match self.watch(&kind, &selection, ids, false).await {
                Err(error) if error.problem == Problem::NotServed => self.unserved.push(group),
                other => other?,
            }
        }
        Ok(())
    }

    /// Watches what was not served when it was asked for before.
    async fn watch_served(&mut self) -> Result<(), Error> {
        for at in (0..self.unserved.len()).rev() {
            let Group { kind, selection, ids } = self.unserved[at].clone();
            if self.cluster.resource(&kind).await?.is_some() {
                self.watch(&kind, &selection, ids, false).await?;
                self.unserved.remove(at);
            }
        }
        Ok(())
    }

    async fn watch(
        &mut self,
        kind: &Kind,
        selection: &Selection,
        ids: BTreeSet<ObjectId>,
        pods: bool,
    ) -> Result<(), Error> {
        let changes = self.cluster.watch(kind, selection).await?;
        let at = self.watched.len();
        self.changes.push(changes.map(move |change| (at, change)).boxed());
        let (kind, namespace) = (kind.clone(), selection.namespace.clone());
        self.watched.push(Watched { pods, kind, namespace, ids, told: Some(BTreeSet::new()) });
        Ok(())
    }

    /// Returns when something may have changed.
    pub(in crate::cli) async fn changed(&mut self) {
        tokio::select! {
            Some((at, change)) = self.changes.next(), if !self.changes.is_empty() => {
                self.take(at, change);
                sleep(BURST).await;
                while let Some(Some((at, change))) = self.changes.next().now_or_never() {
                    self.take(at, change);
                }
            }
            _ = self.again.tick() => self.read_again().await,
        }
    }

    fn take(&mut self, at: usize, change: Change) {
        let Self { watched, live, broken, .. } = self;
        let Some(watched) = watched.get_mut(at) else { return };
        let objects = if watched.pods { &mut live.pods } else { &mut live.objects };
        match change {
            Change::Applied(body) => {
                let Some(id) = ObjectId::of(&body) else { return };
                if let Some(told) = &mut watched.told {
                    told.insert(id.clone());
                }
                if watched.pods || watched.ids.contains(&id) {
                    objects.insert(id, body);
                }
            }
            Change::Deleted(body) => {
                if let Some(id) = ObjectId::of(&body) {
                    objects.remove(&id);
                }
            }
            Change::Complete => {
                *broken = None;
                if let Some(told) = watched.told.take() {
                    objects.retain(|id, _| !watched.covers(id) || told.contains(id));
                }
            }
            Change::Interrupted(error) => {
                watched.told = Some(BTreeSet::new());
                *broken = Some(error);
            }
        }
    }

    /// What is not watched. An error that passes leaves what was known.
    async fn read_again(&mut self) {
        let still = read_groups(self.cluster, &self.still, &BTreeSet::new()).await;
        match still {
            Ok(Live { objects, .. }) => {
                self.broken = None;
                let ids = self.still.iter().flat_map(|group| &group.ids);
                ids.for_each(|id| drop(self.live.objects.remove(id)));
                self.live.objects.extend(objects);
            }
            Err(error) => self.broken = Some(error.to_string()),
        }
        // Whoever calls may stop waiting in between: nothing is taken out before it is elsewhere.
        let versions = self.unserved.iter().map(|g| (g.kind.group.clone(), g.kind.version.clone()));
        let served = self.cluster.discover(versions).await;
        let watched = match served {
            Ok(()) => self.watch_served().await,
            Err(error) => Err(error),
        };
        if let Err(error) = watched {
            self.broken = Some(error.to_string());
        }
    }
}

impl Watched {
    /// Whether this watch tells of an object.
    fn covers(&self, id: &ObjectId) -> bool {
        if self.pods {
            return id.namespace == self.namespace;
        }
        self.kind.kind == id.kind && self.ids.contains(id)
    }
}
