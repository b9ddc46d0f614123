//! What Ctrl-C and a request to terminate do.

use tokio::signal::unix::{SignalKind, signal};

use super::exit::INTERRUPTED;
use crate::engine::Stop;

/// The first signal ends the run at the next safe place, the second one the process. They are heard on
/// a thread of their own, since a run may be busy with the disk.
pub(super) fn listen() -> Stop {
    let stop = Stop::default();
    let asked = stop.clone();
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
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if asked.is_requested() {
                    crate::ui::show_cursor();
                    std::process::exit(INTERRUPTED.into());
                }
                asked.request();
            }
        });
    });
    stop
}
