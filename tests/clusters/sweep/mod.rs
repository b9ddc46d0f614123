//! ksi killed in the middle of its writes, on a real API server: the next run finishes.
//!
//! Kills at the writes of today; `KSI_SWEEP=N` at those of day N, `KSI_SWEEP=all` at every one.

mod chain;
mod world;

use sandbox::proxy::Match;

use crate::hands::Hands as _;
use crate::installed::today;
use world::{World, fault};

/// In how many places an installation, an upgrade and an uninstallation are killed on one day.
const PLACES: [usize; 3] = [3, 1, 1];
/// When the lock is renewed is a matter of time: so many writes more or less make no difference.
const OF_THE_LOCK: usize = 10;

#[test]
fn killed_at_any_write_the_next_run_finishes() {
    let Some(world) = World::start() else { return };
    let day = day();
    for (run, places) in world.life().iter().zip(PLACES) {
        let (first, stride, last) = match day {
            Some(day) => {
                let stride = run.writes.div_ceil(places);
                (1 + day % stride, stride, run.writes)
            }
            None => (1, 1, usize::MAX),
        };
        for at in (first..=last).step_by(stride) {
            world.restore(run);
            let before = world.values();
            let when = format!("`ksi {}`, killed at write {at}", run.arguments[0]);
            if !world.is_killed(run, Match::writes(), at, fault(at)) {
                assert!(at + OF_THE_LOCK > run.writes, "{when}: it was not");
                break;
            }
            let kept = if before.is_empty() { world.values() } else { before };
            world.finishes(run, &when);
            world.keeps(&kept, run, &when);
            world.is_at_the_end(run, &when);
        }
    }
}

/// Whose writes are chosen; `None` for all.
fn day() -> Option<usize> {
    let day = match std::env::var("KSI_SWEEP").as_deref() {
        Ok("all") => return None,
        Ok(day) => day.parse().unwrap(),
        Err(_) => today(),
    };
    eprintln!("KSI_SWEEP={day} repeats it");
    Some(day)
}
