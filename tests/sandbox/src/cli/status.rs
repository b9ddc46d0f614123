//! What runs, for a person.

use anyhow::Result;
use sandbox::cluster::{Cluster, ready_nodes};
use sandbox::images;
use sandbox::network::{self, Network};
use sandbox::places::Places;

macro_rules! tell {
    ($($what:tt)*) => { super::say(&format!($($what)*)) };
}

/// Prints the clusters and, where one runs, the images.
pub(super) fn show(places: &Places, network: Network) -> Result<()> {
    let clusters = Cluster::all(places, network);
    if clusters.is_empty() {
        tell!("no clusters are running; start one with `sandbox up`");
        return Ok(());
    }
    for cluster in &clusters {
        show_cluster(cluster);
    }
    if !clusters.iter().any(|cluster| cluster.wish().real) {
        return Ok(());
    }
    tell!("images (all are built here; a STAND-IN replaces one that cannot be built):");
    for image in images::known(places)? {
        let kind = if image.stand_in { "STAND-IN" } else { "real" };
        tell!("  {kind:<8}  {}", image.name);
    }
    Ok(())
}

fn show_cluster(cluster: &Cluster) {
    let (wish, name) = (cluster.wish(), cluster.name());
    let (Ok(machine), Ok(plane)) = (cluster.machine(), cluster.control_plane()) else {
        tell!("{name}: incomplete; `sandbox up` or `sandbox down` removes it");
        return;
    };
    if !cluster.is_up() {
        tell!("{name}: incomplete or stopped; `sandbox up` or `sandbox down` removes it");
        return;
    }
    let nodes = ready_nodes(&plane).map_or_else(
        |error| format!("the API server does not answer: {error}"),
        |ready| format!("{ready} of {} nodes ready", u8::from(wish.real) + u8::from(wish.kwok)),
    );
    let isolated = if network::is_isolated(&machine) { ", isolated" } else { "" };
    tell!("{name}: Kubernetes {}, {nodes}{isolated}", wish.release);
    let megabytes = machine.memory() / (1024 * 1024);
    tell!("  {megabytes} MB in {} processes", machine.processes().len());
    for process in plane.processes().names() {
        if !plane.processes().is_running(&process) {
            tell!("  {process} has exited, see {}", plane.processes().log(&process).display());
        }
    }
    tell!("  export KUBECONFIG={}", plane.kubeconfig().display());
}
