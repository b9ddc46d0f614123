//! Diagnoses objects that do not become healthy, from their pods, events and logs.
//!
//! Messages and lines come from the cluster and from other programs. They are scrubbed: what looks like a
//! secret is hidden, and control sequences are removed.

mod causes;
mod endpoint;
mod events;
mod finding;
mod kinds;
mod terminating;

use futures_util::future::{join, join_all};
use serde_json::Value;

use self::causes::{belongings, pull_error, replica_sets};
use self::events::warnings;
use crate::cluster::{Cluster, LogOptions, Selection};
use crate::health::{self, Address, Health, ReplicaSets, Trouble};
use crate::object::{ObjectId, Scrubber, is_terminating};

pub use causes::causes;
pub use endpoint::pending_address;
pub use events::{Event, dedup};
pub use finding::Finding;
pub use kinds::{event_kind, is_workload, pods};

/// The numbers of events and log lines that are shown for each object.
const EVENTS: usize = 5;
const LOG_LINES: i64 = 20;
/// Pods of one workload usually fail for the same reason, so only the first ones are shown.
const PODS: usize = 3;

/// The findings about an object; empty if there are none. Data that cannot be read is omitted: the user
/// already has another problem.
pub async fn findings(cluster: &Cluster, id: &ObjectId) -> Vec<Finding> {
    let live = match cluster.get(id).await {
        Ok(Some(live)) => live,
        Ok(None) => return vec![finding::missing(id)],
        Err(error) => return vec![finding::unreadable(id, &error)],
    };
    if is_terminating(&live) {
        return vec![terminating::finding(cluster, id, &live).await];
    }
    let events = warnings(cluster, id.namespace.as_deref()).await;
    let (pods, replica_sets) = match &id.namespace {
        Some(namespace) if is_workload(id) => pods_of(cluster, namespace, &live).await,
        _ if id.is("", "Pod") => (vec![live.clone()], None),
        _ => (Vec::new(), None),
    };
    let troubles: Vec<(&Value, Trouble)> = pods
        .iter()
        .filter_map(|pod| Some((pod, health::troubles(pod).into_iter().next()?)))
        .take(PODS)
        .collect();
    if !troubles.is_empty() {
        let found =
            troubles.into_iter().map(|(pod, trouble)| of_trouble(cluster, pod, trouble, &events));
        return join_all(found).await;
    }
    let health = health::assess(&live);
    let waits_for_address = matches!(health::address(&live), Address::Pending { .. });
    let Some(reason) = health.reason() else {
        if !waits_for_address {
            return Vec::new();
        }
        return endpoint::finding(cluster, id, &live).await.into_iter().collect();
    };
    let state = match health {
        Health::Failed { .. } => "Failed",
        _ => "Progressing",
    };
    let pods: Vec<&Value> = pods.iter().collect();
    let about = belongings(&live, &replica_sets, &pods);
    let own = events.iter().filter(|event| about.contains(event.uid.as_str()));
    vec![finding::of_object(id, state, reason, event_lines(cluster, own))]
}

/// The pods of a workload that run its current template, and the `ReplicaSet`s of its namespace. Where these
/// cannot be read, all pods that the workload selects.
async fn pods_of(cluster: &Cluster, namespace: &str, live: &Value) -> (Vec<Value>, ReplicaSets) {
    let selection = Selection::within(Some(namespace));
    let kind = pods();
    let (all, replica_sets) =
        join(cluster.list(&kind, &selection), replica_sets(cluster, namespace, &[live])).await;
    let all = all.unwrap_or_default();
    let are_known = live["kind"] != "Deployment" || replica_sets.is_some();
    let current = if are_known {
        health::current_pods(live, &replica_sets, &all).into_iter().cloned().collect()
    } else {
        all.into_iter().filter(|pod| health::selects(live, pod)).collect()
    };
    (current, replica_sets)
}

/// The problem of a pod with its events and last log lines.
async fn of_trouble(
    cluster: &Cluster,
    pod: &Value,
    mut trouble: Trouble,
    events: &[Event],
) -> Finding {
    if let Some(message) = pull_error(pod, events) {
        trouble.next_step = trouble.explained_by(pod, message);
    }
    let uid = pod["metadata"]["uid"].as_str();
    let own = events.iter().filter(|event| Some(event.uid.as_str()) == uid);
    let mut lines = event_lines(cluster, own);
    if let (Some(namespace), Some(container)) = (&trouble.object.namespace, &trouble.container) {
        let (now, before) =
            join(log_lines(cluster, namespace, &trouble.object.name, container, false), async {
                if trouble.restarts == 0 {
                    return Vec::new();
                }
                log_lines(cluster, namespace, &trouble.object.name, container, true).await
            })
            .await;
        let labelled = |label: &str, lines: Vec<String>| {
            lines.into_iter().map(move |line| format!("{label}: {line}")).collect::<Vec<_>>()
        };
        // Right after a restart both logs are from the same container.
        if before != now {
            lines.extend(labelled("previous log", before));
        }
        lines.extend(labelled("log", now));
    }
    finding::of_trouble(&trouble, lines)
}

/// The last log lines of a container; none if there is no log.
async fn log_lines(
    cluster: &Cluster,
    namespace: &str,
    pod: &str,
    container: &str,
    previous: bool,
) -> Vec<String> {
    let options = LogOptions {
        container: Some(container.to_owned()),
        previous,
        tail: Some(LOG_LINES),
        ..LogOptions::default()
    };
    let lines = cluster.log_lines(namespace, pod, &options).await.unwrap_or_default();
    let scrubber = Scrubber::new();
    let mut scrub = scrubber.lines();
    lines.iter().map(|line| scrub.line(line)).collect()
}

/// The last events as lines.
fn event_lines<'e>(cluster: &Cluster, events: impl Iterator<Item = &'e Event>) -> Vec<String> {
    let now = cluster.server_time();
    let mut lines: Vec<String> = events.map(|event| event.describe(now)).collect();
    lines.split_off(lines.len().saturating_sub(EVENTS))
}
