//! Work that is spread over threads.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The results of all work items, in their order. Two threads save a third of the time; more would contend for
/// memory.
pub fn on_two_threads<W: Sync, R: Send>(work: &[W], does: impl Fn(&W) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = work.get(at) else { return done };
            done.push((at, does(item)));
        }
    };
    let mut results = std::thread::scope(|scope| {
        let other = scope.spawn(worker);
        let mut done = worker();
        match other.join() {
            Ok(others) => done.extend(others),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        done
    });
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_work() {
        let work: Vec<usize> = (0..1000).collect();
        assert_eq!(on_two_threads(&work, |n| n * 2), (0..2000).step_by(2).collect::<Vec<_>>());
        assert_eq!(on_two_threads(&[0; 0], |n| *n), [0; 0]);
    }
}
