//! The tier that needs no root: a control plane on loopback, for one test, gone with it.

use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, bail};
use nix::fcntl::{Flock, FlockArg};

use crate::builds::{Program, Release};
use crate::control_plane::{ControlPlane, Ports, Settings};
use crate::places::Places;
use crate::process::{Supervisor, start_time};
use crate::requirements::{self, skip};

/// How many there can be at once.
const SLOTS: u16 = 100;

/// A control plane that ends when it is dropped.
pub struct Light {
    plane: ControlPlane,
    places: Places,
    /// Its ports are its own while this is held.
    _slot: Flock<File>,
}

impl Light {
    /// Starts a fresh one: etcd, API server, controllers. Ends first what the tests of killed
    /// processes left. `None`, and a line that says so, where it is not built and Go is not there to
    /// build it; in CI that is an error.
    ///
    /// # Errors
    /// It cannot be built or started.
    pub fn start(release: Release) -> Result<Option<Self>> {
        Self::with(release, Vec::new())
    }

    /// The same with more flags for the API server.
    ///
    /// # Errors
    /// It cannot be built or started.
    pub fn with(release: Release, api_arguments: Vec<String>) -> Result<Option<Self>> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let places = Places::from_env()?;
        if !Program::Kubernetes(release).is_built(&places)? && !requirements::can_build() {
            return skip(&format!("Kubernetes {release} is not built, and Go is not installed"));
        }
        let all = places.run.join("light");
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // The owner's start time tells a new process with an old pid from the owner.
        let pid = i32::try_from(process::id())?;
        let owner = start_time(pid).unwrap_or_default();
        let folder = all.join(format!("{pid}.{owner}.{number}"));
        let lock = lock(&places)?;
        sweep(&all)?;
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let (slot, ports) = claim(&places)?;
        drop(lock);
        let settings = Settings {
            name: format!("light-{number}"),
            release,
            folder,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ports,
            enter: Vec::new(),
            controllers: true,
            api_arguments,
        };
        let plane = ControlPlane::start(&places, &settings).inspect_err(|_| {
            // The error has the last words of what failed: nothing is left to look at.
            let _ = remove(&settings.folder);
        })?;
        Ok(Some(Self { plane, places, _slot: slot }))
    }

    /// The running control plane.
    pub fn control_plane(&self) -> &ControlPlane {
        &self.plane
    }
}

impl Drop for Light {
    fn drop(&mut self) {
        // What cannot be ended now is ended by the next start.
        let _ = remove(self.plane.folder());
        // The last one takes the common folders along: none that is being made.
        if let Ok(_lock) = lock(&self.places) {
            let _ = fs::remove_dir(self.places.run.join("light"));
            let _ = fs::remove_dir(&self.places.run);
        }
    }
}

/// Only one at a time begins or ends what is common to all.
fn lock(places: &Places) -> Result<Flock<File>> {
    let file = File::create(places.cache.join("light.lock"))?;
    Ok(Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| error)?)
}

/// Ports that no other control plane has.
fn claim(places: &Places) -> Result<(Flock<File>, Ports)> {
    for slot in 0..SLOTS {
        let file = File::create(places.cache.join(format!("light-{slot}.lock")))?;
        let Ok(held) = Flock::lock(file, FlockArg::LockExclusiveNonblock) else { continue };
        if let Some(ports) = Ports::of_slot(slot) {
            return Ok((held, ports));
        }
    }
    bail!("no ports are left from 20000 on: {SLOTS} control planes run, or something else does")
}

/// Ends the control planes of owners that are dead.
pub(crate) fn sweep(all: &Path) -> Result<()> {
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let mut parts = name.split('.').map(str::parse::<u64>);
        let owner = (parts.next(), parts.next());
        let (Some(Ok(pid)), Some(Ok(started))) = owner else { continue };
        if i32::try_from(pid).ok().and_then(start_time) != Some(started) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

pub(crate) fn remove(folder: &Path) -> Result<()> {
    Supervisor::new(&folder.join("processes"), &[])?.stop_all()?;
    fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))
}
