//! Where the images of a configuration can be had.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::error::Error;
use super::super::prepared::Prepared;
use super::super::{assessment, desired, source::Source};
use super::{images, mirrored};
use crate::availability::{Answer, Asked, Depth, Holders, Nodes, ask, is_final};
use crate::cluster::{self, Cluster, Kind, Selection};
use crate::config::Configuration;
use crate::object::{self, kubesphere};
use crate::registry::{Client, Credentials, Error as RegistryError, Platform, Reference};
use crate::render::{self, Alternative, Image};

/// How long all registries have to answer.
const LIMIT: Duration = Duration::from_secs(120);
/// Where pods of `KubeSphere` run.
const NAMESPACES: [&str; 3] = [kubesphere::SYSTEM, kubesphere::CONTROLS, kubesphere::FEDERATION];

/// Whether an image can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The registry has it, for all nodes.
    Available,
    /// The registry has it, but not for the platform of some nodes.
    SomeNodes,
    /// The registry has it, but for the platform of no node.
    NoNodes,
    /// The registry does not give it out; nodes hold it.
    OnNodes,
    /// The registry does not give it out, and no node is known to hold it.
    Missing,
    /// The registry could not be asked.
    Unknown,
}

impl State {
    /// Its stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::SomeNodes => "someNodes",
            Self::NoNodes => "noNodes",
            Self::OnNodes => "onNodes",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        }
    }

    fn of(asked: &Asked) -> Self {
        match &asked.answer {
            Ok(_) if asked.runs_nowhere() => Self::NoNodes,
            Ok(_) if !asked.lacking().is_empty() => Self::SomeNodes,
            Ok(_) => Self::Available,
            Err(error) if !is_final(error) => Self::Unknown,
            Err(_) if asked.holders.nodes.is_empty() => Self::Missing,
            Err(_) => Self::OnNodes,
        }
    }
}

/// One image.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its name in the version's image list.
    pub name: String,
    /// The components that use it.
    pub components: Vec<String>,
    /// Whether no pod of ksi runs it: `KubeSphere` starts it when somebody needs it.
    pub later: bool,
    /// What its registry and the nodes say.
    pub asked: Asked,
    /// Whether it can be had.
    pub state: State,
    /// Other places of the same program, and whether they have it. Only asked where this one does not give it out.
    pub others: Vec<(Alternative, Answer)>,
}

impl Row {
    /// The node that has the last known copy.
    pub fn last_copy(&self) -> Option<&str> {
        match (self.state, self.asked.holders.nodes.as_slice()) {
            (State::OnNodes, [node]) => Some(node),
            _ => None,
        }
    }
}

/// Every image of a configuration.
#[derive(Debug, Clone)]
pub struct Availability {
    /// One per image.
    pub rows: Vec<Row>,
    /// How many nodes were read; `None` without a cluster.
    pub nodes: Option<usize>,
}

impl Availability {
    /// Whether every image can be had.
    pub fn success(&self) -> bool {
        let fine = [State::Available, State::SomeNodes];
        self.rows.iter().all(|row| fine.contains(&row.state))
    }
}

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct AvailabilityRequest {
    /// Another registry, in place of `local_registry`.
    pub registry: Option<String>,
    /// Also the images of components that are switched off.
    pub all: bool,
}

/// Asks the registries for every image of a configuration.
///
/// # Errors
/// A list of images of ksi is broken, or a name that the configuration gives is none of an image.
pub async fn availability(
    prepared: &Prepared,
    request: &AvailabilityRequest,
    client: &Client,
    nodes: Option<&Nodes>,
) -> Result<Availability, Error> {
    let listed = match &request.registry {
        Some(registry) => mirrored(prepared, registry, request.all)?,
        None => images(prepared, request.all)?,
    };
    let mut parsed = Vec::new();
    for image in listed {
        let reference = image.reference();
        let reference: Reference = reference.parse().map_err(Error::Image)?;
        parsed.push((image, reference));
    }
    let references: Vec<Reference> = parsed.iter().map(|(_, image)| image.clone()).collect();
    let mut answers = ask(client, &references, Depth::Platforms, LIMIT).await;
    let platforms: Vec<Platform> =
        nodes.map(|nodes| nodes.platforms().into_keys().collect()).unwrap_or_default();
    let started = started(prepared)?;
    let enabled = render::components();
    let mut rows = Vec::new();
    for (image, reference) in parsed {
        let Some(answer) = answers.remove(&reference) else { continue };
        let holders = nodes.map_or_else(Holders::default, |nodes| nodes.holders(&reference));
        let asked = Asked { image: reference, answer, wanted: platforms.clone(), holders };
        let users = enabled.iter().filter(|component| component.images.contains(&image.name));
        rows.push(Row {
            components: users.map(|component| component.name.clone()).collect(),
            later: !started.contains(&image.name),
            state: State::of(&asked),
            others: Vec::new(),
            asked,
            name: image.name.clone(),
        });
        if let Some(row) = rows.last_mut() {
            row.others = others(row.state, image);
        }
    }
    ask_others(client, &mut rows).await;
    Ok(Availability { rows, nodes: nodes.map(Nodes::count) })
}

/// The other places of an image that cannot be had, not asked yet.
fn others(state: State, image: Image) -> Vec<(Alternative, Answer)> {
    if matches!(state, State::Available | State::SomeNodes) {
        return Vec::new();
    }
    let unasked = |place: &str| {
        RegistryError::new(crate::registry::ErrorKind::Usage, "read", place, "it was not asked for")
    };
    let places = image.alternatives.into_iter();
    places.map(|place| (place.clone(), Err(unasked(&place.image)))).collect()
}

async fn ask_others(client: &Client, rows: &mut [Row]) {
    let places = rows.iter().flat_map(|row| &row.others);
    let places: BTreeSet<Reference> =
        places.filter_map(|(place, _)| place.image.parse().ok()).collect();
    let places: Vec<Reference> = places.into_iter().collect();
    let answers: BTreeMap<Reference, Answer> = ask(client, &places, Depth::Digest, LIMIT).await;
    for (place, answer) in rows.iter_mut().flat_map(|row| &mut row.others) {
        let found = place.image.parse().ok().and_then(|image: Reference| answers.get(&image));
        if let Some(found) = found {
            answer.clone_from(found);
        }
    }
}

/// The names of the images that pods of this configuration run from the start.
fn started(prepared: &Prepared) -> Result<BTreeSet<String>, Error> {
    let objects = desired::offline(prepared)?;
    let run: BTreeSet<String> =
        objects.iter().flat_map(|object| object::images::of(&object.body)).collect();
    let listed = images(prepared, true)?.into_iter();
    Ok(listed.filter(|image| run.contains(&image.reference())).map(|image| image.name).collect())
}

/// Asks the registries for the digests of images.
pub async fn digests(client: &Client, images: &[Image]) -> Vec<Answer> {
    let references: Vec<Result<Reference, String>> =
        images.iter().map(|image| image.reference().parse()).collect();
    let asked: Vec<Reference> = references.iter().filter_map(|image| image.clone().ok()).collect();
    let answers = ask(client, &asked, Depth::Digest, LIMIT).await;
    let wrong = |why: String| {
        Err(RegistryError::new(crate::registry::ErrorKind::Usage, "read", "an image", why))
    };
    let answers = references.into_iter().map(|image| match image {
        Ok(image) => answers.get(&image).cloned().unwrap_or_else(|| wrong(image.to_string())),
        Err(why) => wrong(why),
    });
    answers.collect()
}

/// The nodes of a cluster and what they hold, with what the pods of `KubeSphere` prove.
///
/// # Errors
/// The nodes cannot be read.
pub async fn nodes(cluster: &Cluster) -> Result<Nodes, cluster::Error> {
    let nodes = cluster.list(&Kind::new("", "v1", "Node"), &Selection::default()).await?;
    let mut found = Nodes::of(&nodes);
    for namespace in NAMESPACES {
        let pods = Selection::within(Some(namespace));
        // Without them only the kubelets' lists are known.
        if let Ok(pods) = cluster.list(&Kind::new("", "v1", "Pod"), &pods).await {
            found = found.with_pods(&pods);
        }
    }
    Ok(found)
}

/// The credentials in the pull secrets of a configuration, as its pods have them.
///
/// # Errors
/// A Secret cannot be read. One that does not exist has none.
pub async fn pull_credentials(
    cluster: &Cluster,
    configuration: &Configuration,
) -> Result<Credentials, cluster::Error> {
    let mut all = Credentials::default();
    for name in &configuration.images.pull_secrets {
        let id = Kind::new("", "v1", "Secret").named(Some(kubesphere::SYSTEM), name);
        let Some(secret) = cluster.get(&id).await? else { continue };
        let keys = [".dockerconfigjson", ".dockercfg"];
        let data = keys.iter().find_map(|key| secret["data"][key].as_str());
        let config = data.and_then(|data| STANDARD.decode(data).ok());
        // `ksi check` reports one that is not valid.
        let own = config.and_then(|config| Credentials::docker_config(name, &config).ok());
        all = all.or(own.unwrap_or_default());
    }
    Ok(all)
}

/// A configuration with the facts of its cluster; without a source that of the cluster.
///
/// # Errors
/// It is invalid, or the cluster cannot be read.
pub async fn prepare_on(
    cluster: &Cluster,
    source: Option<Source>,
) -> Result<Option<Prepared>, Error> {
    let source = match source {
        Some(source) => source,
        None => match assessment::of_cluster(cluster).await.map_err(Error::ConfigurationUnread)? {
            Some((_, source)) => source,
            None => return Ok(None),
        },
    };
    source.load().check_on(cluster).await.map(Some)
}
