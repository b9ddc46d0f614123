//! Pauses the webhook of Clusters for as long as something runs.

use std::pin::pin;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::sleep;

use super::edit::edit;
use super::error::Error;
use super::host::Host;
use super::webhook::{hold, id, now, release};

/// How often a holder renews its time.
const RENEW: Duration = Duration::from_secs(5);
/// How often it is looked whether another holder is alive.
const LOOK: Duration = Duration::from_secs(1);

/// Runs something while the webhook is asked about no Cluster, and puts it back whatever happens, unless another command has
/// it paused, too. What is left by a run that is killed in between, the next one [restores](restore).
///
/// # Errors
/// Those of the run; or the webhook cannot be changed.
pub(super) async fn paused<T>(
    host: &Host,
    run: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let id = id();
    let hold = || edit(&host.cluster, &id, |live| hold(live, &host.holder, now(&host.cluster)));
    if let Err(error) = hold().await {
        // Its answer may be lost although it was written.
        let _ = restore(host).await;
        return Err(error);
    }
    let mut run = pin!(run);
    let result = loop {
        tokio::select! {
            result = &mut run => break result,
            // What keeps it from being renewed also hinders the run, which says so.
            () = sleep(RENEW) => { let _ = hold().await; }
        }
    };
    match restore(host).await {
        Ok(()) => result,
        Err(error) => {
            Err(Error::StillPaused { first: result.err().map(Box::new), cause: Box::new(error) })
        }
    }
}

/// Puts the webhook back after this run, or one that was killed. Where another command has it paused, that one does it.
///
/// # Errors
/// It cannot be changed.
pub async fn restore(host: &Host) -> Result<(), Error> {
    let (id, own) = (id(), &host.holder);
    let mut first: Option<Map<String, Value>> = None;
    loop {
        let mut others = Map::new();
        edit(&host.cluster, &id, |live| others = release(live, own, now(&host.cluster))).await?;
        let seen = first.get_or_insert_with(|| others.clone());
        // Somebody who renews its time lives, and so does somebody who came later.
        if others.is_empty() || others.iter().any(|(name, until)| seen.get(name) != Some(until)) {
            return Ok(());
        }
        sleep(LOOK).await;
    }
}
