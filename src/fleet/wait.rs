//! The one loop that waits.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::Error;
use crate::cluster::Cluster;
use crate::object::ObjectId;

/// How often it is looked.
const INTERVAL: Duration = Duration::from_secs(1);

/// What a look shows.
pub(super) enum Look<T> {
    /// It happened.
    Done(T),
    /// Not yet: what there is instead.
    NotYet(String),
}

/// Looks until it happened.
///
/// # Errors
/// It did not happen in time; or the first look after the limit fails. Earlier ones may fail: what one waits for may
/// be a server.
pub(super) async fn until<T>(
    what: impl Into<String>,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<Look<T>, Error>,
) -> Result<T, Error> {
    let end = Instant::now() + limit;
    loop {
        let last = match look().await {
            Ok(Look::Done(found)) => return Ok(found),
            Ok(Look::NotYet(last)) => last,
            Err(error) => error.cause(),
        };
        if Instant::now() >= end {
            return Err(Error::Timeout { what: what.into(), limit, last });
        }
        sleep(INTERVAL).await;
    }
}

/// Waits until an object is gone, with the finalizers that hold it.
pub(super) async fn wait_gone(
    cluster: &Cluster,
    id: &ObjectId,
    limit: Duration,
) -> Result<(), Error> {
    until(format!("the deletion of {id}"), limit, async || {
        Ok(match cluster.get(id).await? {
            None => Look::Done(()),
            Some(live) => Look::NotYet(format!("finalizers {}", live["metadata"]["finalizers"])),
        })
    })
    .await
}
