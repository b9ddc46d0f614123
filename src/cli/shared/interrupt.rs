//! Handles Ctrl-C and SIGTERM.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

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
            drop(ready);
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if ASKING.load(Ordering::Relaxed) {
                crate::ui::final_message("\nksi: interrupted; nothing was changed");
                std::process::exit(INTERRUPTED.into());
            }
            asked.request();
            tokio::select! {
                _ = interrupt.recv() => crate::ui::final_message(AT_ONCE),
                _ = terminate.recv() => crate::ui::final_message(AT_ONCE),
                () = tokio::time::sleep(GRACE_PERIOD) => crate::ui::final_message(STUCK),
            }
            std::process::exit(INTERRUPTED.into());
        });
    });
    // Nothing is sent: the sender is dropped when the thread listens, or cannot.
    let _ = is_ready.recv();
    stop
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
