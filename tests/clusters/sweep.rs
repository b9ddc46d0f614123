//! ksi killed in the middle of its writes, on a real API server: the next run finishes.
//!
//! `KSI_SWEEP=all` kills at every write, otherwise at a few that another day chooses.

use std::os::unix::process::ExitStatusExt as _;
use std::time::SystemTime;

use ksi::inventory::Inventory;
use sandbox::builds::Release;
use sandbox::proxy::{Fault, FaultProxy, Match, Nth, Rule, Victim};

use crate::installed::{Rig, ksi, sample};

const ARGUMENTS: [&str; 5] = ["--yes", "--wait=false", "--timeout", "2m", "-f"];
/// From one kill to the next where not all are done.
const STRIDE: usize = 60;
const SECONDS_OF_A_DAY: u64 = 24 * 60 * 60;

#[test]
fn killed_at_any_write_the_next_run_finishes() {
    let Some(rig) = Rig::start(Release::Newest) else { return };
    let plane = rig.plane();
    let proxy = FaultProxy::start(&plane.kubeconfig(), &plane.folder().join("proxy")).unwrap();
    let empty = plane.snapshot().unwrap();
    let host = sample("host.yaml");
    let arguments = [&["apply"], &ARGUMENTS[..], &[host.as_str()]].concat();

    rig.ksi(&arguments).expect(0);
    let golden = objects(&rig);
    let total = {
        plane.restore(&empty).unwrap();
        let since = rig.mark();
        rig.ksi(&arguments).expect(0);
        rig.writes(since).len()
    };
    assert!(total > 280, "only {total} writes");

    for at in places(total) {
        plane.restore(&empty).unwrap();
        let victim = Victim::default();
        let fault = if at % 2 == 0 {
            Fault::Kill(victim.clone())
        } else {
            Fault::KillAfter(victim.clone())
        };
        let writes = Match::writes().agent("ksi/");
        proxy.set([Rule::new(writes, Nth::Only(at), fault)]);
        let mut child = ksi(proxy.kubeconfig(), &arguments).spawn().unwrap();
        victim.set(child.id()).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9), "not killed at write {at}");
        let kept = values(&rig);
        // Its lock runs out by itself, which is another test.
        let _ =
            plane.kubectl(&["-n", "kubesphere-system", "delete", "lease", "ks-installer-apply"]);

        let said = rig.ksi(&arguments);
        assert_eq!(said.code, 0, "after a kill at write {at}: {}", said.err);
        if let Some(kept) = kept {
            assert_eq!(values(&rig), Some(kept), "values changed after a kill at write {at}");
        }
        assert_eq!(objects(&rig), golden, "after a kill at write {at}");
        let since = rig.mark();
        rig.ksi(&arguments).expect(0);
        assert_eq!(rig.writes(since), [""; 0], "after a kill at write {at}");
    }
}

/// At which writes to kill.
fn places(total: usize) -> Vec<usize> {
    if std::env::var_os("KSI_SWEEP").is_some_and(|sweep| sweep == "all") {
        return (1..=total).collect();
    }
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let day = usize::try_from(since.as_secs() / SECONDS_OF_A_DAY).unwrap();
    (1 + day % STRIDE..=total).step_by(STRIDE).collect()
}

/// What is generated and kept; `None` before it is.
fn values(rig: &Rig) -> Option<String> {
    let secret =
        ["-n", "kubesphere-system", "get", "secret", "ksi-values", "-o", "jsonpath={.data}"];
    rig.plane().kubectl(&secret).ok()
}

/// What ksi recorded as its own, by name.
fn objects(rig: &Rig) -> Vec<String> {
    let secret = ["-n", "kubesphere-system", "get", "secret", "ksi-inventory", "-o", "json"];
    let secret = serde_json::from_str(&rig.plane().kubectl(&secret).unwrap()).unwrap();
    let inventory = Inventory::from_secret(&secret).unwrap();
    inventory.entries().iter().map(|entry| format!("{} of {}", entry.id, entry.component)).collect()
}
