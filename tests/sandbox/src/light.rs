//! The tier that needs no root: a control plane on loopback, for one test, gone with it.

use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use nix::fcntl::{Flock, FlockArg};

use crate::builds::Release;
use crate::control_plane::{ControlPlane, Ports, Settings};
use crate::places::Places;
use crate::process::{Supervisor, start_time};

/// A control plane that ends when it is dropped.
pub struct Light {
    plane: ControlPlane,
}

impl Light {
    /// Starts a fresh one: etcd, API server, controllers. Ends first what the tests of killed
    /// processes left.
    ///
    /// # Errors
    /// It cannot be built or started.
    pub fn start(release: Release) -> Result<Self> {
        Self::with(release, Vec::new())
    }

    /// The same with more flags for the API server.
    ///
    /// # Errors
    /// It cannot be built or started.
    pub fn with(release: Release, api_arguments: Vec<String>) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let places = Places::from_env()?;
        let all = places.run.join("light");
        sweep(&all)?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // The owner's start time tells a new process with an old pid from the owner.
        let pid = i32::try_from(process::id())?;
        let owner = start_time(pid).unwrap_or_default();
        let settings = Settings {
            name: format!("light-{number}"),
            release,
            folder: all.join(format!("{pid}.{owner}.{number}")),
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ports: Ports::free()?,
            enter: Vec::new(),
            controllers: true,
            api_arguments,
        };
        let plane = ControlPlane::start(&places, &settings).inspect_err(|_| {
            // The error has the last words of what failed: nothing is left to look at.
            let _ = remove(&settings.folder);
        })?;
        Ok(Self { plane })
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
    }
}

/// Ends the control planes of owners that are dead.
fn sweep(all: &Path) -> Result<()> {
    // Without the folder there is nothing to clean. Two at once would clean under each other's feet.
    let Ok(folder) = File::open(all) else { return Ok(()) };
    let _lock = Flock::lock(folder, FlockArg::LockExclusive).map_err(|(_, error)| error)?;
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

fn remove(folder: &Path) -> Result<()> {
    Supervisor::new(&folder.join("processes"), &[])?.stop_all()?;
    fs::remove_dir_all(folder)?;
    // The last one takes the common folder along.
    if let Some(all) = folder.parent() {
        let _ = fs::remove_dir(all);
    }
    Ok(())
}
