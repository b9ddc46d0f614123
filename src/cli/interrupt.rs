//! What Ctrl-C and a request to terminate do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::exit::{Failure, INTERRUPTED};
use crate::engine::{self, Stop};

/// Whether a person is asked something: nothing was begun then.
static ASKING: AtomicBool = AtomicBool::new(false);

/// Waits for the answer of a person; a signal ends the process at once meanwhile.
pub(super) fn while_asking<T>(ask: impl FnOnce() -> T) -> T {
    ASKING.store(true, Ordering::Relaxed);
    let answer = ask();
    ASKING.store(false, Ordering::Relaxed);
    answer
}

/// How long what was begun may take after the first signal. Whoever sends it may kill soon.
const PATIENCE: Duration = Duration::from_secs(10);
const STUCK: &str = "ksi: interrupted; what was begun did not end in 10 s and is left as it is\n\
                     help: what is there is safe; run again to go on from there";

/// The first signal ends the run at the next safe place, the second one the process, and so does a cluster
/// that no longer answers. They are heard on a thread of their own, since a run may be busy with the disk,
/// and from when this returns on.
pub(super) fn listen() -> Stop {
    let stop = Stop::default();
    let asked = stop.clone();
    let (begins, begun) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        // Without it, signals end the process as they always did.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return;
            };
            drop(begins);
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
                _ = interrupt.recv() => crate::ui::show_cursor(),
                _ = terminate.recv() => crate::ui::show_cursor(),
                () = tokio::time::sleep(PATIENCE) => crate::ui::final_message(STUCK),
            }
            std::process::exit(INTERRUPTED.into());
        });
    });
    // Nothing is ever sent: the other end goes when the thread listens, or cannot.
    let _ = begun.recv();
    stop
}

/// What a future gives, unless the user ends the run before.
pub(super) async fn unless_stopped<T>(
    stop: &Stop,
    future: impl Future<Output = T> + Unpin,
) -> Result<T, Failure> {
    tokio::select! {
        answer = future => Ok(answer),
        () = stop.requested() => Err(engine::Error::Interrupted.into()),
    }
}
