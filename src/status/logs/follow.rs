//! Following logs: of the containers that are there, and of those that start later.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, FuturesUnordered, SelectAll, Stream, StreamExt as _};
use futures_util::{FutureExt as _, future::BoxFuture};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::container::Run;
use super::{Container, LogError, LogQuery, LogUpdate, installer};
use crate::cluster::{Change, Cluster, Error, LogLines, LogOptions, Selection};
use crate::diagnose;
use crate::health;
use crate::object::Scrubber;
use crate::object::scrub::Lines;
use crate::status::{Installed, Snapshot};

/// So many logs are opened at a time.
const OPENING: usize = 8;
/// How long to wait before a log that broke off is opened again.
const PAUSE: Duration = Duration::from_secs(1);
/// A log that broke off is repeated from at most so many seconds before.
const AGAIN: u64 = 5;

type Line = (Arc<Container>, Option<Result<String, Error>>);
type Opened = (Arc<Container>, Result<LogLines, Error>);

/// A log to be opened.
struct Opening {
    container: Arc<Container>,
    options: LogOptions,
    pause: Duration,
}

/// Logs that are followed.
pub struct LogFollower<'c> {
    cluster: &'c Cluster,
    query: LogQuery,
    scrubber: &'c Scrubber,
    workloads: Vec<Value>,
    pods: SelectAll<BoxStream<'static, (usize, Change)>>,
    /// Watches whose first list is not complete yet.
    listing: BTreeSet<usize>,
    waiting: VecDeque<Opening>,
    opening: FuturesUnordered<BoxFuture<'c, Opened>>,
    /// Each ends with `None`.
    logs: SelectAll<BoxStream<'static, Line>>,
    /// Runs of containers whose log is open, is being opened, or has ended.
    known: BTreeSet<Run>,
    /// Redacts each open log.
    lines: HashMap<Run, Lines<'c>>,
    started: Instant,
}

impl<'c> LogFollower<'c> {
    /// Watches the pods of the installation. The scrubber redacts the lines of their logs.
    ///
    /// # Errors
    /// The installation cannot be read, its pods cannot be watched, or no workload is there.
    pub async fn start(
        cluster: &'c Cluster,
        query: LogQuery,
        scrubber: &'c Scrubber,
    ) -> Result<Self, LogError> {
        let workloads: Vec<Value> = if query.is_of_installer() {
            vec![installer::workload()]
        } else {
            let installed = Installed::read(cluster).await?.only(query.component.as_deref())?;
            let live = Snapshot::read(cluster, &installed).await?;
            live.workloads(installed.ids()).into_iter().cloned().collect()
        };
        let namespaces: BTreeSet<_> =
            workloads.iter().filter_map(|w| w["metadata"]["namespace"].as_str()).collect();
        let mut changes = Vec::new();
        for namespace in namespaces {
            let selection = Selection::within(Some(namespace));
            changes.push(cluster.watch(&diagnose::pods(), &selection).await?);
        }
        if changes.is_empty() {
            return Err(LogError::NoPods);
        }
        let mut follower = Self::new(cluster, query, scrubber, workloads);
        for (watch, changes) in changes.into_iter().enumerate() {
            follower.watch(watch, changes);
        }
        Ok(follower)
    }

    /// Nothing is followed yet.
    pub(super) fn new(
        cluster: &'c Cluster,
        query: LogQuery,
        scrubber: &'c Scrubber,
        workloads: Vec<Value>,
    ) -> Self {
        Self {
            cluster,
            query,
            scrubber,
            workloads,
            pods: SelectAll::new(),
            listing: BTreeSet::new(),
            waiting: VecDeque::new(),
            opening: FuturesUnordered::new(),
            logs: SelectAll::new(),
            known: BTreeSet::new(),
            lines: HashMap::new(),
            started: Instant::now(),
        }
    }

    /// Follows the logs of the pods of a watch as well.
    pub(super) fn watch(
        &mut self,
        watch: usize,
        changes: impl Stream<Item = Change> + Send + 'static,
    ) {
        self.pods.push(changes.map(move |change| (watch, change)).boxed());
        self.listing.insert(watch);
    }

    /// The next line or event; dropping the future loses none. `None` when there is nothing to follow.
    pub async fn next(&mut self) -> Option<LogUpdate> {
        loop {
            self.open_waiting();
            let update = tokio::select! {
                Some((watch, change)) = self.pods.next() => self.changed(watch, change),
                Some((container, log)) = self.opening.next() => self.opened(container, log),
                Some((container, line)) = self.logs.next() => self.read(container, line),
                else => return None,
            };
            if update.is_some() {
                return update;
            }
        }
    }

    fn changed(&mut self, watch: usize, change: Change) -> Option<LogUpdate> {
        match change {
            Change::Applied(pod) if self.workloads.iter().any(|w| health::selects(w, &pod)) => {
                let is_late = self.listing.is_empty();
                for container in self.query.containers(&pod).into_iter().filter(|c| c.has_log) {
                    let mut options = self.query.options(&container);
                    if is_late {
                        // A log that begins while others are followed is shown from its beginning.
                        (options.tail, options.since_seconds) = (None, None);
                    }
                    self.open(Arc::new(container), options, Duration::ZERO);
                }
            }
            Change::Deleted(pod) => {
                let uid = pod["metadata"]["uid"].as_str().unwrap_or_default();
                self.known.retain(|run| run.uid != uid);
            }
            Change::Complete => {
                self.listing.remove(&watch);
            }
            Change::Interrupted(cause) => return Some(LogUpdate::Reconnecting(cause)),
            Change::Applied(_) => {}
        }
        None
    }

    fn opened(
        &mut self,
        container: Arc<Container>,
        log: Result<LogLines, Error>,
    ) -> Option<LogUpdate> {
        match log {
            Ok(log) => {
                let log = log.map(Some).chain(stream::iter([None]));
                let log = log.map(move |line| (Arc::clone(&container), line));
                self.logs.push(log.boxed());
                None
            }
            Err(error) => {
                // The next change of the pod tries again.
                self.known.remove(&container.run());
                Some(LogUpdate::Unreadable(error))
            }
        }
    }

    fn read(
        &mut self,
        container: Arc<Container>,
        line: Option<Result<String, Error>>,
    ) -> Option<LogUpdate> {
        match line {
            Some(Ok(line)) => {
                let run = container.run();
                let lines = self.lines.entry(run).or_insert_with(|| self.scrubber.lines());
                let lines = vec![lines.line(&line)];
                Some(LogUpdate::Lines { container, lines })
            }
            Some(Err(error)) => {
                self.known.remove(&container.run());
                // From when it is opened again: the API server refuses 0 seconds.
                let since = (self.started.elapsed() + PAUSE).as_secs().min(AGAIN);
                let options = LogOptions {
                    tail: None,
                    since_seconds: Some(i64::try_from(since).unwrap_or_default()),
                    ..self.query.options(&container)
                };
                self.open(Arc::clone(&container), options, PAUSE);
                Some(LogUpdate::Reopening { container, cause: error.cause })
            }
            None => {
                self.lines.remove(&container.run());
                None
            }
        }
    }

    /// Opens a log that is not open yet.
    fn open(&mut self, container: Arc<Container>, options: LogOptions, pause: Duration) {
        if self.known.insert(container.run()) {
            let options = LogOptions { follow: true, ..options };
            self.waiting.push_back(Opening { container, options, pause });
        }
    }

    fn open_waiting(&mut self) {
        let cluster = self.cluster;
        while self.opening.len() < OPENING
            && let Some(Opening { container, options, pause }) = self.waiting.pop_front()
        {
            let log = async move {
                sleep(pause).await;
                let log = cluster.logs(&container.namespace, &container.pod, &options).await;
                (container, log)
            };
            self.opening.push(log.boxed());
        }
    }
}
