//! Reading logs once, one container after the other. Lines are handed on as they arrive: a log may be
//! larger than memory.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::stream::{ReadyChunks, StreamExt as _};
use serde_json::Value;

use super::{Container, LogError, LogQuery, LogUpdate, installer};
use crate::cluster::{self, Cluster, LogLines};
use crate::object::Scrubber;
use crate::object::scrub::Lines;
use crate::status::{Installed, Snapshot};

/// So many lines are handed on together, if they have arrived already.
const TOGETHER: usize = 1000;

type OpenLog = ReadyChunks<LogLines>;

/// Logs that are read once.
pub struct LogReader<'c> {
    cluster: &'c Cluster,
    query: LogQuery,
    scrubber: &'c Scrubber,
    /// Containers whose log is not open yet.
    waiting: VecDeque<Arc<Container>>,
    /// The log that is being read. Others are opened later: the server closes what is not read for long.
    open: Option<(Arc<Container>, OpenLog)>,
    /// Redacts the open log.
    lines: Lines<'c>,
    unreadable: Vec<cluster::Error>,
    /// How many of them were reported.
    reported: usize,
    /// How many logs were read to their end.
    complete: usize,
}

impl<'c> LogReader<'c> {
    /// Finds the containers whose logs the query asks for. The scrubber redacts their lines.
    ///
    /// # Errors
    /// The installation or its pods cannot be read, or none of them has such a log.
    pub async fn start(
        cluster: &'c Cluster,
        query: LogQuery,
        scrubber: &'c Scrubber,
    ) -> Result<Self, LogError> {
        if query.is_of_installer() {
            let pods = installer::pods(cluster).await?;
            return Self::of_pods(cluster, query, scrubber, &pods.iter().collect::<Vec<_>>());
        }
        let installed = Installed::read(cluster).await?.only(query.component.as_deref())?;
        let live = Snapshot::read(cluster, &installed).await?;
        Self::of_pods(cluster, query, scrubber, &live.pods_of(installed.ids()))
    }

    fn of_pods(
        cluster: &'c Cluster,
        query: LogQuery,
        scrubber: &'c Scrubber,
        pods: &[&Value],
    ) -> Result<Self, LogError> {
        if pods.is_empty() {
            return Err(LogError::NoPods);
        }
        let containers = pods.iter().flat_map(|pod| query.containers(pod));
        // Who names a container wants to know why it has no log; of all others it is no news.
        let has_log = |container: &Container| query.container.is_some() || container.has_log;
        let waiting: VecDeque<_> = containers.filter(has_log).map(Arc::new).collect();
        if waiting.is_empty() {
            return Err(query.no_log(pods));
        }
        Ok(Self::new(cluster, query, scrubber, waiting))
    }

    /// Reads the logs of these containers.
    pub(super) fn new(
        cluster: &'c Cluster,
        query: LogQuery,
        scrubber: &'c Scrubber,
        waiting: VecDeque<Arc<Container>>,
    ) -> Self {
        Self {
            cluster,
            query,
            scrubber,
            waiting,
            open: None,
            lines: scrubber.lines(),
            unreadable: Vec::new(),
            reported: 0,
            complete: 0,
        }
    }

    /// The next lines; after all of them, which logs could not be read. `None` at the end.
    pub async fn next(&mut self) -> Option<LogUpdate> {
        loop {
            let Some((container, log)) = &mut self.open else {
                let Some(container) = self.waiting.pop_front() else { break };
                self.open(container).await;
                continue;
            };
            let read = log.next().await;
            let is_over = read.as_ref().is_none_or(|lines| lines.iter().any(Result::is_err));
            let is_complete = read.is_none();
            let mut lines = Vec::new();
            for line in read.into_iter().flatten() {
                match line {
                    Ok(line) => lines.push(self.lines.line(&line)),
                    Err(error) => self.unreadable.push(error),
                }
            }
            let container = Arc::clone(container);
            if is_over {
                self.complete += usize::from(is_complete);
                self.open = None;
                self.lines = self.scrubber.lines();
            }
            if !lines.is_empty() {
                return Some(LogUpdate::Lines { container, lines });
            }
        }
        let error = self.unreadable.get(self.reported)?;
        self.reported += 1;
        Some(LogUpdate::Unreadable(error.clone()))
    }

    /// What to make of it at the end.
    ///
    /// # Errors
    /// No log was read to its end.
    pub fn finish(self) -> Result<(), LogError> {
        match self.unreadable.into_iter().next() {
            Some(error) if self.complete == 0 => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn open(&mut self, container: Arc<Container>) {
        let options = self.query.options(&container);
        match self.cluster.logs(&container.namespace, &container.pod, &options).await {
            Ok(log) => self.open = Some((container, log.ready_chunks(TOGETHER))),
            Err(error) => self.unreadable.push(error),
        }
    }
}
