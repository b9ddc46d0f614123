//! Signals in the middle of a run.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use sandbox::proxy::Fault;

use crate::faults::running::Running;
use crate::faults::stage::{Stage, says};
use crate::hands::Hands as _;

/// How soon a run ends that was asked to.
const SOON: Duration = Duration::from_secs(8);

#[test]
fn a_signal_ends_a_run_soon_gives_the_lock_back_and_the_next_run_goes_on() {
    let Some(stage) = Stage::set() else { return };
    // The lock itself is only being taken.
    asked_once_it_ends_what_it_began(&stage, Signal::SIGINT, "/leases");
    asked_once_it_ends_what_it_began(&stage, Signal::SIGTERM, "/clusterroles/");
    let kept = stage.values();
    asked_once_it_ends_what_it_began(&stage, Signal::SIGINT, "/deployments/");
    asked_once_it_ends_although_nobody_answers(&stage);
    asked_twice_it_ends_at_once(&stage);

    // Nobody else could tell that the holder is dead, but this machine can.
    assert_ne!(stage.holder(), "");
    let begin = Instant::now();
    stage.apply(&[]).expect(0);
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(20), "the lock of a dead run was waited for: {took:?}");
    assert!(stage.values() == kept);
    stage.heals(&[]);
    assert!(stage.objects().len() > 150);
}

fn asked_once_it_ends_what_it_began(stage: &Stage, signal: Signal, path: &str) {
    let (mut running, gate) = stage.begin_held(path, &[]);
    running.signal(signal);
    running.await_words("stopping");
    gate.open();
    let said = running.ends_within(SOON).expect(130);
    says(&said, &["interrupted", "run again to continue"]);
    let lost = stage.proxy.writes().into_iter().find(|write| write.status.is_none());
    assert_eq!(lost, None, "a write was not waited for");
    assert_eq!(stage.holder(), "", "the lock was not given back");
}

/// A run of which the writes of a resource get no answer, when it was asked to end.
fn stuck(stage: &Stage) -> Running {
    let mut running = stage.begin_with(Fault::Hang, "/globalroles/", &[]);
    running.signal(Signal::SIGTERM);
    running.await_words("stopping");
    running
}

fn asked_once_it_ends_although_nobody_answers(stage: &Stage) {
    let said = stuck(stage).ends_within(Duration::from_secs(14)).expect(130);
    says(
        &said,
        &[
            "requests in progress did not finish within 10 s",
            "run the same command again to continue",
        ],
    );
}

fn asked_twice_it_ends_at_once(stage: &Stage) {
    let running = stuck(stage);
    running.signal(Signal::SIGINT);
    running.ends_within(Duration::from_secs(2)).expect(130);
    stage.proxy.set([]);
}
