//! The webhook that dials a member at each update of its Cluster, and refuses the update if that fails.

use std::time::Duration;

use serde_json::{Value, json};

use super::error::Error;
use crate::cluster::{Cluster, ErrorKind, Kind};
use crate::member::WEBHOOK;
use crate::object::ObjectId;

/// How long a change is repeated that the webhook refuses although it is paused, and how often.
pub(super) const RETRY_FOR: Duration = Duration::from_secs(10);
pub(super) const RETRY: Duration = Duration::from_millis(500);

/// No Cluster has this label, so the webhook is asked about none.
const NONE: &str = "ksi.kubesphere.io/webhook-paused";

fn id() -> ObjectId {
    Kind::new("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration")
        .named(None, WEBHOOK)
}

/// Runs something while the webhook is asked about no Cluster, and puts it back whatever happens. What a run leaves that is
/// killed in between, the next one [restores](restore).
///
/// # Errors
/// Those of the run; or the webhook cannot be changed.
pub(super) async fn paused<T>(
    host: &Cluster,
    run: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    select(host, &json!({"matchLabels": {NONE: "true"}})).await?;
    let result = run.await;
    let restored = select(host, &json!({})).await;
    let result = result?;
    restored?;
    Ok(result)
}

/// Whether a run was killed while the webhook was paused.
pub(super) async fn is_paused(host: &Cluster) -> Result<bool, Error> {
    let live = host.get(&id()).await?;
    let labels = |webhook: &Value| webhook["objectSelector"]["matchLabels"].get(NONE).is_some();
    let webhooks = live.as_ref().and_then(|live| live["webhooks"].as_array());
    Ok(webhooks.into_iter().flatten().any(labels))
}

/// Puts the webhook back after a run that was killed.
///
/// # Errors
/// It cannot be changed.
pub async fn restore(host: &Cluster) -> Result<(), Error> {
    if is_paused(host).await? { select(host, &json!({})).await } else { Ok(()) }
}

/// Sets the objects that it is asked about.
async fn select(host: &Cluster, selector: &Value) -> Result<(), Error> {
    loop {
        // Without the webhook nothing is refused.
        let Some(mut live) = host.get(&id()).await? else { return Ok(()) };
        for webhook in live["webhooks"].as_array_mut().into_iter().flatten() {
            webhook["objectSelector"] = selector.clone();
        }
        match host.replace(&live).await {
            // Somebody else changed it in the meantime.
            Err(error) if error.kind == ErrorKind::Changed => {}
            other => return Ok(other.map(|_| ())?),
        }
    }
}
