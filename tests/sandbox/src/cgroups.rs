//! The cgroups of a cluster: one of its own in every hierarchy, with all its pods below it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::process::wait_until;

const ROOT: &str = "/sys/fs/cgroup";

/// The places where cgroups can be made: each hierarchy of version 1, or the one of version 2.
fn hierarchies() -> Result<Vec<PathBuf>> {
    let root = Path::new(ROOT);
    if root.join("cgroup.controllers").exists() {
        return Ok(vec![root.to_owned()]);
    }
    let entries = fs::read_dir(root).with_context(|| format!("cannot read {ROOT}"))?;
    let folders = entries.flatten().filter(|entry| {
        // `cpu,cpuacct` may have links beside it that lead to the same place.
        entry.file_type().is_ok_and(|kind| kind.is_dir())
    });
    Ok(folders.map(|entry| entry.path()).collect())
}

/// Makes the cgroup of this name everywhere.
///
/// # Errors
/// The kernel refuses: cgroups are not mounted, or not writable.
pub fn make(name: &str) -> Result<()> {
    for hierarchy in hierarchies()? {
        let folder = hierarchy.join(name);
        fs::create_dir_all(&folder).with_context(|| {
            format!("cannot make cgroup {}: are cgroups writable here?", folder.display())
        })?;
        // An empty cpuset takes no process.
        for file in ["cpuset.cpus", "cpuset.mems"] {
            if let Ok(all) = fs::read_to_string(hierarchy.join(file)) {
                fs::write(folder.join(file), all.trim())?;
            }
        }
    }
    Ok(())
}

/// Removes the cgroup of this name and all below it. Its processes must have ended.
///
/// # Errors
/// A process still is in one of them.
pub fn remove(name: &str) -> Result<()> {
    for hierarchy in hierarchies()? {
        let folder = hierarchy.join(name);
        // Processes that have just been killed leave their cgroup a moment later.
        wait_until(
            &format!("cgroup {} to be empty", folder.display()),
            Duration::from_secs(5),
            || {
                remove_tree(&folder)?;
                Ok(true)
            },
        )?;
    }
    Ok(())
}

/// cgroups have files that cannot be removed: only folders are, from the leaves up.
fn remove_tree(folder: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
        remove_tree(&entry.path())?;
    }
    fs::remove_dir(folder).with_context(|| format!("cannot remove {}", folder.display()))
}

/// The names of all cgroups that begin with `prefix`, at the top of any hierarchy.
pub fn named(prefix: &str) -> Vec<String> {
    let hierarchies = hierarchies().unwrap_or_default();
    let entries = hierarchies.iter().filter_map(|path| fs::read_dir(path).ok()).flatten().flatten();
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    names.dedup();
    names
}
