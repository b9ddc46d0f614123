//! Several clusters at once.

use std::fs::File;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, bail};
use nix::fcntl::{Flock, FlockArg};

use crate::builds::Release;
use crate::cluster::{Cluster, Wish};
use crate::images::{self, Archives};
use crate::network::Network;
use crate::places::Places;
use crate::{builds, clean, requirements};

/// Which nodes something is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nodes {
    /// Those with a kubelet.
    pub real: bool,
    /// Those of kwok.
    pub kwok: bool,
}

/// Builds these releases of Kubernetes, for nodes of kwok what plays them, and for real nodes the images.
/// What is in the cache is not built.
///
/// # Errors
/// Something cannot be built.
pub fn build(
    places: &Places,
    releases: &[Release],
    nodes: Nodes,
    say: &(impl Fn(&str) + Sync),
) -> Result<Option<Archives>> {
    let timed = |what: &str, begin: Instant| {
        let seconds = begin.elapsed().as_secs_f32();
        if seconds > 1.0 {
            say(&format!("built {what} in {seconds:.0} s"));
        }
    };
    thread::scope(|scope| {
        // Go links on one core, and cargo waits for C: side by side none is idle.
        let ksi = nodes.real.then(|| scope.spawn(|| builds::ksi(places)));
        for &release in releases {
            let (begin, what) = (Instant::now(), format!("Kubernetes {release}"));
            if !builds::has_kubernetes(places, release)? {
                say(&format!("building {what}: this takes some minutes, once"));
            }
            builds::kubernetes(places, release)?;
            timed(&what, begin);
        }
        if nodes.kwok {
            let begin = Instant::now();
            builds::kwok(places)?;
            timed("kwok", begin);
        }
        let Some(ksi) = ksi else { return Ok(None) };
        let begin = Instant::now();
        ksi.join().map_err(|_| anyhow!("the build of ksi panicked"))??;
        let archives = images::archives(places)?;
        timed("images: pause, CoreDNS, KubeFed, ksi and stand-ins", begin);
        Ok(Some(archives))
    })
}

/// Only one driver at a time changes a sandbox; others wait. The lock ends with its holder.
///
/// # Errors
/// The file cannot be made.
pub fn lock(places: &Places, network: Network) -> Result<Flock<File>> {
    let path = places.cache.join(format!("sandbox-{}.lock", network.number()));
    let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
    Flock::lock(file, FlockArg::LockExclusive)
        .map_err(|(_, error)| error)
        .with_context(|| format!("cannot lock {}", path.display()))
}

/// Starts the clusters that do not run, side by side. What is left of an interrupted run is removed
/// first; a cluster that runs is left as it is.
///
/// # Errors
/// A cluster does not come up. The others are finished, and what there is of it can be looked at
/// until the next `up` or `down`.
pub fn up(
    places: &Places,
    network: Network,
    wishes: Vec<Wish>,
    say: &(impl Fn(&str) + Sync),
) -> Result<()> {
    requirements::check()?;
    let _lock = lock(places, network)?;
    let mut releases = vec![Release::Oldest];
    releases.extend(wishes.iter().filter_map(|wish| wish.release.parse::<Release>().ok()));
    let nodes = Nodes {
        real: wishes.iter().any(|wish| wish.real),
        kwok: wishes.iter().any(|wish| wish.kwok),
    };
    let archives = build(places, &releases, nodes, say)?;
    sweep(places, network, say)?;
    network.raise()?;
    let mut clusters = Vec::new();
    for wish in wishes {
        if Cluster::open(places, network, &wish.name).is_ok() {
            say(&format!("{}: runs already, left as it is", wish.name));
            continue;
        }
        if wish.real && wish.release != Release::Oldest.to_string() {
            bail!(
                "{}: a kubelet of {} does not run on every machine (cgroup v1): use --nodes kwok with \
                 --release {}",
                wish.name,
                wish.release,
                wish.release
            );
        }
        clusters.push(Cluster::reserve(places, network, wish)?);
    }
    let failures: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = clusters
            .iter_mut()
            .map(|cluster| {
                let archives = archives.as_ref();
                scope.spawn(move || {
                    let begin = Instant::now();
                    let result = cluster.start(places, archives);
                    let seconds = begin.elapsed().as_secs_f32();
                    match &result {
                        Ok(()) => say(&format!("{}: ready in {seconds:.1} s", cluster.name())),
                        Err(error) => say(&format!("{}: failed: {error:#}", cluster.name())),
                    }
                    result.is_err().then(|| cluster.name().to_owned())
                })
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok().flatten()).collect()
    });
    if !failures.is_empty() {
        bail!(
            "{} did not come up; logs are in {}, and `sandbox down` removes them",
            failures.join(", "),
            crate::cluster::folder(places, network).display()
        );
    }
    Ok(())
}

/// Removes what is not a whole and running cluster.
fn sweep(places: &Places, network: Network, say: &impl Fn(&str)) -> Result<()> {
    let all = Cluster::all(places, network);
    for cluster in all.iter().filter(|cluster| !cluster.is_up()) {
        say(&format!("{}: half of an old run is here, removing it", cluster.name()));
        cluster.stop()?;
    }
    if all.iter().any(Cluster::is_up) {
        return Ok(());
    }
    let left = clean::leftovers(places, network)?;
    if !left.is_empty() {
        say(&format!("an old run left {} things, removing them", left.len()));
        clean::down(places, network, &[], say)?;
    }
    Ok(())
}
