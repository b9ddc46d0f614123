//! The lock that writes need.

use std::fmt::Debug;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::error::Error;

/// A lock that writes need. It is checked before every try of a write, not only before the first, and no try
/// lasts longer than the lock.
pub trait WriteLock: Debug + Send + Sync {
    /// Whether it is known to be held for long enough to begin a write.
    ///
    /// # Errors
    /// It is lost.
    fn is_held(&self) -> Result<bool, Error>;

    /// For how long no other run can take it: a write that is sent now must have ended by then. Zero if that is
    /// over, also while the process or the machine was suspended.
    fn time_left(&self) -> Duration;

    /// Ensures that it is held, with a request to the server.
    ///
    /// # Errors
    /// It is lost, or the server cannot be asked.
    fn ensure(&self) -> BoxFuture<'_, Result<(), Error>>;
}

/// The output of a write; `None` if the lock expires first. A process that was suspended goes on where it was
/// stopped, so the lock is checked each time before the write goes on.
pub(super) async fn while_held<F: Future>(lock: &dyn WriteLock, write: F) -> Option<F::Output> {
    let mut write = pin!(write);
    let held = poll_fn(|context| {
        if lock.time_left().is_zero() {
            return Poll::Ready(None);
        }
        write.as_mut().poll(context).map(Some)
    });
    tokio::time::timeout(lock.time_left(), held).await.ok().flatten()
}
