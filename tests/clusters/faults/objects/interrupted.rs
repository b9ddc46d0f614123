//! Signals in the middle of a run.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use sandbox::proxy::{Fault, Match, Nth, Rule};

use super::{Running, World, says};
use crate::sweep::values;

/// How soon a run ends that was asked to: longer than a write of these tests takes.
const SOON: Duration = Duration::from_secs(8);

#[test]
fn a_signal_ends_a_run_soon_gives_the_lock_back_and_the_next_run_goes_on() {
    let Some(world) = World::start() else { return };
    asked_once_it_ends_what_it_began(&world, Signal::SIGTERM, "clusterroles");
    let kept = values(&world.rig).unwrap();
    asked_once_it_ends_what_it_began(&world, Signal::SIGINT, "deployments");
    asked_once_it_ends_although_nobody_answers(&world);
    asked_twice_it_ends_at_once(&world);

    // Nobody else could tell that the holder is dead, but this machine can.
    assert_ne!(world.holder(), "");
    let begin = Instant::now();
    world.apply(&[]).expect(0);
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(20), "the lock of a dead run was waited for: {took:?}");
    assert_eq!(values(&world.rig).unwrap(), kept);
    assert!(world.heals(&[]).len() > 150);
}

fn asked_once_it_ends_what_it_began(world: &World, signal: Signal, resource: &str) {
    world.hold_up(resource);
    let mut running = world.begin(&[]);
    running.await_write(world, resource);
    running.signal(signal);
    let said = running.ends_within(SOON).expect(130);
    says(&said, &["interrupted", "run again to go on from there"]);
    let lost = world.proxy.writes().into_iter().find(|write| write.status.is_none());
    assert_eq!(lost, None, "a write was not waited for");
    assert_eq!(world.holder(), "", "the lock was not given back");
}

/// A run of which the writes of a resource get no answer, when it was asked to end.
fn stuck(world: &World) -> Running {
    let writes = Match::writes().agent("ksi/").resource("globalroles");
    world.proxy.set([Rule::new(writes, Nth::All, Fault::Hang)]);
    let mut running = world.begin(&[]);
    running.await_write(world, "globalroles");
    running.signal(Signal::SIGTERM);
    running.await_words("stopping");
    running
}

fn asked_once_it_ends_although_nobody_answers(world: &World) {
    let said = stuck(world).ends_within(Duration::from_secs(14)).expect(130);
    says(&said, &["what was begun did not end in 10 s", "run again to go on from there"]);
}

fn asked_twice_it_ends_at_once(world: &World) {
    let running = stuck(world);
    running.signal(Signal::SIGINT);
    running.ends_within(Duration::from_secs(2)).expect(130);
    world.proxy.set([]);
}
