//! `ksi apply` on real API servers.

use crate::hands::Hands as _;
use crate::installed::{Rig, release, sample};

#[test]
fn a_second_run_writes_nothing_and_the_diff_is_empty() {
    let Some(rig) = Rig::start(release()) else { return };
    let host = sample("host.yaml");
    let since = rig.mark();
    rig.ksi(&["apply", "-f", &host, "--yes", "--wait=false", "--timeout", "2m"]).expect(0);
    // Who creates an object of a kind that has just come is kept waiting; who applies it is not.
    let written = rig.writes(since);
    for write in ["patch users/admin", "patch workspaces/system-workspace"] {
        assert!(written.iter().any(|written| written == write), "{write}: {written:?}");
    }
    // It is KubeSphere's all the same, from the first second on.
    let theirs = r#"{"spec":{"manager":"somebody"}}"#;
    let patch = ["patch", "workspaces", "system-workspace", "--type=merge", "-p", theirs];
    rig.plane().kubectl(&patch).unwrap();
    rig.ksi(&["diff", "-f", &host]).expect(0);
    let since = rig.mark();
    let again = rig.ksi(&["apply", "-f", &host, "--wait=false"]).expect(0);
    assert!(again.err.contains("nothing to do"), "{}", again.err);
    assert_eq!(rig.writes(since), [""; 0]);
    let manager = ["get", "workspaces", "system-workspace", "-o", "jsonpath={.spec.manager}"];
    assert_eq!(rig.plane().kubectl(&manager).unwrap(), "somebody");
}
