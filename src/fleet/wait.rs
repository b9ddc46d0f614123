//! The one loop that waits.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::error::Error;
use crate::cluster::{Cluster, ErrorKind};
use crate::object::ObjectId;

/// How often it is looked.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long the last look may take.
const LAST_LOOK: Duration = Duration::from_secs(10);
/// How long a denial counts as one that passes: an API server takes a moment to see a new binding or account.
const DENIED: Duration = Duration::from_secs(15);

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
/// It did not happen in time, with what was seen last; or looking is denied, which waiting does not change. Other
/// failed looks count as not yet: what one waits for may be a server.
pub(super) async fn until<T>(
    what: impl Into<String>,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<Look<T>, Error>,
) -> Result<T, Error> {
    let end = Instant::now() + limit;
    let mut denied_since = None;
    let mut last = "no answer".to_owned();
    loop {
        let now = Instant::now();
        match timeout_at(end.max(now) + LAST_LOOK, look()).await {
            Ok(Ok(Look::Done(found))) => return Ok(found),
            Ok(Ok(Look::NotYet(seen))) => (last, denied_since) = (seen, None),
            Ok(Err(error)) if is_denial(&error) => {
                // A look may have taken long, and its last answer is the first denial.
                let since = *denied_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= DENIED || Instant::now() >= end {
                    return Err(error);
                }
                last = error.cause();
            }
            Ok(Err(error)) => (last, denied_since) = (error.cause(), None),
            // It says less than the one before.
            Err(_) => {}
        }
        if Instant::now() >= end {
            return Err(Error::Timeout { what: what.into(), limit, last });
        }
        sleep(INTERVAL).await;
    }
}

/// Whether the cluster does not let us look.
fn is_denial(error: &Error) -> bool {
    let Error::Cluster(error) = error else { return false };
    matches!(
        error.kind,
        ErrorKind::Forbidden | ErrorKind::Unauthorized | ErrorKind::Credentials | ErrorKind::Usage
    )
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster;

    fn failed(kind: ErrorKind) -> Error {
        cluster::Error::new(kind, "get", "Cluster/m1", "no").into()
    }

    async fn looked(
        limit: Duration,
        looks: Vec<Result<Look<()>, Error>>,
    ) -> (Result<(), Error>, Duration) {
        let begin = Instant::now();
        let mut looks = looks.into_iter();
        let answer = until("it", limit, async || match looks.next() {
            Some(look) => look,
            None => std::future::pending().await,
        });
        (answer.await, begin.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_denial_ends_a_wait_unless_it_passes() {
        let minute = Duration::from_secs(60);
        let forbidden = || Err(failed(ErrorKind::Forbidden));
        let forever = (0..60).map(|_| forbidden()).collect();
        let (answer, took) = looked(minute, forever).await;
        assert!(matches!(answer, Err(Error::Cluster(_))), "{answer:?}");
        assert_eq!(took, DENIED);
        let mut passing: Vec<_> = (0..5).map(|_| forbidden()).collect();
        passing.push(Ok(Look::Done(())));
        assert!(looked(minute, passing).await.0.is_ok());
        // The server may not be there yet.
        let mut absent: Vec<_> = (0..30).map(|_| Err(failed(ErrorKind::Unreachable))).collect();
        absent.push(Ok(Look::Done(())));
        assert!(looked(minute, absent).await.0.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_denial_after_a_long_look_may_pass() {
        let mut looks = 0;
        let answer = until("it", Duration::from_secs(60), async || {
            looks += 1;
            if looks == 1 {
                sleep(DENIED * 2).await;
                return Err(failed(ErrorKind::Forbidden));
            }
            Ok(Look::Done(()))
        });
        assert!(answer.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_hangs_ends_with_the_wait() {
        let limit = Duration::from_secs(5);
        let (answer, took) = looked(limit, vec![Ok(Look::NotYet("a finalizer".to_owned()))]).await;
        let Err(Error::Timeout { last, .. }) = answer else { panic!("{answer:?}") };
        assert_eq!(last, "a finalizer");
        assert_eq!(took, limit + LAST_LOOK);
    }
}
