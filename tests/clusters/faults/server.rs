//! An API server that goes and comes back, or is silent, in the middle of a run.

use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use sandbox::control_plane::ControlPlane;

use super::stage::{Deed, Stage};
use crate::hands::Hands as _;

/// How long something is silent that then goes on: longer than any single answer takes.
const SILENCE: Duration = Duration::from_secs(4);
/// What a run may take beyond its time to end the requests that are on their way, and to say so.
const GRACE: Duration = Duration::from_secs(10);

#[test]
fn what_goes_and_comes_back_in_the_middle_of_a_run_is_waited_for() {
    let Some(stage) = Stage::set() else { return };
    let restarted = |name: &'static str| {
        move |plane: &ControlPlane| {
            plane.processes().kill(name).unwrap();
            plane.processes().restart(name).unwrap();
        }
    };
    let silent = |name: &'static str| {
        move |plane: &ControlPlane| {
            plane.processes().signal(name, Signal::SIGSTOP).unwrap();
            sleep(SILENCE);
            plane.processes().signal(name, Signal::SIGCONT).unwrap();
        }
    };
    // Not while kinds are new: one that an API server was about to establish when it died is established
    // minutes later. Until they are served, fewer than 100 objects are written.
    let deeds: [(usize, Deed<'_>); 4] = [
        (105, &restarted("etcd")),
        (125, &restarted("apiserver")),
        (145, &silent("etcd")),
        (165, &silent("apiserver")),
    ];
    stage.apply_while(&[], &deeds).expect(0);
    stage.rests(&[]);
}

/// Connections stay open and nothing is refused: only the time says that there will be no answer.
#[test]
fn a_server_that_falls_silent_costs_no_more_than_the_time_of_the_run() {
    const TIME: Duration = Duration::from_secs(10);
    let Some(stage) = Stage::set() else { return };
    let stopped =
        |plane: &ControlPlane| plane.processes().signal("apiserver", Signal::SIGSTOP).unwrap();
    let begin = Instant::now();
    let said = stage.apply_while(&["--timeout", "10s"], &[(110, &stopped)]);
    let took = begin.elapsed();
    let said = said.expect(7);
    assert!(took > TIME && took < TIME + GRACE, "{took:?}: {}", said.err);
    assert!(said.err.contains("did not respond within"), "{}", said.err);
    assert!(said.err.contains("/readyz"), "{}", said.err);

    // From the start on nobody waits for the end of the time.
    let begin = Instant::now();
    let said = stage.apply(&[]).expect(7);
    assert!(begin.elapsed() < GRACE, "{:?}: {}", begin.elapsed(), said.err);
    assert!(said.err.contains("127.0.0.1"), "{}", said.err);

    stage.plane().processes().signal("apiserver", Signal::SIGCONT).unwrap();
    stage.heals(&[]);
}
