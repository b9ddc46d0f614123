//! The state of one component.

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use super::State;
use crate::cluster::Kind;
use crate::diagnose;
use crate::health::{self, Health};
use crate::inventory::Entry;
use crate::object::age::age;
use crate::object::{ObjectId, Policy};
use crate::status::installed::InstalledComponent;
use crate::status::snapshot::{Snapshot, is_passive};

/// The state of one component.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// Its name.
    pub name: String,
    /// What it is, one sentence.
    pub description: String,
    /// The state of its worst object.
    pub state: State,
    /// Workloads, and how many of them are ready.
    pub workloads: Count,
    /// Objects, and how many of them exist.
    pub objects: Count,
    /// When its oldest object was created.
    pub created: Option<String>,
    /// How long ago that was.
    pub age_seconds: Option<u64>,
    /// What is not as it should be, the worst first.
    pub unhealthy: Vec<Unhealthy>,
}

/// How many of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// So many are ready.
    pub ready: usize,
    /// Of so many.
    pub total: usize,
}

/// An object that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unhealthy {
    /// The object.
    pub object: ObjectId,
    /// How it is.
    pub state: State,
    /// What is awaited or went wrong.
    pub reason: String,
}

impl Component {
    pub(super) fn of(
        component: &InstalledComponent,
        snapshot: &Snapshot,
        now: OffsetDateTime,
    ) -> Self {
        let (mut workloads, mut objects) = (Count::default(), Count::default());
        let mut unhealthy = Vec::new();
        for entry in component.entries.iter().filter(|e| !snapshot.unreadable.contains(&e.id)) {
            let found = assess(entry, snapshot.objects.get(&entry.id));
            let ready = usize::from(found.is_none());
            objects.total += 1;
            // What is there and on its way is no missing object.
            objects.ready += usize::from(found.as_ref().is_none_or(|f| f.state != State::Missing));
            if diagnose::is_workload(&entry.id) {
                workloads.total += 1;
                workloads.ready += ready;
            }
            unhealthy.extend(found);
        }
        unhealthy.sort_by(|a, b| b.state.cmp(&a.state).then_with(|| a.object.cmp(&b.object)));
        let created = component
            .entries
            .iter()
            .filter_map(|entry| snapshot.objects.get(&entry.id))
            .filter_map(|body| body["metadata"]["creationTimestamp"].as_str())
            .min()
            .map(str::to_owned);
        Self {
            name: component.name.clone(),
            description: component.description.to_owned(),
            state: unhealthy.first().map_or(State::Healthy, |worst| worst.state),
            workloads,
            objects,
            age_seconds: created.as_deref().and_then(|time| age(time, now)),
            created,
            unhealthy,
        }
    }
}

/// What is wrong with an object; `None` when nothing is.
fn assess(entry: &Entry, live: Option<&Value>) -> Option<Unhealthy> {
    let of = |state, reason: &str| {
        Some(Unhealthy { object: entry.id.clone(), state, reason: reason.to_owned() })
    };
    let Some(live) = live else {
        let reason = if entry.is_pending() {
            "not written: the last `ksi apply` did not finish"
        } else {
            "not found"
        };
        return of(State::Missing, reason);
    };
    // Objects of which ksi only sets a label, and passive kinds, are healthy when they exist.
    if entry.policy == Policy::Patch || is_passive(&Kind::of(&entry.id)) {
        return None;
    }
    match health::assess(live) {
        Health::Healthy => None,
        Health::Progressing { reason } => of(State::Progressing, &reason),
        Health::Failed { reason } => of(State::Failed, &reason),
    }
}
