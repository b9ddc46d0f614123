//! What can go wrong.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use tokio::sync::SetOnce;

/// What happens to a request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The proxy answers instead of the API server, with an object of kind Status.
    Status {
        /// 429, 500, 503, …
        code: u16,
        /// Seconds for the header `Retry-After`.
        retry_after: Option<u32>,
    },
    /// It is passed on later.
    Delay(Duration),
    /// It is passed on when the gate is open.
    Hold(Gate),
    /// The connection breaks; the API server has seen nothing.
    ResetBefore,
    /// The connection breaks; the API server has done what was asked.
    ResetAfter,
    /// Half of the answer comes, then the connection breaks.
    Truncate,
    /// The whole answer comes, with one byte of it changed.
    Corrupt,
    /// The client is sent to this address, as a registry does that keeps its blobs elsewhere.
    Redirect(String),
    /// Something that is not Kubernetes answers, with a page for people.
    Garbage {
        /// 200 or 502.
        code: u16,
    },
    /// There is never an answer.
    Hang,
    /// It is answered, and the client is told to open another connection.
    Goaway,
    /// The process dies; the API server has seen nothing.
    Kill(Victim),
    /// The process dies; the API server has done what was asked.
    KillAfter(Victim),
}

/// Holds requests up while a test does something. Closed at first.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<SetOnce<()>>);

impl Gate {
    /// Lets through what waits and whatever comes later.
    pub fn open(&self) {
        // Opened twice it is open.
        let _ = self.0.set(());
    }

    pub(super) async fn opened(&self) {
        self.0.wait().await;
    }
}

/// A process that dies by SIGKILL. Its pid may be told after the rules are set, since it may not be
/// known before: the request waits for it.
#[derive(Debug, Clone, Default)]
pub struct Victim(Arc<SetOnce<i32>>);

impl Victim {
    /// Tells which process it is.
    ///
    /// # Errors
    /// It was told before.
    pub fn set(&self, pid: u32) -> Result<()> {
        self.0.set(i32::try_from(pid)?).context("the process to kill is known already")
    }

    pub(super) async fn kill(&self) {
        let pid = Pid::from_raw(*self.0.wait().await);
        // One that is dead already is what was wanted.
        let _ = signal::kill(pid, Signal::SIGKILL);
    }
}
