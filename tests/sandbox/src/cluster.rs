//! A whole cluster: machine, network, control plane, nodes, images and add-ons.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::addons;
use crate::builds::{Program, Release};
use crate::control_plane::{ControlPlane, Ports, Settings};
use crate::images::Archives;
use crate::machine::Machine;
use crate::network::{self, Network};
use crate::node::Node;
use crate::places::Places;
use crate::process::wait_until;

/// What a cluster is asked to be like.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four switches that have nothing to do with each other"
)]
pub struct Wish {
    /// Its name, also that of its node.
    pub name: String,
    /// Kubernetes' version, as `1.34`.
    pub release: String,
    /// A node with a kubelet, which runs pods.
    pub real: bool,
    /// A node of kwok, which pretends to.
    pub kwok: bool,
    /// Whether other clusters are kept from opening connections to it.
    pub isolated: bool,
    /// Whether load balancers get addresses.
    pub addresses: bool,
}

/// What is recorded of a cluster before anything of it is started.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    wish: Wish,
    index: u8,
    /// Set at the end: without it `up` was interrupted.
    complete: bool,
}

/// A cluster, running or half started.
#[derive(Debug, Clone)]
pub struct Cluster {
    folder: PathBuf,
    network: Network,
    record: Record,
}

impl Cluster {
    /// All clusters of a sandbox, half ones included, by their names. Folders without a record are
    /// left out: nothing runs yet when the record is written.
    pub fn all(places: &Places, network: Network) -> Vec<Self> {
        let entries = fs::read_dir(folder(places, network)).into_iter().flatten().flatten();
        let mut all: Vec<_> =
            entries.filter_map(|entry| Self::read(&entry.path(), network).ok()).collect();
        all.sort_by_key(|cluster: &Self| cluster.record.index);
        all
    }

    /// One that was started.
    ///
    /// # Errors
    /// There is none of this name; the error has those that there are.
    pub fn open(places: &Places, network: Network, name: &str) -> Result<Self> {
        let all = Self::all(places, network);
        let names: Vec<_> = all.iter().map(|cluster| cluster.name().to_owned()).collect();
        all.into_iter().find(|cluster| cluster.name() == name).with_context(|| {
            let known = if names.is_empty() { "none runs".to_owned() } else { names.join(", ") };
            format!("no cluster `{name}`: {known}. Start it with `sandbox up --clusters {name}`")
        })
    }

    fn read(folder: &Path, network: Network) -> Result<Self> {
        let record = serde_json::from_slice(&fs::read(folder.join("cluster.json"))?)?;
        Ok(Self { folder: folder.to_owned(), network, record })
    }

    /// Sets a number and a folder aside for a new cluster. Starts nothing.
    ///
    /// # Errors
    /// There is no number left, or the folder cannot be written.
    pub fn reserve(places: &Places, network: Network, wish: Wish) -> Result<Self> {
        let taken: Vec<_> =
            Self::all(places, network).iter().map(|cluster| cluster.record.index).collect();
        let index =
            (0..network::CLUSTERS).find(|index| !taken.contains(index)).with_context(|| {
                format!("a sandbox can have {} clusters: remove one first", network::CLUSTERS)
            })?;
        let folder = folder(places, network).join(&wish.name);
        fs::create_dir_all(&folder)?;
        let cluster = Self { folder, network, record: Record { wish, index, complete: false } };
        cluster.save()?;
        Ok(cluster)
    }

    fn save(&self) -> Result<()> {
        let path = self.folder.join("cluster.json");
        fs::write(&path, serde_json::to_vec_pretty(&self.record)?)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Starts everything, and returns when the nodes and DNS are ready.
    ///
    /// # Errors
    /// A part cannot be built or started, or does not get ready.
    pub fn start(&mut self, places: &Places, archives: Option<&Archives>) -> Result<()> {
        let wish = self.record.wish.clone();
        let release: Release = wish.release.parse()?;
        let init = Program::Pause.build(places)?;
        let keep = [places.run.as_path(), places.cache.as_path()];
        let machine = Machine::start(&self.folder, &self.cgroup(), &init, &keep)?;
        self.network.join(&machine, self.record.index)?;
        if wish.isolated {
            network::isolate(&machine, self.network)?;
        }
        let address = self.network.address(self.record.index);
        let settings = Settings {
            name: wish.name.clone(),
            release,
            folder: self.folder.clone(),
            address: address.into(),
            ports: Ports::fixed(),
            enter: machine.enter(),
            controllers: true,
            api_arguments: Vec::new(),
        };
        let plane = ControlPlane::start(places, &settings)?;
        if wish.kwok {
            addons::start_kwok(places, &plane, &self.kwok_node(), wish.real)?;
        }
        if wish.addresses {
            addons::start_addresses(&plane, self.network, self.record.index)?;
        }
        if let Some(archives) = archives.filter(|_| wish.real) {
            let pods = self.network.pods(self.record.index);
            let node =
                Node { name: &wish.name, address, pods: &pods, machine: &machine, plane: &plane };
            node.start_runtime()?;
            node.import(&archives.node)?;
            node.start()?;
            addons::start_dns(&plane)?;
            node.import(&archives.ksi)?;
            addons::await_dns(&plane)?;
        }
        self.await_nodes(&plane)?;
        self.record.complete = true;
        self.save()
    }

    fn await_nodes(&self, plane: &ControlPlane) -> Result<()> {
        let wish = &self.record.wish;
        let wanted = usize::from(wish.real) + usize::from(wish.kwok);
        wait_until("the nodes to be ready", Duration::from_secs(60), || {
            // A pod needs the ServiceAccount of its namespace, which a controller makes.
            plane.kubectl(&["get", "serviceaccount", "default"])?;
            Ok(ready_nodes(plane)? == wanted)
        })
    }

    /// Ends it and removes everything that it made, however far it came.
    ///
    /// # Errors
    /// Something stays; the error names it.
    pub fn stop(&self) -> Result<()> {
        crate::clean::end_machine(&self.folder)?;
        crate::cgroups::remove(&self.cgroup())?;
        self.network.leave(self.record.index)?;
        fs::remove_dir_all(&self.folder)
            .with_context(|| format!("cannot remove {}", self.folder.display()))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.record.wish.name
    }

    /// What was asked for.
    pub fn wish(&self) -> &Wish {
        &self.record.wish
    }

    /// Whether it came up whole and still runs.
    pub fn is_up(&self) -> bool {
        self.record.complete && self.machine().is_ok_and(|machine| machine.is_running())
    }

    /// Its machine.
    ///
    /// # Errors
    /// None was started.
    pub fn machine(&self) -> Result<Machine> {
        Machine::open(&self.folder)
    }

    /// Its control plane.
    ///
    /// # Errors
    /// None was started.
    pub fn control_plane(&self) -> Result<ControlPlane> {
        ControlPlane::open(&self.folder)
    }

    /// The network that it is in.
    pub fn network(&self) -> Network {
        self.network
    }

    /// Where its kwok node is found.
    fn kwok_node(&self) -> String {
        format!("{}-kwok", self.name())
    }

    fn cgroup(&self) -> String {
        format!("{}{}", cgroup_prefix(self.network), self.name())
    }
}

/// How many nodes are ready.
///
/// # Errors
/// The API server does not answer.
pub fn ready_nodes(plane: &ControlPlane) -> Result<usize> {
    let path = r#"jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}"#;
    let answer = plane.kubectl(&["get", "nodes", "--output", path])?;
    Ok(answer.split_whitespace().filter(|status| *status == "True").count())
}

/// The state of one sandbox.
pub fn folder(places: &Places, network: Network) -> PathBuf {
    places.run.join(network.number().to_string())
}

/// What the names of its cgroups begin with.
pub fn cgroup_prefix(network: Network) -> String {
    format!("ksi-sandbox-{}-", network.number())
}
