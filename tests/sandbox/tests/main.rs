//! Tests of the sandbox itself, in one binary: they run side by side, and link once.

use std::sync::{Mutex, MutexGuard, PoisonError};

mod leak;
mod light;
mod network;
mod proxy;
mod registry;

/// Held by the tests whose links and packet filters the whole machine shows: one at a time.
fn hold_machine() -> MutexGuard<'static, ()> {
    static MACHINE: Mutex<()> = Mutex::new(());
    MACHINE.lock().unwrap_or_else(PoisonError::into_inner)
}
