//! What has to be held whenever a write is sent.

use std::fmt::Debug;

use futures_util::future::BoxFuture;

use super::error::Error;

/// A lock that writes need. It is looked at before every try of a write, not only before the first.
pub trait WriteLock: Debug + Send + Sync {
    /// Whether it is certainly held now.
    ///
    /// # Errors
    /// It is lost.
    fn is_held(&self) -> Result<bool, Error>;

    /// Makes certain that it is held, by asking the server.
    ///
    /// # Errors
    /// It is lost, or the server cannot be asked.
    fn ensure(&self) -> BoxFuture<'_, Result<(), Error>>;
}
