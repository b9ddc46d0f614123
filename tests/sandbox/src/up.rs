//! Several clusters at once.

use std::fs::File;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use nix::fcntl::{Flock, FlockArg};

use crate::builds::{self, Program, Release};
use crate::cluster::{Cluster, Wish};
use crate::images::{self, Archives};
use crate::network::Network;
use crate::places::Places;
use crate::{clean, requirements};

/// What takes no longer is not worth a line.
const MOMENT: Duration = Duration::from_secs(2);

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
    let program = |program: Program| {
        let name = program.to_string();
        shown(say, &name, program.usual_time(), || program.build(places)).map(drop)
    };
    thread::scope(|scope| {
        // Side by side neither core is idle while the other one links.
        let images = nodes.real.then(|| {
            scope.spawn(|| {
                shown(say, "ksi", "3 min", builds::ksi)?;
                for part in [
                    Program::Pause,
                    Program::CoreDns,
                    Program::StandIns,
                    Program::KubeFed,
                    Program::Registry,
                ] {
                    program(part)?;
                }
                images::archives(places)
            })
        });
        for &release in releases {
            program(Program::Kubernetes(release))?;
        }
        if nodes.kwok {
            program(Program::Kwok)?;
        }
        let Some(images) = images else { return Ok(None) };
        images.join().map_err(|_| anyhow!("building the images panicked"))?.map(Some)
    })
}

/// Builds something, with a line when it begins and one when it has ended; none where it takes no time.
fn shown<T>(
    say: &(impl Fn(&str) + Sync),
    what: &str,
    usual: &str,
    build: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let begin = Instant::now();
    let product = thread::scope(|scope| {
        let (ended, end) = mpsc::channel::<()>();
        scope.spawn(move || {
            if end.recv_timeout(MOMENT) == Err(RecvTimeoutError::Timeout) {
                say(&format!("building {what} (usually {usual}) ..."));
            }
        });
        let product = build()?;
        drop(ended);
        anyhow::Ok(product)
    })?;
    let seconds = begin.elapsed().as_secs();
    if begin.elapsed() > MOMENT {
        let took = if seconds < 60 {
            format!("{seconds} s")
        } else {
            format!("{} min {} s", seconds / 60, seconds % 60)
        };
        say(&format!("built {what} in {took}"));
    }
    Ok(product)
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
            say(&format!("{}: already running", wish.name));
            continue;
        }
        if wish.real && wish.release != Release::Oldest.to_string() {
            bail!(
                "{}: real nodes need Kubernetes 1.34, since the kubelet of {} refuses cgroup v1: use --nodes kwok \
                 with --release {}",
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
            "cannot start {}: logs are in {} until `sandbox down` removes them",
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
        say(&format!("{}: removing an incomplete cluster of an earlier run", cluster.name()));
        cluster.stop()?;
    }
    if all.iter().any(Cluster::is_up) {
        return Ok(());
    }
    let left = clean::leftovers(places, network)?;
    if !left.is_empty() {
        say(&format!("removing {} things that an earlier run left", left.len()));
        clean::down(places, network, &[], say)?;
    }
    Ok(())
}
