//! The process that holds the lock. Runs on the same machine can find out that it is dead, and need not wait until
//! the lock expires.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde_json::Value;

/// The annotation of the Lease.
pub(super) const ANNOTATION: &str = "ksi.kubesphere.io/process";

/// A unique name of this process on all machines: boot, pid namespace, user, pid. `None` without /proc.
pub(super) fn own() -> Option<String> {
    Some(format!("{}/{}", surroundings()?, std::process::id()))
}

/// Whether the process that took a lock is known to be dead.
pub(super) fn is_dead(lease: &Value) -> bool {
    let holder = lease["metadata"]["annotations"][ANNOTATION].as_str();
    let Some((there, pid)) = holder.and_then(|holder| holder.rsplit_once('/')) else {
        return false;
    };
    // /proc may hide processes of other users.
    if pid.parse::<u32>().is_err() || surroundings().as_deref() != Some(there) {
        return false;
    }
    match fs::read_to_string(Path::new("/proc").join(pid).join("stat")) {
        // A zombie has closed its connections. The name before may contain any character.
        Ok(stat) => stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" Z")),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// The scope in which pids mean the same processes.
fn surroundings() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::metadata("/proc/self/ns/pid").ok()?;
    let user = fs::metadata("/proc/self").ok()?.uid();
    Some(format!("{}/{}/{user}", boot.trim(), namespace.ino()))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use serde_json::json;

    use super::*;

    fn lease(holder: &str) -> Value {
        json!({"metadata": {"annotations": {ANNOTATION: holder}}})
    }

    #[test]
    fn only_a_process_known_to_be_dead_counts_as_dead() {
        let Some(own) = own() else { return };
        assert!(!is_dead(&lease(&own)));
        let mut child = Command::new("true").spawn().unwrap();
        let there = own.rsplit_once('/').unwrap().0;
        let dead = format!("{there}/{}", child.id());
        child.wait().unwrap();
        assert!(is_dead(&lease(&dead)));
        // Another machine, another pid namespace, no word about it, nonsense.
        assert!(!is_dead(&lease(&format!("another-boot{dead}"))));
        assert!(!is_dead(&json!({"metadata": {}})));
        for nonsense in ["", "/", "1", &format!("{there}/"), &format!("{there}/../1")] {
            assert!(!is_dead(&lease(nonsense)), "{nonsense}");
        }
    }
}
