//! `ksi apply` on real API servers.

use sandbox::builds::Release;

use crate::installed::{Rig, sample};

#[test]
fn a_second_run_writes_nothing_and_the_diff_is_empty() {
    let Some(rig) = Rig::start(Release::Newest) else { return };
    let host = sample("host.yaml");
    let said = rig.ksi(&["apply", "-f", &host, "--yes", "--wait=false", "--timeout", "2m"]);
    eprintln!("{}", said.err);
    said.expect(0);
    let diff = rig.ksi(&["diff", "-f", &host]);
    eprintln!("{}", diff.out);
    diff.expect(0);
    let since = rig.mark();
    let said = rig.ksi(&["apply", "-f", &host, "--yes", "--wait=false"]).expect(0);
    eprintln!("{}", said.err);
    assert_eq!(rig.writes(since), [""; 0]);
}
