//! How an installation is, from what was read of it. Pure.

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use crate::cli::installed::{Installed, Part};
use crate::cli::live::{Live, is_still};
use crate::cli::span;
use crate::cluster::Kind;
use crate::diagnose;
use crate::health::{self, Address, Health, Trouble};
use crate::inventory::{Entry, Inventory};
use crate::object::{ObjectId, Policy};

/// How something is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) enum State {
    Healthy,
    Progressing,
    Missing,
    Failed,
}

impl State {
    pub(in crate::cli) fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Progressing => "progressing",
            Self::Missing => "missing",
            Self::Failed => "failed",
        }
    }
}

/// What is known of the cluster beside the objects of the installation.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct About {
    /// Where it is.
    pub(in crate::cli) cluster: String,
    /// `host`, `member` or `none`, as kubesphere-config says it.
    pub(in crate::cli) role: Option<String>,
    /// Where agents of members connect to, if it is set.
    pub(in crate::cli) publish_address: Option<String>,
    /// An address of a node.
    #[serde(skip)]
    pub(in crate::cli) node_address: Option<String>,
}

/// One screen of an installation.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Report {
    #[serde(flatten)]
    pub(in crate::cli) about: About,
    /// The version of `KubeSphere` that runs, from its image.
    pub(in crate::cli) kubesphere: Option<String>,
    /// The version of ksi that wrote the inventory.
    pub(in crate::cli) ksi: String,
    /// When it did.
    pub(in crate::cli) written: Option<String>,
    pub(in crate::cli) state: State,
    pub(in crate::cli) components: Vec<Component>,
    /// What is wrong with pods.
    pub(in crate::cli) troubles: Vec<PodTrouble>,
    /// How members reach the host; only on hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) tower: Option<Tower>,
    /// What others changed since ksi wrote it.
    pub(in crate::cli) drift: Vec<Drift>,
}

/// One component.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Component {
    pub(in crate::cli) name: String,
    pub(in crate::cli) description: String,
    pub(in crate::cli) state: State,
    pub(in crate::cli) workloads: Count,
    pub(in crate::cli) objects: Count,
    /// When its oldest object was made.
    pub(in crate::cli) created: Option<String>,
    pub(in crate::cli) age_seconds: Option<u64>,
    /// What is not as it should be, the worst first.
    pub(in crate::cli) unhealthy: Vec<Unhealthy>,
}

/// How many of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(in crate::cli) struct Count {
    pub(in crate::cli) ready: usize,
    pub(in crate::cli) total: usize,
}

/// An object that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Unhealthy {
    pub(in crate::cli) object: ObjectId,
    pub(in crate::cli) state: State,
    /// What is awaited or went wrong.
    pub(in crate::cli) reason: String,
}

/// The trouble of a pod, with the component that it belongs to.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct PodTrouble {
    pub(in crate::cli) component: String,
    #[serde(flatten)]
    pub(in crate::cli) trouble: Trouble,
}

/// The address of Tower.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Tower {
    pub(in crate::cli) address: Address,
    /// What it means for members.
    pub(in crate::cli) message: String,
    /// What to do, where something is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) next_step: Option<String>,
}

/// An object that others changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Drift {
    pub(in crate::cli) component: String,
    pub(in crate::cli) object: ObjectId,
    pub(in crate::cli) reason: &'static str,
}

/// Puts together what was read.
pub(in crate::cli) fn report(
    installed: &Installed,
    live: &Live,
    about: &About,
    now: OffsetDateTime,
) -> Report {
    let components: Vec<Component> =
        installed.components.iter().map(|part| component(part, live, now)).collect();
    let state = components.iter().map(|c| c.state).max().unwrap_or(State::Healthy);
    let drift = installed.components.iter().flat_map(|part| {
        part.entries.iter().filter_map(|entry| {
            let reason = drift(&installed.inventory, entry, live.objects.get(&entry.id)?)?;
            Some(Drift { component: part.name.clone(), object: entry.id.clone(), reason })
        })
    });
    Report {
        about: about.clone(),
        kubesphere: version(live),
        ksi: installed.inventory.ksi_version.clone(),
        written: installed.written.clone(),
        state,
        components,
        troubles: troubles(installed, live),
        tower: tower(live, about),
        drift: drift.collect(),
    }
}

fn component(part: &Part, live: &Live, now: OffsetDateTime) -> Component {
    let (mut workloads, mut objects) = (Count::default(), Count::default());
    let mut unhealthy = Vec::new();
    for entry in &part.entries {
        let found = judge(entry, live.objects.get(&entry.id));
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
    let created = part
        .entries
        .iter()
        .filter_map(|entry| live.objects.get(&entry.id))
        .filter_map(|body| body["metadata"]["creationTimestamp"].as_str())
        .min()
        .map(str::to_owned);
    Component {
        name: part.name.clone(),
        description: part.description.to_owned(),
        state: unhealthy.first().map_or(State::Healthy, |worst| worst.state),
        workloads,
        objects,
        age_seconds: created.as_deref().and_then(|time| span::age(time, now)),
        created,
        unhealthy,
    }
}

/// What is wrong with an object; `None` when nothing is.
fn judge(entry: &Entry, live: Option<&Value>) -> Option<Unhealthy> {
    let of = |state, reason: &str| {
        Some(Unhealthy { object: entry.id.clone(), state, reason: reason.to_owned() })
    };
    let Some(live) = live else {
        let reason = if entry.is_announced() {
            "was not written: the last `ksi apply` did not end"
        } else {
            "is not there"
        };
        return of(State::Missing, reason);
    };
    // Of what is not ours but for a label, nothing is promised; of others, being there is enough.
    if entry.policy == Policy::Patch || is_still(&Kind::of(&entry.id)) {
        return None;
    }
    match health::judge(live) {
        Health::Healthy => None,
        Health::Progressing { reason } => of(State::Progressing, &reason),
        Health::Failed { reason } => of(State::Failed, &reason),
    }
}

/// Whether somebody else changed an object since ksi wrote it, as far as its metadata tells.
fn drift(inventory: &Inventory, entry: &Entry, live: &Value) -> Option<&'static str> {
    if entry.is_announced() {
        return None;
    }
    let uid = live["metadata"]["uid"].as_str();
    if entry.uid.as_deref().is_some_and(|ours| uid.is_some_and(|uid| uid != ours)) {
        return Some("somebody deleted it and made another one of the same name");
    }
    if entry.policy == Policy::Apply
        && entry.owned.is_some()
        && live["metadata"]["managedFields"].is_array()
        && inventory.owned(entry.policy, live) != entry.owned
    {
        return Some("others took fields of ours, or gave them back");
    }
    None
}

/// The version in the name of the image that ks-apiserver runs.
fn version(live: &Live) -> Option<String> {
    let (_, api) = live.objects.iter().find(|(id, _)| {
        id.kind == "Deployment" && id.group == "apps" && id.name == "ks-apiserver"
    })?;
    let image = api["spec"]["template"]["spec"]["containers"][0]["image"].as_str()?;
    let tag = image.split('@').next()?.rsplit_once(':')?.1;
    (!tag.contains('/')).then(|| tag.to_owned())
}

fn troubles(installed: &Installed, live: &Live) -> Vec<PodTrouble> {
    let mut found = Vec::new();
    for part in &installed.components {
        let workloads: Vec<&Value> = part
            .entries
            .iter()
            .filter(|entry| diagnose::is_workload(&entry.id))
            .filter_map(|entry| live.objects.get(&entry.id))
            .collect();
        let pods = live.pods.values();
        let ours = pods.filter(|pod| workloads.iter().any(|w| health::selects(w, pod)));
        found.extend(
            ours.flat_map(health::troubles)
                .map(|trouble| PodTrouble { component: part.name.clone(), trouble }),
        );
    }
    found
}

/// How members reach the host through Tower.
fn tower(live: &Live, about: &About) -> Option<Tower> {
    let (_, service) = live
        .objects
        .iter()
        .find(|(id, _)| id.kind == "Service" && id.group.is_empty() && id.name == "tower")?;
    let address = health::address(service);
    let node = about.node_address.as_deref().unwrap_or("NODE_ADDRESS");
    let (message, next_step) = match (&about.publish_address, &address) {
        (Some(publish), _) => (format!("agents of members connect to {publish}"), None),
        (None, Address::Given(address)) => {
            let port = service["spec"]["ports"][0]["port"].as_u64().unwrap_or(8080);
            (format!("agents of members connect to {address}:{port}"), None)
        }
        (None, Address::Pending { node_port, port }) => (
            "no load balancer has given Service tower an address: members that need an agent \
             cannot join"
                .to_owned(),
            Some(match node_port {
                Some(node_port) => format!(
                    "set multicluster.proxyPublishAddress to http://{node}:{node_port}, where \
                     every node listens, or install a load balancer for port {port}"
                ),
                None => "install a load balancer, or set multicluster.tower.service.type to \
                         NodePort and multicluster.proxyPublishAddress to its address"
                    .to_owned(),
            }),
        ),
        (None, Address::NotAsked) => (
            "Service tower is reached from inside of the cluster or by its NodePort only"
                .to_owned(),
            Some(match service["spec"]["ports"][0]["nodePort"].as_u64() {
                Some(port) => format!(
                    "set multicluster.proxyPublishAddress to http://{node}:{port}, or to what \
                     leads there"
                ),
                None => "set multicluster.proxyPublishAddress to the address that leads to it"
                    .to_owned(),
            }),
        ),
    };
    Some(Tower { address, message, next_step })
}

#[cfg(test)]
pub(in crate::cli) mod testing;
#[cfg(test)]
mod tests;
