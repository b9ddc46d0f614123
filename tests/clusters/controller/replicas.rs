//! Two replicas: one leads, and the other goes on when it is gone.

use std::fs::{self, File};

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::{Followed, SYSTEM, WITHOUT_WAIT};
use crate::hands::Hands as _;

#[test]
fn the_second_replica_goes_on_when_the_leader_is_killed() {
    let Some(mut followed) = Followed::start(&json!({})) else { return };
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("second");
    let flags = [&["controller", "--http-addr=", "--webhook-addr="], WITHOUT_WAIT].concat();
    let mut command = followed.rig.command(&flags);
    let out = File::create(&log).unwrap();
    let mut second = command.stderr(out.try_clone().unwrap()).stdout(out).spawn().unwrap();
    let said = || fs::read_to_string(&log).unwrap();
    followed.until("the second to stand by", || said().contains("this replica stands by"));
    let lease = format!("lease ks-installer -n {SYSTEM}");
    let leader = followed.json(&lease)["spec"]["holderIdentity"].clone();
    assert!(said().contains(leader.as_str().unwrap()), "{leader} {}", said());

    let port = || followed.field("service ks-console", ".spec.ports[0].nodePort");
    followed.edit(&edit(30891));
    followed.await_applied();
    assert_eq!(port(), "30891");
    assert!(!said().contains("operation"), "only one of them works: {}", said());

    followed.child.kill().unwrap();
    followed.child.wait().unwrap();
    let port = || followed.field("service ks-console", ".spec.ports[0].nodePort");
    followed.edit(&edit(30892));
    followed.until("the port", || port() == "30892");
    followed.await_applied();
    assert_ne!(followed.json(&lease)["spec"]["holderIdentity"], leader);

    signal::kill(Pid::from_raw(i32::try_from(second.id()).unwrap()), Signal::SIGTERM).unwrap();
    assert!(second.wait().unwrap().success(), "{}", said());
    assert!(!followed.has(&lease), "the leader gives it up when it ends");
}

fn edit(port: u16) -> Value {
    json!({"common": {"core": {"console": {"port": port}}}})
}
