//! What ksi has installed in a cluster: the inventory that it keeps there, by component.

use std::collections::BTreeSet;

use serde_json::Value;

use super::exit::Failure;
use crate::cluster::{Cluster, Kind};
use crate::inventory::{Entry, Inventory, SECRET};
use crate::object::{ObjectId, kubesphere};
use crate::render;

/// Where the core of `KubeSphere` and our own records are.
pub(super) const NAMESPACE: &str = kubesphere::SYSTEM;

/// What is installed.
#[derive(Debug, Clone)]
pub(super) struct Installed {
    /// The whole inventory.
    pub(super) inventory: Inventory,
    /// When it was written last, as the server says it.
    pub(super) written: Option<String>,
    /// The components that it names, in the order in which they are installed.
    pub(super) components: Vec<Part>,
}

/// A component with what belongs to it.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) name: String,
    /// What it is, one sentence; empty for one that this ksi does not know.
    pub(super) description: &'static str,
    pub(super) entries: Vec<Entry>,
}

/// Reads the inventory of a cluster.
///
/// # Errors
/// The cluster cannot be read, nothing is installed, or the inventory is damaged.
pub(super) async fn cluster_inventory(cluster: &Cluster) -> Result<Installed, Failure> {
    let id = Kind::new("", "v1", "Secret").named(Some(NAMESPACE), SECRET);
    let Some(secret) = cluster.get(&id).await? else {
        return Err(Failure::NotInstalled(not_installed(cluster).await?));
    };
    let damaged = |cause: String| {
        Failure::Io(format!(
            "cannot use {id}: {cause}\nhelp: restore it from a backup; or delete it: the next \
             `ksi apply` takes over what is there, and removes nothing"
        ))
    };
    let inventory = Inventory::from_secret(&secret).map_err(|error| damaged(error.to_string()))?;
    Ok(Installed { written: written(&secret), components: components(&inventory), inventory })
}

/// The components of an inventory; those that this ksi does not know come last.
fn components(inventory: &Inventory) -> Vec<Part> {
    let known = render::components();
    let names = known.iter().map(|component| component.name.as_str());
    let others: BTreeSet<&str> =
        inventory.entries().iter().map(|entry| entry.component.as_str()).collect();
    let others = others.into_iter().filter(|name| known.iter().all(|c| c.name != *name));
    names
        .chain(others)
        .map(|name| Part {
            name: name.to_owned(),
            description: known
                .iter()
                .find(|component| component.name == name)
                .map_or("", |component| component.description.as_str()),
            entries: inventory.entries().iter().filter(|e| e.component == name).cloned().collect(),
        })
        .filter(|part| !part.entries.is_empty())
        .collect()
}

/// The last write of the server's own records, or else when it was made.
fn written(secret: &Value) -> Option<String> {
    let metadata = &secret["metadata"];
    let writes = metadata["managedFields"].as_array();
    let times = writes.into_iter().flatten().filter_map(|entry| entry["time"].as_str());
    times.max().or_else(|| metadata["creationTimestamp"].as_str()).map(str::to_owned)
}

/// What to say where ksi has installed nothing.
async fn not_installed(cluster: &Cluster) -> Result<String, Failure> {
    let api = Kind::new("apps", "v1", "Deployment").named(Some(NAMESPACE), kubesphere::API_SERVER);
    let place = cluster.place();
    Ok(if cluster.get(&api).await?.is_some() {
        format!(
            "KubeSphere is in {place}, but ksi did not install it\n\
             help: `ksi diff -f FILE` shows what ksi would take over, `ksi apply -f FILE` does it"
        )
    } else {
        format!(
            "nothing is installed in {place}\n\
             help: `ksi check --pre -f FILE` shows whether it can be, `ksi apply -f FILE` installs it"
        )
    })
}

impl Installed {
    /// Only one component of it.
    ///
    /// # Errors
    /// It is not installed.
    pub(super) fn only(mut self, name: Option<&str>) -> Result<Self, Failure> {
        let Some(name) = name else { return Ok(self) };
        let names: Vec<String> = self.components.iter().map(|part| part.name.clone()).collect();
        self.components.retain(|part| part.name == name);
        if self.components.is_empty() {
            let known = names.join(", ");
            return Err(Failure::Usage(format!(
                "component `{name}` is not installed; these are: {known}"
            )));
        }
        Ok(self)
    }

    /// Everything that is looked at.
    pub(super) fn ids(&self) -> impl Iterator<Item = &ObjectId> {
        self.components.iter().flat_map(|part| &part.entries).map(|entry| &entry.id)
    }

    /// Namespaces of ours: those that we made, and those in which something of ours is.
    pub(super) fn namespaces(&self) -> BTreeSet<String> {
        self.ids().filter_map(|id| id.namespace.clone()).collect()
    }
}
