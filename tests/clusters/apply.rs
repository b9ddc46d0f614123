//! `ksi apply` on real API servers.

use crate::hands::Hands as _;
use crate::installed::{Rig, release, sample};

#[test]
fn a_second_run_writes_nothing_and_the_diff_is_empty() {
    let Some(rig) = Rig::start(release()) else { return };
    let host = sample("host.yaml");
    rig.ksi(&["apply", "-f", &host, "--yes", "--wait=false", "--timeout", "2m"]).expect(0);
    rig.ksi(&["diff", "-f", &host]).expect(0);
    let since = rig.mark();
    let again = rig.ksi(&["apply", "-f", &host, "--wait=false"]).expect(0);
    assert!(again.err.contains("nothing to do"), "{}", again.err);
    assert_eq!(rig.writes(since), [""; 0]);
}
