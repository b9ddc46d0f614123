//! Why objects are not healthy, in few requests: for a run that still waits for them.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all};
use serde_json::Value;

use super::events::{Event, warnings};
use super::kinds::{is_workload, pods};
use crate::cluster::{Cluster, Kind, Selection};
use crate::health::{self, Cause, Passing, ReplicaSets, Surroundings};
use crate::object::{ObjectId, Scrubber};

/// What the kubelet says of an image, before it names the error of the registry.
const PULLING: &str = "Back-off pulling image";

/// Why these objects are not healthy; those of which nothing is known are omitted, also if something cannot be
/// read: the caller already waits for them.
pub async fn causes(cluster: &Cluster, unhealthy: &[&Value]) -> BTreeMap<ObjectId, Cause> {
    let mut namespaces: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for live in unhealthy {
        let has_cause = |id: &ObjectId| is_workload(id) || id.is("", "PersistentVolumeClaim");
        if let Some(namespace) = live["metadata"]["namespace"].as_str()
            && ObjectId::of(live).as_ref().is_some_and(has_cause)
        {
            namespaces.entry(namespace).or_default().push(live);
        }
    }
    let found = namespaces.into_iter().map(|(namespace, all)| within(cluster, namespace, all));
    let secrets = Scrubber::new();
    let found = join_all(found).await.into_iter().flatten();
    let shown = found.map(|(id, cause)| {
        let message = secrets.text(&cause.message);
        (id, Cause { message, ..cause })
    });
    shown.collect()
}

async fn within(
    cluster: &Cluster,
    namespace: &str,
    unhealthy: Vec<&Value>,
) -> Vec<(ObjectId, Cause)> {
    let around = surroundings(cluster, namespace, &unhealthy).await;
    let mut found: Vec<(&Value, Option<Cause>)> =
        unhealthy.into_iter().map(|live| (live, health::cause(live, &around))).collect();
    let is_vague =
        |cause: &Option<Cause>| cause.as_ref().is_none_or(|cause| cause.message.contains(PULLING));
    if found.iter().any(|(_, cause)| is_vague(cause)) {
        let events = warnings(cluster, Some(namespace)).await;
        for (live, cause) in &mut found {
            match cause {
                None => *cause = of_events(live, &around, &events),
                Some(cause) => explain_pull(cause, &around.pods, &events),
            }
        }
    }
    found.into_iter().filter_map(|(live, cause)| Some((ObjectId::of(live)?, cause?))).collect()
}

/// Reads what decides about the pods of these objects.
async fn surroundings(cluster: &Cluster, namespace: &str, unhealthy: &[&Value]) -> Surroundings {
    let (within, everywhere) = (Selection::within(Some(namespace)), Selection::default());
    let (all_pods, replica_sets) = join(
        async { cluster.list(&pods(), &within).await.unwrap_or_default() },
        replica_sets(cluster, namespace, unhealthy),
    )
    .await;
    let mut around = Surroundings { pods: all_pods, replica_sets, ..Surroundings::default() };
    let waits = |pod: &Value| pod["spec"]["nodeName"].is_null();
    let is_claim = |live: &&Value| live["kind"] == "PersistentVolumeClaim";
    if around.pods.iter().any(waits) || unhealthy.iter().any(is_claim) {
        let (claims, classes, volumes) = futures_util::join!(
            list(cluster, Kind::new("", "v1", "PersistentVolumeClaim"), &within),
            list(cluster, Kind::new("storage.k8s.io", "v1", "StorageClass"), &everywhere),
            list(cluster, Kind::new("", "v1", "PersistentVolume"), &everywhere),
        );
        (around.claims, around.classes, around.volumes) =
            (claims.unwrap_or_default(), classes, volumes);
    }
    around
}

async fn list(cluster: &Cluster, kind: Kind, selection: &Selection) -> Option<Vec<Value>> {
    cluster.list(&kind, selection).await.ok()
}

/// The `ReplicaSet`s of a namespace; not read if there is no Deployment.
pub(super) async fn replica_sets(
    cluster: &Cluster,
    namespace: &str,
    workloads: &[&Value],
) -> ReplicaSets {
    if !workloads.iter().any(|live| live["kind"] == "Deployment") {
        return None;
    }
    let kind = Kind::new("apps", "v1", "ReplicaSet");
    cluster.list(&kind, &Selection::within(Some(namespace)).metadata()).await.ok()
}

/// What belongs to a workload, by uid: itself, its `ReplicaSet`s and its current pods.
pub(super) fn belongings<'u>(
    live: &'u Value,
    replica_sets: &'u ReplicaSets,
    pods: &[&'u Value],
) -> BTreeSet<&'u str> {
    let sets = replica_sets.iter().flatten().filter(|set| health::is_owned(set, live));
    let all = sets.chain(pods.iter().copied()).chain([live]);
    all.filter_map(|object| object["metadata"]["uid"].as_str()).collect()
}

/// What only events explain: pods that cannot be created, and pods that wait for a volume or a network.
fn of_events(live: &Value, around: &Surroundings, events: &[Event]) -> Option<Cause> {
    let pods = health::current_pods(live, &around.replica_sets, &around.pods);
    let starting = pods.iter().copied().filter(|pod| health::is_starting(pod));
    let starting: Vec<&Value> = starting.collect();
    if !pods.is_empty() && starting.is_empty() {
        return None;
    }
    let about = belongings(live, &around.replica_sets, &starting);
    let event = events.iter().rev().find(|event| about.contains(event.uid.as_str()))?;
    let kind = event.object.kind.to_lowercase();
    let namespace = event.object.namespace.as_deref().unwrap_or_default();
    Some(Cause {
        object: event.object.clone(),
        reason: event.reason.clone(),
        message: event.message.clone(),
        next_step: format!(
            "run `kubectl -n {namespace} describe {kind} {}` to see its events",
            event.object.name
        ),
        passing: Passing::Possible,
    })
}

/// Older kubelets name the error of the registry only in an event.
fn explain_pull(cause: &mut Cause, pods: &[Value], events: &[Event]) {
    let is_it = |pod: &&Value| ObjectId::of(pod).as_ref() == Some(&cause.object);
    let Some(pod) = pods.iter().find(is_it) else { return };
    if let Some(message) = pull_error(pod, events) {
        let next_step = health::troubles(pod).first().map(|t| t.explained_by(pod, message));
        cause.next_step = next_step.unwrap_or_else(|| cause.next_step.clone());
        cause.message = message.to_owned();
    }
}

/// The error of the registry, from the newest event of a pod, where its status does not have it.
pub(super) fn pull_error<'e>(pod: &Value, events: &'e [Event]) -> Option<&'e str> {
    let statuses = ["initContainerStatuses", "containerStatuses"];
    let statuses = statuses.iter().filter_map(|list| pod["status"][list].as_array()).flatten();
    let mut messages = statuses.filter_map(|s| s["state"]["waiting"]["message"].as_str());
    // `Back-off pulling image "a"`; newer kubelets go on with `: ErrImagePull: …`.
    if !messages.any(|message| message.starts_with(PULLING) && !message.contains("\": ")) {
        return None;
    }
    let uid = pod["metadata"]["uid"].as_str()?;
    let is_error = |event: &&Event| event.uid == uid && event.message.starts_with("Failed to pull");
    events.iter().rev().find(is_error).map(|event| event.message.as_str())
}
