//! Diagnoses objects that do not become healthy, from their pods, events and logs.
//!
//! Messages and lines come from the cluster and from other programs. They are scrubbed: what looks like a
//! secret is hidden, and control sequences are removed.

mod endpoint;
mod events;
mod finding;
mod terminating;

use futures_util::future::{join, join_all};
use serde_json::Value;

use crate::cluster::{Cluster, Kind, LogOptions, Selection};
use crate::health::{self, Address, Health, Trouble};
use crate::object::{ObjectId, Scrubber, is_terminating};

pub use endpoint::pending_address;
pub use events::{Event, dedup};
pub use finding::Finding;

/// The numbers of events and log lines that are shown for each object.
const EVENTS: usize = 5;
const LOG_LINES: i64 = 20;
/// Pods of one workload usually fail for the same reason, so only the first ones are shown.
const PODS: usize = 3;

/// Kinds whose pods are found by a selector.
const WORKLOADS: [&str; 5] = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"];

/// The kind of pods.
pub fn pods() -> Kind {
    Kind::new("", "v1", "Pod")
}

/// The kind of events, in the version that every Kubernetes serves.
pub fn event_kind() -> Kind {
    Kind::new("", "v1", "Event")
}

/// Whether an object is a workload that selects pods.
pub fn is_workload(id: &ObjectId) -> bool {
    matches!(id.group.as_str(), "apps" | "batch") && WORKLOADS.contains(&id.kind.as_str())
}

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
    let events = events_near(cluster, id).await;
    let pods = match &id.namespace {
        Some(namespace) if is_workload(id) => {
            let all = cluster.list(&pods(), &Selection::within(Some(namespace))).await;
            all.unwrap_or_default().into_iter().filter(|pod| health::selects(&live, pod)).collect()
        }
        _ if id.is("", "Pod") => vec![live.clone()],
        _ => Vec::new(),
    };
    let troubles: Vec<Trouble> =
        pods.iter().flat_map(|pod| health::troubles(pod).into_iter().take(1)).take(PODS).collect();
    if !troubles.is_empty() {
        return join_all(troubles.iter().map(|trouble| of_trouble(cluster, trouble, &events)))
            .await;
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
    let own = |event: &&Event| event.object == *id || is_below(event, id);
    vec![finding::of_object(id, state, reason, event_lines(events.iter().filter(own)))]
}

/// The problem of a pod with its events and last log lines.
async fn of_trouble(cluster: &Cluster, trouble: &Trouble, events: &[Event]) -> Finding {
    let own = events.iter().filter(|event| event.object == trouble.object);
    let mut lines = event_lines(own);
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
    finding::of_trouble(trouble, lines)
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

/// Warnings in the namespace of an object, deduplicated, newest last.
async fn events_near(cluster: &Cluster, id: &ObjectId) -> Vec<Event> {
    // Events of cluster-scoped objects are stored in this namespace.
    let namespace = id.namespace.as_deref().unwrap_or("default");
    let selection = Selection::within(Some(namespace)).with_fields("type=Warning");
    let events: Vec<Value> = cluster.list(&event_kind(), &selection).await.unwrap_or_default();
    dedup(events.iter().filter_map(Event::of))
}

/// The last events as lines.
fn event_lines<'e>(events: impl Iterator<Item = &'e Event>) -> Vec<String> {
    let mut lines: Vec<String> =
        events.map(|event| format!("event: {}", event.describe())).collect();
    lines.split_off(lines.len().saturating_sub(EVENTS))
}

/// Whether an event is about a `ReplicaSet` or pod of a workload.
fn is_below(event: &Event, id: &ObjectId) -> bool {
    is_workload(id)
        && event.object.namespace == id.namespace
        && ["ReplicaSet", "Pod"].contains(&event.object.kind.as_str())
        && event.object.name.strip_prefix(&id.name).is_some_and(|rest| rest.starts_with('-'))
}
