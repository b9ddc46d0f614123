//! Finds and ends what a sandbox made, also one whose driver was killed in the middle.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

use crate::builds::run;
use crate::cgroups;
use crate::cluster::{self, Cluster, cgroup_prefix};
use crate::machine::{MARK, Machine};
use crate::network::Network;
use crate::places::Places;
use crate::process::{start_time, wait_until};

/// The processes of the whole machine.
pub fn pids() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Ends the machine of a folder: by its record, and by the mark in the environment of the processes
/// that begin one, which is there before the record is.
///
/// # Errors
/// A process does not go.
pub fn end_machine(folder: &Path) -> Result<()> {
    if let Ok(machine) = Machine::open(folder) {
        machine.stop()?;
    }
    let marked = marked(folder);
    for &pid in &marked {
        // Gone in the meantime is what is wanted.
        let _ = signal::kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
    wait_until("the machine's first processes to end", Duration::from_secs(20), || {
        Ok(marked.iter().all(|&pid| start_time(pid).is_none()))
    })
}

/// The processes whose environment says that they make the machine of this folder.
fn marked(folder: &Path) -> Vec<i32> {
    let mark = [MARK.as_bytes(), b"=", folder.as_os_str().as_bytes()].concat();
    let has_mark = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|entry| entry == mark)
    };
    pids().filter(has_mark).collect()
}

/// Ends these clusters, or all when none is named, and with the last one the bridge and the folder.
/// Calls `say` with what it does.
///
/// # Errors
/// Something stays; the error names it.
pub fn down(places: &Places, network: Network, names: &[String], say: impl Fn(&str)) -> Result<()> {
    for cluster in Cluster::all(places, network) {
        if names.is_empty() || names.iter().any(|name| name == cluster.name()) {
            cluster.stop().with_context(|| format!("cannot stop {}", cluster.name()))?;
            say(&format!("{}: removed", cluster.name()));
        }
    }
    if !Cluster::all(places, network).is_empty() {
        return Ok(());
    }
    // Folders without a record, and what a record does not know.
    let folder = cluster::folder(places, network);
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        end_machine(&entry.path())?;
    }
    for name in cgroups::named(&cgroup_prefix(network)) {
        cgroups::remove(&name)?;
    }
    network.lower()?;
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    // Other sandboxes, and the tier without root, may have theirs beside it.
    let _ = fs::remove_dir(&places.run);
    Ok(())
}

/// What a sandbox has on this machine, in words: processes, mounts, links, rules, cgroups and files.
/// Empty when nothing runs. The cache is not counted: it is meant to stay.
///
/// # Errors
/// `ip` or `nft` cannot say.
pub fn leftovers(places: &Places, network: Network) -> Result<Vec<String>> {
    let folder = cluster::folder(places, network);
    let mut found = Vec::new();
    for pid in pids() {
        if let Some(command) = belongs(pid, &folder) {
            found.push(format!("process {pid}: {command}"));
        }
    }
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let name = folder.display().to_string();
    found.extend(
        mounts.lines().filter(|line| line.contains(&name)).map(|line| format!("mount {line}")),
    );
    found.extend(network.links()?.into_iter().map(|link| format!("link {link}")));
    let tables = run(Command::new("nft").args(["list", "tables"]))?;
    let ours = |line: &&str| line.contains("ksi_isolate") || line.contains("ksi_loss");
    found.extend(tables.lines().filter(ours).map(|line| format!("nftables {line}")));
    let groups = cgroups::named(&cgroup_prefix(network));
    found.extend(groups.into_iter().map(|group| format!("cgroup {group}")));
    if folder.exists() {
        found.push(format!("folder {name}"));
    }
    Ok(found)
}

/// The command line of a process that names the folder, or has its working directory in it.
fn belongs(pid: i32, folder: &Path) -> Option<String> {
    let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let command = String::from_utf8_lossy(&command).replace('\0', " ");
    let inside = fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
    let named = command.contains(&format!("{}/", folder.display()));
    (inside || named).then(|| command.trim().to_owned())
}
