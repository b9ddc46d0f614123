//! A chain: each run is killed and the next one goes on from there, until one comes to its end.

use std::collections::BTreeMap;
use std::time::Instant;

use sandbox::proxy::Match;

use super::day;
use super::world::{Run, World, fault};
use crate::hands::{Hands as _, SYSTEM};

/// At which write a run is killed. The first one is at an earlier one, as the day has it: so all get their turn.
const EVERY: usize = 10;
/// Its lock and its record are written by every run, however far it comes.
const NO_PROGRESS: [&str; 2] = ["/leases", "/secrets/ksi-inventory"];

#[test]
fn killed_again_and_again_runs_come_to_the_end_all_the_same() {
    let Some(world) = World::start() else { return };
    let life = world.life();
    for day in day().map_or(0..EVERY, |day| day..day + 1) {
        world.restore(&life[0]);
        let mut kept = BTreeMap::new();
        for run in &life {
            kept = chain(&world, run, day, kept);
        }
    }
}

/// Gives the generated values as they are then.
fn chain(
    world: &World,
    run: &Run<'_>,
    day: usize,
    mut kept: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let begin = Instant::now();
    let name = run.arguments[0];
    // Of two links one has done a write for certain.
    for link in 0..2 * run.writes {
        let nth = if link == 0 { 1 + day % EVERY } else { EVERY };
        let progress = Match::writes().except(&NO_PROGRESS);
        let killed = world.is_killed(run, progress, nth, fault(day + link));
        let when = format!("`ksi {name}`, killed {link} times");
        kept = world.keeps(&kept, run, &when);
        // The next run would take the lock of a dead one after a second, which is another test.
        world.kubectl(&format!("-n {SYSTEM} delete lease ks-installer-apply --ignore-not-found"));
        if !killed {
            eprintln!("{when}: at the end after {:?}", begin.elapsed());
            world.is_at_the_end(run, &when);
            return kept;
        }
    }
    panic!("`ksi {name}` comes to no end");
}
