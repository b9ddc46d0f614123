//! What ksi has installed in a cluster: the inventory stored there, by component.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::error::Error;
use crate::cluster::{self, Cluster, Kind};
use crate::diagnose::is_workload;
use crate::inventory::{Entry, Inventory, SECRET};
use crate::object::ObjectId;
use crate::render;

/// The namespace of `KubeSphere`'s core and of ksi's own records.
pub const NAMESPACE: &str = "kubesphere-system";

/// What is installed.
#[derive(Debug, Clone)]
pub struct Installed {
    /// The whole inventory.
    pub inventory: Inventory,
    /// When a configuration was last applied.
    pub written: Option<String>,
    /// The recorded components, in the order in which they are installed.
    pub components: Vec<InstalledComponent>,
}

/// A component with its recorded objects.
#[derive(Debug, Clone)]
pub struct InstalledComponent {
    /// Its name.
    pub name: String,
    /// What it is, one sentence; empty for a component that this ksi does not know.
    pub description: &'static str,
    /// Its objects.
    pub entries: Vec<Entry>,
}

impl Installed {
    /// Reads the inventory of a cluster.
    ///
    /// # Errors
    /// The cluster cannot be read, nothing is installed, or the inventory is damaged.
    pub async fn read(cluster: &Cluster) -> Result<Self, Error> {
        let id = Kind::new("", "v1", "Secret").named(Some(NAMESPACE), SECRET);
        let Some(secret) = cluster.get(&id).await? else {
            let by_others = has_kubesphere(cluster).await?;
            return Err(Error::NotInstalled { place: cluster.place().to_owned(), by_others });
        };
        let inventory = Inventory::from_secret(&secret)
            .map_err(|cause| Error::Damaged { secret: Box::new(id), cause })?;
        let written = match (&inventory.applied, &inventory.last_run) {
            (Some(applied), _) => applied.ended.clone(),
            (None, Some(_)) => None,
            // An early version wrote it.
            (None, None) => written(&secret),
        };
        Ok(Self { written, components: components(&inventory), inventory })
    }

    /// The same, unless it was uninstalled and is only what an uninstallation keeps.
    ///
    /// # Errors
    /// It was.
    pub fn unless_uninstalled(self, cluster: &Cluster) -> Result<Self, Error> {
        if self.inventory.is_uninstalled() {
            let place = cluster.place().to_owned();
            return Err(Error::Uninstalled { place, kept: self.kept() });
        }
        Ok(self)
    }

    /// How many objects of each kind are kept though they are no longer desired: `74 CustomResourceDefinition`.
    pub fn kept(&self) -> Vec<String> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in self.inventory.entries().iter().filter(|entry| entry.kept) {
            *counts.entry(&entry.id.kind).or_default() += 1;
        }
        counts.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect()
    }

    /// Only one of its components; all of them without a name.
    ///
    /// # Errors
    /// The component is not installed.
    pub fn only(mut self, name: Option<&str>) -> Result<Self, Error> {
        let Some(name) = name else { return Ok(self) };
        if !self.components.iter().any(|component| component.name == name) {
            let has_it = |part: &&InstalledComponent| {
                part.entries.iter().any(|entry| is_workload(&entry.id) && entry.id.name == name)
            };
            if let Some(part) = self.components.iter().find(has_it) {
                let (name, component) = (name.to_owned(), part.name.clone());
                return Err(Error::PartOfComponent { name, component });
            }
            let installed = self.components.into_iter().map(|component| component.name).collect();
            return Err(Error::NoSuchComponent { name: name.to_owned(), installed });
        }
        self.components.retain(|component| component.name == name);
        Ok(self)
    }

    /// The objects of its components.
    pub fn ids(&self) -> impl Iterator<Item = &ObjectId> {
        self.components.iter().flat_map(|part| &part.entries).map(|entry| &entry.id)
    }

    /// The namespaces of these objects.
    pub fn namespaces(&self) -> BTreeSet<String> {
        self.ids().filter_map(|id| id.namespace.clone()).collect()
    }
}

/// The components of an inventory; those that this ksi does not know come last.
fn components(inventory: &Inventory) -> Vec<InstalledComponent> {
    let known = render::components();
    // What is only kept is no part of the installation.
    let ours = || inventory.entries().iter().filter(|entry| !entry.kept);
    let names = known.iter().map(|component| component.name.as_str());
    let others: BTreeSet<&str> = ours().map(|entry| entry.component.as_str()).collect();
    let others = others.into_iter().filter(|name| known.iter().all(|c| c.name != *name));
    names
        .chain(others)
        .map(|name| InstalledComponent {
            name: name.to_owned(),
            description: known
                .iter()
                .find(|component| component.name == name)
                .map_or("", |component| component.description.as_str()),
            entries: ours().filter(|entry| entry.component == name).cloned().collect(),
        })
        .filter(|component| !component.entries.is_empty())
        .collect()
}

/// The last write in the server's records, else the time of creation.
fn written(secret: &Value) -> Option<String> {
    let metadata = &secret["metadata"];
    let writes = metadata["managedFields"].as_array();
    let times = writes.into_iter().flatten().filter_map(|entry| entry["time"].as_str());
    times.max().or_else(|| metadata["creationTimestamp"].as_str()).map(str::to_owned)
}

async fn has_kubesphere(cluster: &Cluster) -> Result<bool, cluster::Error> {
    let api = Kind::new("apps", "v1", "Deployment").named(Some(NAMESPACE), "ks-apiserver");
    Ok(cluster.get(&api).await?.is_some())
}
