//! Two installers at the same time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::hands::Hands as _;
use crate::installed::{Rig, release, sample};

const LEASE: &str = "-n kubesphere-system patch lease ks-installer-apply --type=merge -p";

#[test]
fn a_lock_is_respected_while_its_holder_lives_and_taken_over_when_it_is_dead() {
    let Some(rig) = Rig::start(release()) else { return };
    let none = sample("none.yaml");
    let apply = ["apply", "-f", &none, "--yes", "--wait=false", "--timeout", "3m"];
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "ks-installer-apply", "namespace": "kubesphere-system"},
        "spec": {
            "holderIdentity": "somebody@else/1", "leaseDurationSeconds": 5,
            // The clocks of others may be wrong by years.
            "acquireTime": "2001-01-01T00:00:00.000000Z", "renewTime": "2001-01-01T00:00:00.000000Z",
        },
    });
    rig.make(lease);

    let alive = AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for second in 0_u32.. {
                if !alive.load(Ordering::Relaxed) {
                    return;
                }
                let time = format!("2001-01-01T00:{:02}:{:02}.000000Z", second / 60, second % 60);
                let patch = json!({"spec": {"renewTime": time}}).to_string();
                rig.kubectl_with(LEASE, &patch);
                std::thread::sleep(Duration::from_secs(1));
            }
        });
        let said = rig.ksi(&apply);
        alive.store(false, Ordering::Relaxed);
        let said = said.expect(8);
        assert!(said.err.contains("somebody@else/1"), "{}", said.err);
    });

    // Nobody has given it back, and who waits for that has only so much time.
    let begin = Instant::now();
    let said = rig.ksi(&[&apply[..6], &["2s"]].concat()).expect(8);
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert!(said.err.contains("timed out waiting for it to expire"), "{}", said.err);
    assert!(said.err.contains("expires after 5 s"), "{}", said.err);

    let begin = Instant::now();
    let said = rig.ksi(&apply).expect(0);
    assert!(said.err.contains("another run holds the lock"), "{}", said.err);
    assert!(begin.elapsed() > Duration::from_secs(5), "taken from a holder that may live");
}
