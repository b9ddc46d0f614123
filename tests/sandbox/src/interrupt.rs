//! A command that leaves nothing behind when it is interrupted.

use std::env;
use std::ffi::OsStr;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::Command;

use anyhow::{Context as _, Result};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::unistd::Pid;

/// Set for the process that does the work.
const WORKER: &str = "KSI_SANDBOX_WORKER";

/// What came of the work.
pub enum Outcome {
    /// This process is the one that has to do it.
    Work,
    /// It is done, with this exit code.
    Done(i32),
    /// A signal came, and the worker was killed with everything that it was waiting for.
    Interrupted(Signal),
}

/// Runs this program a second time, in a process group of its own, and waits for its end or for a
/// signal. Killing the worker, and cleaning up as after any crash, needs no care in the work itself.
///
/// # Errors
/// The worker cannot be started.
pub fn guard() -> Result<Outcome> {
    if env::var_os(WORKER).is_some() {
        SigSet::all().thread_unblock()?;
        // Killed without a chance to say so, the one who waits takes the worker along.
        prctl::set_pdeathsig(Signal::SIGKILL)?;
        return Ok(Outcome::Work);
    }
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGCHLD] {
        signals.add(signal);
    }
    signals.thread_block()?;
    let mut worker = Command::new(env::current_exe()?)
        .args(env::args_os().skip(1))
        .env(WORKER, OsStr::new("1"))
        .process_group(0)
        .spawn()
        .context("cannot start the worker")?;
    loop {
        let signal = signals.wait()?;
        if signal != Signal::SIGCHLD {
            let group = Pid::from_raw(i32::try_from(worker.id())?);
            // Gone in the meantime is what is wanted.
            let _ = killpg(group, Signal::SIGKILL);
            worker.wait()?;
            return Ok(Outcome::Interrupted(signal));
        }
        if let Some(status) = worker.try_wait()? {
            let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
            return Ok(Outcome::Done(code.unwrap_or(1)));
        }
    }
}
