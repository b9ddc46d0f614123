//! Handles Ctrl-C, SIGTERM, and SIGHUP, which a terminal sends when it is closed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::exit::{Failure, INTERRUPTED};
use crate::engine::{self, Stop};

/// Whether ksi is asking a question; nothing has been changed by then.
static ASKING: AtomicBool = AtomicBool::new(false);

/// Runs a question; a signal during it ends the process immediately.
pub(in crate::cli) fn while_asking<T>(ask: impl FnOnce() -> T) -> T {
    ASKING.store(true, Ordering::Relaxed);
    let answer = ask();
    ASKING.store(false, Ordering::Relaxed);
    answer
}

/// How long requests in progress may take after the first signal, before a supervisor kills the process.
const GRACE_PERIOD: Duration = Duration::from_secs(10);
const AT_ONCE: &str = "ksi: interrupted; requests in progress were not waited for\n\
                       help: run the same command again to continue";
const STUCK: &str = "ksi: interrupted; requests in progress did not finish within 10 s\n\
                     help: run the same command again to continue";

/// The first signal ends the run at the next safe place; the second one, or the end of the grace period, ends
/// the process. A thread of its own handles signals, because a run may be blocked by the disk. When this
/// returns, the thread is listening.
pub(in crate::cli) fn listen() -> Stop {
    let stop = Stop::default();
    let asked = stop.clone();
    let (ready, is_ready) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        // Without a runtime, signals keep their default effect.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return;
            };
            let mut hang_up =
                if ignores_hang_up() { None } else { signal(SignalKind::hangup()).ok() };
            drop(ready);
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                () = received(&mut hang_up) => {}
            }
            if ASKING.load(Ordering::Relaxed) {
                crate::ui::final_message("\nksi: interrupted; nothing was changed");
                std::process::exit(INTERRUPTED.into());
            }
            asked.request();
            tokio::select! {
                _ = interrupt.recv() => crate::ui::final_message(AT_ONCE),
                _ = terminate.recv() => crate::ui::final_message(AT_ONCE),
                () = received(&mut hang_up) => crate::ui::final_message(AT_ONCE),
                () = tokio::time::sleep(GRACE_PERIOD) => crate::ui::final_message(STUCK),
            }
            std::process::exit(INTERRUPTED.into());
        });
    });
    // Nothing is sent: the sender is dropped when the thread listens, or cannot.
    let _ = is_ready.recv();
    stop
}

/// The next signal of this kind; never, if it is not listened to.
async fn received(signals: &mut Option<Signal>) {
    match signals {
        Some(signals) => drop(signals.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether the process was started with SIGHUP ignored, as `nohup` does: a handler would undo that.
fn ignores_hang_up() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores(&status, 1))
}

/// Whether the status of a process, as proc(5) describes it, has a signal among those that are ignored.
fn ignores(status: &str, number: u32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (number - 1) & 1 == 1)
}

/// The result of a future, unless the user interrupts it.
pub(in crate::cli) async fn unless_stopped<T>(
    stop: &Stop,
    future: impl Future<Output = T> + Unpin,
) -> Result<T, Failure> {
    tokio::select! {
        answer = future => Ok(answer),
        () = stop.requested() => Err(engine::Error::Interrupted.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nohup_ignores_stays_ignored() {
        let status = |mask: &str| format!("Name:\tksi\nSigBlk:\t01\nSigIgn:\t{mask}\n");
        assert!(ignores(&status("0000000000001001"), 1));
        assert!(!ignores(&status("0000000000001000"), 1));
        assert!(!ignores("", 1));
    }
}
