//! Back to where a cluster was, in seconds: a copy of etcd's data.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::builds::run;
use crate::control_plane::ControlPlane;

/// All objects of a control plane at one moment. Its copy goes with it.
#[derive(Debug)]
pub struct Snapshot {
    folder: TempDir,
}

impl ControlPlane {
    /// Copies what etcd holds. The cluster stands still for the time of the copy, and goes on.
    ///
    /// # Errors
    /// etcd does not run, or its data cannot be copied.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let folder = tempfile::Builder::new().prefix("snapshot-").tempdir_in(self.folder())?;
        // Stopped between two of its steps, etcd leaves what it would leave if it were killed there,
        // and it is made to start from that.
        self.processes().signal("etcd", Signal::SIGSTOP)?;
        let copied = copy(&self.folder().join("etcd"), folder.path());
        self.processes().signal("etcd", Signal::SIGCONT)?;
        copied.map(|()| Snapshot { folder })
    }

    /// Puts back what a snapshot holds, and starts everything again that runs on it.
    ///
    /// # Errors
    /// The data cannot be copied, or a part does not start.
    pub fn restore(&self, snapshot: &Snapshot) -> Result<()> {
        let processes = self.processes();
        // Controllers have seen a future that will not be: they begin anew as well.
        let parts =
            ["controller-manager", "scheduler"].map(|name| (name, processes.is_running(name)));
        self.stop()?;
        let data = self.folder().join("etcd");
        fs::remove_dir_all(&data).with_context(|| format!("cannot remove {}", data.display()))?;
        copy(&snapshot.folder.path().join("etcd"), self.folder())?;
        processes.restart("etcd")?;
        self.await_etcd()?;
        processes.restart("apiserver")?;
        self.ready()?;
        parts.into_iter().filter(|(_, ran)| *ran).try_for_each(|(name, _)| processes.restart(name))
    }
}

/// Copies a folder into another one. etcd reserves 64 MB ahead, all zeros: they stay holes.
fn copy(folder: &Path, into: &Path) -> Result<()> {
    run(Command::new("cp").args(["--archive", "--sparse=always"]).arg(folder).arg(into))?;
    Ok(())
}
