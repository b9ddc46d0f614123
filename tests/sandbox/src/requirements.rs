//! What a machine must have for whole clusters, and what to do where it has not.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Result, bail};
use nix::unistd::Uid;

/// Programs, and the Debian packages that have them.
const PROGRAMS: [(&str, &str); 14] = [
    ("bash", "bash"),
    ("ldd", "libc-bin"),
    ("unshare", "util-linux"),
    ("nsenter", "util-linux"),
    ("mount", "mount"),
    ("ip", "iproute2"),
    ("sysctl", "procps"),
    ("nft", "nftables"),
    ("iptables", "iptables"),
    ("containerd", "containerd"),
    ("ctr", "containerd"),
    ("runc", "runc"),
    ("go", "golang-go, or a newer one from go.dev"),
    ("cargo", "cargo, or a newer one from rustup.rs"),
];
const CNI: [&str; 4] = ["bridge", "host-local", "loopback", "portmap"];

/// Whether this user can have clusters at all.
pub fn is_root() -> bool {
    Uid::effective().is_root()
}

/// What stands in place of something that cannot be had here: nothing, and a line that says why. In CI it is
/// an error, so that no test is skipped there.
///
/// # Errors
/// This is CI.
pub fn skip<T>(why: &str) -> Result<Option<T>> {
    if env::var_os("CI").is_some() {
        bail!("{why}; in CI no test may be skipped");
    }
    // Not `eprintln!`: nobody sees what a test that passes prints.
    let _ = writeln!(io::stderr(), "SKIPPED: {why}");
    Ok(None)
}

/// Whether programs can be built that are not in the cache.
pub fn can_build() -> bool {
    is_in(&env::var_os("PATH").unwrap_or_default(), "go")
}

/// Looks for everything at once, so that one answer names all that is missing.
///
/// # Errors
/// Something is missing; the error says what and where to get it.
pub fn check() -> Result<()> {
    if !is_root() {
        bail!(
            "clusters with nodes need root, to create namespaces, links and mounts: run this with sudo"
        );
    }
    let mut missing = missing_programs(&env::var_os("PATH").unwrap_or_default());
    for plugin in CNI {
        if !Path::new("/usr/lib/cni").join(plugin).exists() {
            let package = "Debian package containernetworking-plugins";
            missing.push(format!("CNI plugin /usr/lib/cni/{plugin} ({package})"));
        }
    }
    for space in ["pid", "mnt", "net", "cgroup", "uts", "ipc"] {
        if !Path::new("/proc/self/ns").join(space).exists() {
            missing.push(format!("{space} namespaces (the kernel is built without them)"));
        }
    }
    let filesystems = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    if !filesystems.lines().any(|line| line.ends_with("\toverlay")) {
        missing.push("file system overlay (CONFIG_OVERLAY_FS; try `modprobe overlay`)".to_owned());
    }
    if !Path::new("/sys/fs/cgroup").is_dir() {
        missing.push("cgroups at /sys/fs/cgroup".to_owned());
    }
    if !missing.is_empty() {
        bail!("this machine cannot run clusters; missing:\n  {}", missing.join("\n  "));
    }
    Ok(())
}

fn missing_programs(path: &OsStr) -> Vec<String> {
    let missing = PROGRAMS.into_iter().filter(|(program, _)| !is_in(path, program));
    missing
        .map(|(program, package)| format!("program {program} (Debian package {package})"))
        .collect()
}

fn is_in(path: &OsStr, program: &str) -> bool {
    env::split_paths(path).any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_program_is_named_with_its_package() {
        let folder = tempfile::tempdir().unwrap();
        for (program, _) in PROGRAMS {
            if program != "containerd" && program != "nft" {
                fs::write(folder.path().join(program), "").unwrap();
            }
        }
        let missing = missing_programs(folder.path().as_os_str());
        let expected = ["nft (Debian package nftables)", "containerd (Debian package containerd)"];
        assert_eq!(missing, expected.map(|text| format!("program {text}")));
        assert_eq!(missing_programs(OsStr::new("")).len(), PROGRAMS.len());
    }
}
