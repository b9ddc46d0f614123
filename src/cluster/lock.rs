//! The lock that writes need.

use std::fmt::Debug;

use futures_util::future::BoxFuture;

use super::error::Error;

/// A lock that writes need. It is checked before every try of a write, not only before the first.
pub trait WriteLock: Debug + Send + Sync {
    /// Whether it is known to be held.
    ///
    /// # Errors
    /// It is lost.
    fn is_held(&self) -> Result<bool, Error>;

    /// Ensures that it is held, with a request to the server.
    ///
    /// # Errors
    /// It is lost, or the server cannot be asked.
    fn ensure(&self) -> BoxFuture<'_, Result<(), Error>>;
}
