//! The state of an installation, from what was read of it. Pure.

mod component;
mod drift;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use super::about::About;
use super::installed::{Installed, InstalledComponent};
use super::last_run::Run;
use super::snapshot::Snapshot;
use crate::health::{self, Endpoint, Trouble};
use crate::object::ObjectId;

pub use component::{Component, Count, Unhealthy};
pub use drift::Drift;

/// How something is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// As it should be.
    Healthy,
    /// On its way.
    Progressing,
    /// Not in the cluster.
    Missing,
    /// It will not become healthy by waiting.
    Failed,
}

impl State {
    /// Its name in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Progressing => "progressing",
            Self::Missing => "missing",
            Self::Failed => "failed",
        }
    }
}

/// The state of an installation.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What is known of the cluster.
    #[serde(flatten)]
    pub about: About,
    /// The version of `KubeSphere` that runs, from its image.
    pub kubesphere: Option<String>,
    /// The version of ksi that wrote the inventory.
    pub ksi: String,
    /// When a configuration was last applied.
    pub written: Option<String>,
    /// The last run, or the one that is at work.
    pub last_run: Option<Run>,
    /// The state of the worst component.
    pub state: State,
    /// The components.
    pub components: Vec<Component>,
    /// What is wrong with pods.
    pub troubles: Vec<PodTrouble>,
    /// How members reach the host; only on hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tower: Option<Endpoint>,
    /// What others changed since ksi wrote it.
    pub drift: Vec<Drift>,
    /// What the configuration no longer contains and ksi keeps: no part of the state.
    pub kept: Vec<ObjectId>,
    /// Kinds of which nothing is known, because this user has no right to list them: no part of the state.
    pub unreadable: Vec<String>,
}

/// The trouble of a pod, with the component that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodTrouble {
    /// The component.
    pub component: String,
    /// What is wrong.
    #[serde(flatten)]
    pub trouble: Trouble,
}

impl Report {
    /// Evaluates what was read.
    pub fn new(
        installed: &Installed,
        snapshot: &Snapshot,
        about: &About,
        now: OffsetDateTime,
    ) -> Self {
        let components: Vec<Component> =
            installed.components.iter().map(|part| Component::of(part, snapshot, now)).collect();
        let kept = installed.inventory.entries().iter().filter(|entry| entry.kept);
        Self {
            about: about.clone(),
            kubesphere: version(snapshot),
            ksi: installed.inventory.ksi_version.clone(),
            written: installed.written.clone(),
            last_run: Run::of(installed.inventory.last_run.as_ref(), about.lock.as_ref()),
            state: components.iter().map(|c| c.state).max().unwrap_or(State::Healthy),
            troubles: installed.components.iter().flat_map(|c| troubles(c, snapshot)).collect(),
            tower: service(snapshot, "tower").map(|service| {
                let (published, node) = (&about.publish_address, &about.node_address);
                health::tower(service, published.as_deref(), node.as_deref())
            }),
            drift: drift::drift(installed, snapshot),
            kept: kept.map(|entry| entry.id.clone()).collect(),
            unreadable: {
                let kinds = snapshot.unreadable.iter().map(|id| id.kind.clone());
                kinds.collect::<BTreeSet<_>>().into_iter().collect()
            },
            components,
        }
    }

    /// Whether something changed since another report. Ages grow by themselves: that is no change.
    pub fn differs_from(&self, other: &Self) -> bool {
        let components = |report: &Self| {
            let of = |c: &Component| (c.name.clone(), c.state, c.unhealthy.clone());
            report.components.iter().map(of).collect::<Vec<_>>()
        };
        components(self) != components(other)
            || self.last_run != other.last_run
            || self.troubles != other.troubles
            || self.tower != other.tower
            || self.drift != other.drift
    }
}

/// The version in the name of the image that ks-apiserver runs.
fn version(snapshot: &Snapshot) -> Option<String> {
    let (_, api) = snapshot.objects.iter().find(|(id, _)| {
        id.kind == "Deployment" && id.group == "apps" && id.name == "ks-apiserver"
    })?;
    let image = api["spec"]["template"]["spec"]["containers"][0]["image"].as_str()?;
    let tag = image.split('@').next()?.rsplit_once(':')?.1;
    (!tag.contains('/')).then(|| tag.to_owned())
}

fn troubles(component: &InstalledComponent, snapshot: &Snapshot) -> Vec<PodTrouble> {
    let pods = snapshot.pods_of(component.entries.iter().map(|entry| &entry.id));
    let found = pods.into_iter().flat_map(health::troubles);
    found.map(|trouble| PodTrouble { component: component.name.clone(), trouble }).collect()
}

fn service<'s>(snapshot: &'s Snapshot, name: &str) -> Option<&'s Value> {
    let is_it = |id: &ObjectId| id.kind == "Service" && id.group.is_empty() && id.name == name;
    snapshot.objects.iter().find_map(|(id, body)| is_it(id).then_some(body))
}

#[cfg(test)]
mod tests;
