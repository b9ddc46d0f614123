//! Scripted faults, for tests that stop a run at every place.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a change says that comes after the lock was lost.
pub(crate) const LOST: io::ErrorKind = io::ErrorKind::WouldBlock;

/// Counts the changes that a target makes, and breaks one of them. The default breaks none.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    made: AtomicUsize,
    script: Script,
}

#[derive(Debug, Default, Clone, Copy)]
enum Script {
    #[default]
    None,
    Fail(usize, io::ErrorKind),
    Cut(usize),
    Lose(usize),
}

impl Faults {
    /// The n-th change, from 0, fails; those behind it work again.
    pub(crate) fn fail(nth: usize, kind: io::ErrorKind) -> Self {
        Self { script: Script::Fail(nth, kind), ..Self::default() }
    }

    /// Nothing happens any more after this many changes, as if the process had been killed.
    pub(crate) fn cut(after: usize) -> Self {
        Self { script: Script::Cut(after), ..Self::default() }
    }

    /// After this many changes another run has the lock.
    pub(crate) fn lose(after: usize) -> Self {
        Self { script: Script::Lose(after), ..Self::default() }
    }

    /// How many changes were tried.
    pub(crate) fn count(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    /// To be called before each change.
    pub(crate) fn step(&self) -> io::Result<()> {
        let at = self.made.fetch_add(1, Ordering::Relaxed);
        match self.script {
            Script::Fail(nth, kind) if at == nth => Err(kind.into()),
            Script::Cut(after) if at >= after => Err(io::ErrorKind::Interrupted.into()),
            Script::Lose(after) if at >= after => Err(LOST.into()),
            _ => Ok(()),
        }
    }
}
