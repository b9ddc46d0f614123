//! Which logs go into an archive.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::Value;

use super::collector::{Collector, Missing};
use super::contents;
use crate::cluster::LogOptions;
use crate::health;
use crate::status::{About, Container, Report, Snapshot, State, containers};

/// Of one log not more than this.
const LOG_BYTES: i64 = 4 << 20;
/// So many logs are in memory at a time.
pub(super) const LOGS: usize = 4;
/// Namespaces of Kubernetes itself, where most pods are not part of the installation.
const FOREIGN: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "default"];

/// The log of one container.
#[derive(Debug, Clone)]
pub(super) struct Log {
    container: Container,
    /// Of the container before its last restart.
    previous: bool,
}

impl Log {
    /// Its path in the archive.
    pub(super) fn path(&self) -> String {
        let Container { namespace, pod, name, .. } = &self.container;
        let end = if self.previous { ".previous.log" } else { ".log" };
        format!("logs/{namespace}/{pod}/{name}{end}")
    }
}

impl Collector<'_> {
    /// The logs to read: of all pods in namespaces of ours, of our own elsewhere; before and since the
    /// last restart.
    pub(super) fn wanted_logs(&self, live: &Snapshot) -> Vec<Log> {
        let report = Report::new(&self.installed, live, &About::default(), self.now);
        let healthy: BTreeSet<&str> = report
            .components
            .iter()
            .filter(|c| c.state == State::Healthy)
            .map(|c| c.name.as_str())
            .collect();
        let mut found = Vec::new();
        for component in &self.installed.components {
            let quick = self.quick && healthy.contains(component.name.as_str());
            for pod in live.pods_of(component.entries.iter().map(|entry| &entry.id)) {
                if quick && health::troubles(pod).is_empty() {
                    continue;
                }
                for container in containers(pod).into_iter().filter(|c| c.has_log) {
                    if container.restarts > 0 {
                        found.push(Log { container: container.clone(), previous: true });
                    }
                    found.push(Log { container, previous: false });
                }
            }
        }
        // Pods of namespaces that are ours alone, which no workload of ours selects.
        let known: BTreeSet<String> = found.iter().map(|log| log.container.pod.clone()).collect();
        let others = live.pods.values().filter(|pod| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (namespace, name) =
                (text(&pod["metadata"]["namespace"]), text(&pod["metadata"]["name"]));
            !self.quick && !FOREIGN.contains(&namespace.as_str()) && !known.contains(&name)
        });
        let others = others.flat_map(containers).filter(|c| c.has_log);
        found.extend(others.map(|container| Log { container, previous: false }));
        found
    }

    /// Reads some logs at once: paths and texts.
    pub(super) async fn read_logs(
        &self,
        wanted: &[Log],
        missing: &mut Missing,
    ) -> Vec<(String, String)> {
        let logs = wanted.iter().map(|Log { container, previous }| async move {
            let options = LogOptions {
                container: Some(container.name.clone()),
                previous: *previous,
                since_seconds: Some(i64::try_from(self.since.as_secs().max(1)).unwrap_or(i64::MAX)),
                timestamps: true,
                bytes: Some(LOG_BYTES),
                ..LogOptions::default()
            };
            self.cluster.log_lines(&container.namespace, &container.pod, &options).await
        });
        let logs = join_all(logs).await;
        let mut texts = Vec::new();
        for (log, lines) in wanted.iter().zip(logs) {
            if let Some(lines) = missing.unless(lines) {
                texts.push((log.path(), contents::lines(&lines)));
            }
        }
        texts
    }
}
